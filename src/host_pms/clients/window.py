"""What a process remembers of a key: the calls of the last 61 s, what it was told, what it holds of a budget.

It outlives a run: calls that were made count on, whoever makes the next ones.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from threading import Lock
from typing import TYPE_CHECKING, Final

from host_pms.clients.holding import Holding
from host_pms.clients.ledger import WINDOW
from host_pms.ports import Clock

# pyrate_limiter imports asyncio and multiprocessing, a tenth of a cold start: only who has a limit does.
if TYPE_CHECKING:
    from pyrate_limiter import InMemoryBucket

_WINDOW_MS: Final = int(WINDOW * 1000)
# The bucket only remembers: how many it may hold is asked anew for every call.
_NO_LIMIT: Final = 2**31


class Reason(Enum):
    """Why a key may not be called."""

    WINDOW = auto()
    PAUSE = auto()
    QUOTA = auto()


@dataclass(frozen=True, slots=True)
class Wait:
    """Ask again after so many seconds."""

    seconds: float
    reason: Reason


@dataclass(slots=True)
class KeyPace:
    """One key's window and what it was told; times are the clock's monotonic ones, in seconds.

    Whoever changes `holding` or looks at the calls holds `lock`; who asks the table, `renewing`.
    """

    limit: int = 0
    paused_until: float = 0.0
    spent_until: float = 0.0
    holding: Holding = field(default_factory=Holding)
    lock: Lock = field(default_factory=Lock)
    renewing: Lock = field(default_factory=Lock)
    _calls: "InMemoryBucket | None" = None

    def enter(self, clock: Clock, allowed: Callable[[float], int] | None) -> Wait | None:
        """Take a place in the window, of which there are `allowed` now, or say how long to wait.

        None is no limit: such a call is not counted.
        """
        with self.lock:
            now = clock.monotonic()
            if self.spent_until > now:
                return Wait(self.spent_until - now, Reason.QUOTA)
            if self.paused_until > now:
                return Wait(self.paused_until - now, Reason.PAUSE)
            return None if allowed is None else self._enter_window(now, allowed(now))

    def made(self, now: float) -> int:
        """How many calls the window holds."""
        return self._window(now).count()

    def seconds_until(self, calls: int, now: float) -> float:
        """How long it takes until the window holds no more than so many of the calls that it holds now."""
        last = self._window(now).peek(calls)
        return 0.0 if last is None else (last.timestamp + _WINDOW_MS + 1 - int(now * 1000)) / 1000

    def _enter_window(self, now: float, allowed: int) -> Wait | None:
        if self.made(now) >= allowed:
            return Wait(self.seconds_until(max(allowed - 1, 0), now), Reason.WINDOW)
        from pyrate_limiter import RateItem  # noqa: PLC0415 - as above

        self._window(now).put(RateItem("call", int(now * 1000)))
        return None

    def _window(self, now: float) -> "InMemoryBucket":
        # The bucket goes by the time that an item brings, so the injected clock drives it. Its
        # `Limiter` would add nothing but a thread of its own that runs asyncio.
        if self._calls is None:
            from pyrate_limiter import InMemoryBucket, Rate  # noqa: PLC0415 - as above

            self._calls = InMemoryBucket([Rate(_NO_LIMIT, _WINDOW_MS)])
        self._calls.leak(int(now * 1000))
        return self._calls


class Paces:
    """The keys of a process, for all threads and for as long as it lives."""

    def __init__(self) -> None:
        self._keys: dict[str, KeyPace] = {}
        self._lock = Lock()

    def of(self, key: str) -> KeyPace:
        """The key's own."""
        with self._lock:
            return self._keys.setdefault(key, KeyPace())

    def all(self) -> dict[str, KeyPace]:
        """Every key that was called or told something."""
        with self._lock:
            return dict(self._keys)
