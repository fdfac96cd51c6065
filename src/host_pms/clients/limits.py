"""How much may be read, and how long a call may take."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import Final

MIB: Final = 2**20

# Pages of 100 rows are a few hundred kilobytes, so nearly every body stays a small one.
SMALL_BODY: Final = MIB


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Bounds on one call; sizes are of decoded bytes, times in seconds."""

    page_bytes: int = 16 * MIB
    gzip_ratio: int = 100
    call_seconds: float = 60.0
    # A 429 spends no retry, so something else must end a key that never recovers.
    throttle_seconds: float = 600.0


DEFAULT_LIMITS: Final = Limits()


class NoRoomError(Exception):
    """Other bodies took all the memory for as long as a whole call may last."""


class InFlight:
    """The memory for bodies being read, for all threads: 48 MiB in a process that makes one of these.

    Sixteen bodies of up to `SMALL_BODY` are read at once, and two of them may grow to a full page: 16 times
    1 and 2 times 16 are 48 MiB, and answers that were fetched ahead may take 16 (`lookahead.ROOM`), which
    makes the 64 of a process. The room to grow is taken in one piece and its holder waits
    for nobody, so there is no deadlock; while there is one of the sixteen, a small body does not wait
    for a large one.
    """

    def __init__(self, *, bodies: int = 16, large_bodies: int = 2) -> None:
        self._bodies = BoundedSemaphore(bodies)
        self._large_bodies = BoundedSemaphore(large_bodies)

    @contextmanager
    def body(self, seconds_left: Callable[[], float | None]) -> Iterator[Callable[[], None]]:
        """Hold room for one small body; calling what is yielded makes it room for a full page.

        Raises:
            NoRoomError: there was no room within `seconds_left()`.
        """
        grown = False

        def grow() -> None:
            nonlocal grown
            if not grown:
                _take(self._large_bodies, seconds_left())
                grown = True

        _take(self._bodies, seconds_left())
        try:
            yield grow
        finally:
            self._bodies.release()
            if grown:
                self._large_bodies.release()


def _take(room: BoundedSemaphore, seconds: float | None) -> None:
    if not room.acquire(timeout=None if seconds is None else max(seconds, 0.0)):
        raise NoRoomError
