"""When a key may be called: at most so many calls in any 61 s, and never while it was told to wait.

The gateway counts in a sliding window of a minute. The second more is for what a call may be late.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum, auto
from threading import Lock
from typing import TYPE_CHECKING, Final, cast

from host_pms.clients.retry import AgainError, SecondsLeft
from host_pms.errors import RateLimitedError
from host_pms.ports import Clock, Wanted

# pyrate_limiter imports asyncio and multiprocessing, a tenth of a cold start: only who has a limit does.
if TYPE_CHECKING:
    from pyrate_limiter import InMemoryBucket

_WINDOW_MS: Final = 61_000
# A long wait goes in steps, so that a run that is told to stop meanwhile is not asleep for minutes.
_STEP: Final = 1.0
# Nobody hears what a dropped call comes to, but the end of the process waits for its thread.
_STEP_AHEAD: Final = 0.1
# Below this a float's rounding could make the clock stand still.
_LEAST: Final = 0.001


class _Reason(Enum):
    WINDOW = auto()
    PAUSE = auto()
    QUOTA = auto()


@dataclass(frozen=True, slots=True)
class _Wait:
    seconds: float
    reason: _Reason


@dataclass(slots=True)
class _KeyPace:
    """One key's window and what it was told; times are the clock's monotonic ones."""

    window: "InMemoryBucket | None"
    paused_until: float = 0.0
    spent_until: float = 0.0
    lock: Lock = field(default_factory=Lock)

    def enter(self, now: float) -> _Wait | None:
        """Take a place in the window, or say how long to wait before asking again."""
        with self.lock:
            if self.spent_until > now:
                return _Wait(self.spent_until - now, _Reason.QUOTA)
            if self.paused_until > now:
                return _Wait(self.paused_until - now, _Reason.PAUSE)
            return self._enter_window(now)

    def _enter_window(self, now: float) -> _Wait | None:
        if self.window is None:
            return None
        from pyrate_limiter import RateItem  # noqa: PLC0415 - as above

        # The bucket goes by the time that an item brings, so the injected clock drives it. Its
        # `Limiter` would add nothing but a thread of its own that runs asyncio.
        item = RateItem("call", int(now * 1000))
        self.window.leak(item.timestamp)
        if self.window.put(item):
            return None
        return _Wait(cast("int", self.window.waiting(item)) / 1000, _Reason.WINDOW)


class Pacing:
    """Lets calls through, for all threads and hotels that share a key."""

    def __init__(self, *, clock: Clock, seconds_left: SecondsLeft, longest_pause: float) -> None:
        self._clock = clock
        self._seconds_left = seconds_left
        self._longest_pause = longest_pause
        self._keys: dict[str, _KeyPace] = {}
        self._lock = Lock()

    def wait_turn(self, operation: str, key: str, *, calls_per_minute: int, paused: float = 0.0) -> float:
        """Return when `key` may be called, as soon as it may; the call counts from then.

        A key's limit is the one that it first came with; 0 is none. `paused` is what the call has
        spent in pauses, in seconds; the new sum is returned.

        Raises:
            RateLimitedError: the wait is longer than the run has, or than a call may be paused in
                all, or the key's quota is spent.
        """
        pace = self._pace(key, calls_per_minute)
        while (wait := pace.enter(self._clock.monotonic())) is not None:
            self._check_worth(operation, wait, paused)
            step = max(min(wait.seconds, _STEP), _LEAST)
            self._clock.sleep(step)
            paused += step if wait.reason is _Reason.PAUSE else 0.0
        return paused

    def take_turn_ahead(self, key: str, *, calls_per_minute: int, wanted: Wanted) -> None:
        """Like `wait_turn`, for a call that gives up where it would have to do more than keep the limit.

        Raises:
            AgainError: it is not `wanted` any more; or the key is paused, its quota is spent, or the wait
                is longer than the run has.
        """
        pace = self._pace(key, calls_per_minute)
        while wanted():
            if (wait := pace.enter(self._clock.monotonic())) is None:
                return
            if wait.reason is not _Reason.WINDOW or not self._is_time_for(wait):
                raise AgainError("the key may not be used now")
            self._clock.sleep(max(min(wait.seconds, _STEP_AHEAD), _LEAST))
        raise AgainError("nobody needs it any more")

    def pause(self, key: str, seconds: float) -> None:
        """No call with `key` for so long: it was throttled."""
        pace = self._pace(key)
        with pace.lock:
            pace.paused_until = max(pace.paused_until, self._clock.monotonic() + seconds)

    def spend(self, key: str, seconds: float) -> None:
        """No call with `key` for so long, and none that waits for it: its quota is spent."""
        pace = self._pace(key)
        with pace.lock:
            pace.spent_until = max(pace.spent_until, self._clock.monotonic() + seconds)

    def _pace(self, key: str, calls_per_minute: int = 0) -> _KeyPace:
        with self._lock:
            if key not in self._keys:
                self._keys[key] = _KeyPace(_window(calls_per_minute) if calls_per_minute else None)
            return self._keys[key]

    def _check_worth(self, operation: str, wait: _Wait, paused: float) -> None:
        too_long = wait.reason is _Reason.PAUSE and paused + wait.seconds > self._longest_pause
        if wait.reason is _Reason.QUOTA or too_long or not self._is_time_for(wait):
            raise rate_limited(operation, self._clock, wait.seconds, quota=wait.reason is _Reason.QUOTA)

    def _is_time_for(self, wait: _Wait) -> bool:
        left = self._seconds_left()
        return left is None or wait.seconds <= left


def _window(calls_per_minute: int) -> "InMemoryBucket":
    from pyrate_limiter import InMemoryBucket, Rate  # noqa: PLC0415 - as above

    return InMemoryBucket([Rate(calls_per_minute, _WINDOW_MS)])


def rate_limited(operation: str, clock: Clock, seconds: float, *, quota: bool) -> RateLimitedError:
    """The error that ends a run's work with a key until `seconds` from now."""
    not_before = clock.now() + timedelta(seconds=seconds)
    why = "quota is spent" if quota else "rate limit is reached"
    return RateLimitedError(
        f"{operation}: the key's {why}; it may not be used before {not_before:%Y-%m-%d %H:%M:%S} UTC.",
        not_before=not_before,
        remedy="Run again after that; the next run goes on from here.",
    )
