"""Answers that are fetched before they are asked for, so that a latency is waited for once, not each time.

Which page comes next is known only when the one before was read (S7), but it is nearly always the one that
follows. A page that was expected and is not asked for is thrown away. That a page was fetched before the
one in front of it changes nothing for S7: rows that did not change keep their order, so a seam that joins
leaves none of them out, whichever side is the older view.
"""

from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from threading import Lock
from typing import Final, Generic, TypeVar

from host_pms.errors import TransientError
from host_pms.ports import Wanted

Place = TypeVar("Place", bound=Hashable)

ROOM: Final = 16 * 2**20
"""Bytes of answers that wait to be asked for; with those being read they make the 64 MiB of a process."""


class Room:
    """Memory that all lists of a process share."""

    def __init__(self, size: int = ROOM) -> None:
        self._free = size
        self._lock = Lock()

    def take(self, size: int) -> bool:
        """Take so much, if there is so much left; nobody waits, so there is no deadlock."""
        with self._lock:
            if size > self._free:
                return False
            self._free -= size
            return True

    def give_back(self, size: int) -> None:
        """Give back what was taken."""
        with self._lock:
            self._free += size


@dataclass(frozen=True, kw_only=True)
class Ahead:
    """What a process may fetch ahead: so many answers of a list, by `threads`, within `room`."""

    threads: Executor
    answers: int
    room: Room = field(default_factory=Room)


@dataclass
class Lookahead(Generic[Place]):
    """One list's answers, by their place. Without `ahead` none is fetched before it is asked for.

    `fetch_ahead` may be called from any thread; it should give up what is not `wanted` any more. An answer
    that is on its way holds room for the longest of its list so far, until it is asked for.
    """

    fetch: Callable[[Place], bytes]
    fetch_ahead: Callable[[Place, Wanted], bytes]
    ahead: Ahead | None
    _under_way: dict[Place, tuple[Future[bytes], int]] = field(default_factory=dict)
    _longest: int = 0
    _drops: int = 0

    def answer(self, place: Place, expected: Sequence[Place]) -> bytes:
        """The answer at `place`; those `expected` after it are on their way when this returns."""
        if place not in self._under_way:
            self.drop()
        asked = self._asked(place)
        self._begin(expected)
        body = self.fetch(place) if asked is None else self._result(asked, place)
        self._longest = max(self._longest, len(body))
        return body

    def _asked(self, place: Place) -> Future[bytes] | None:
        if place not in self._under_way:
            return None
        asked, size = self._under_way.pop(place)
        self._room_given_back(size)
        return asked

    def _begin(self, expected: Sequence[Place]) -> None:
        if self.ahead is None:
            return
        drops = self._drops
        for later in expected[: self.ahead.answers]:
            if later not in self._under_way:
                if not self.ahead.room.take(self._longest):
                    return
                begun = self.ahead.threads.submit(self.fetch_ahead, later, lambda: self._drops == drops)
                self._under_way[later] = begun, self._longest

    def _result(self, asked: Future[bytes], place: Place) -> bytes:
        # Nobody's answer waits behind other hotels' for a thread.
        if asked.cancel():
            return self.fetch(place)
        try:
            return asked.result()
        except TransientError:
            # It had one try, and none where that would have had to wait. This one has all tries.
            return self.fetch(place)

    def drop(self) -> None:
        """Throw away what was not asked for; of what is under way, nobody waits for the answer."""
        self._drops += 1
        for begun, size in self._under_way.values():
            begun.cancel()
            self._room_given_back(size)
        self._under_way.clear()

    def _room_given_back(self, size: int) -> None:
        if self.ahead is not None:
            self.ahead.room.give_back(size)
