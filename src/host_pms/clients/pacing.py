"""When a key may be called: at most so many calls in any 61 s, and never while it was told to wait."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from host_pms.clients.budget import Budget
from host_pms.clients.retry import AgainError, SecondsLeft
from host_pms.clients.window import Paces, Reason, Wait
from host_pms.errors import RateLimitedError
from host_pms.ports import Clock, Wanted

# A long wait goes in steps, so that a run that is told to stop meanwhile is not asleep for minutes.
_STEP: Final = 1.0
# Nobody hears what a dropped call comes to, but the end of the process waits for its thread.
_STEP_AHEAD: Final = 0.1
# Below this a float's rounding could make the clock stand still.
_LEAST: Final = 0.001
# So often it is looked whether another thread's renewal of the budget has brought anything.
_LOOK: Final = 0.1


class Pacing:
    """Lets calls through, for all threads and hotels that share a key."""

    def __init__(
        self,
        *,
        clock: Clock,
        seconds_left: SecondsLeft,
        longest_pause: float,
        paces: Paces | None = None,
        budget: Budget | None = None,
    ) -> None:
        self._clock = clock
        self._seconds_left = seconds_left
        self._longest_pause = longest_pause
        self._paces = paces or Paces()
        self._budget = budget

    def wait_turn(self, operation: str, key: str, *, calls_per_minute: int, paused: float = 0.0) -> float:
        """Return when `key` may be called, as soon as it may; the call counts from then.

        `calls_per_minute` 0 is no limit. `paused` is what the call has spent in pauses, in seconds; the
        new sum is returned.

        Raises:
            RateLimitedError: the wait is longer than the run has, or than a call may be paused in
                all, or the key's quota is spent.
        """
        while (wait := self.ask_turn(key, calls_per_minute)) is not None:
            self._check_worth(operation, wait, paused)
            step = max(min(wait.seconds, _STEP), _LEAST)
            self._clock.sleep(step)
            paused += step if wait.reason is Reason.PAUSE else 0.0
        return paused

    def take_turn_ahead(self, key: str, *, calls_per_minute: int, wanted: Wanted) -> None:
        """Like `wait_turn`, for a call that gives up where it would have to do more than keep the limit.

        Raises:
            AgainError: it is not `wanted` any more; or the key is paused, its quota is spent, or the wait
                is longer than the run has.
        """
        while wanted():
            if (wait := self.ask_turn(key, calls_per_minute)) is None:
                return
            if wait.reason is not Reason.WINDOW or not self._is_time_for(wait):
                raise AgainError("the key may not be used now")
            self._clock.sleep(max(min(wait.seconds, _STEP_AHEAD), _LEAST))
        raise AgainError("nobody needs it any more")

    def ask_turn(self, key: str, calls_per_minute: int) -> Wait | None:
        """None where `key` may be called now, which counts the call; else how long to wait."""
        pace = self._paces.of(key)
        if not calls_per_minute:
            return pace.enter(self._clock, None)
        budget = self._budget
        if budget is None:
            return pace.enter(self._clock, lambda _now: calls_per_minute)
        pace.limit = calls_per_minute
        budget.renew_if_due(key, pace)
        wait = pace.enter(self._clock, lambda now: budget.allowed(pace, now))
        if wait is None or wait.reason is not Reason.WINDOW:
            return wait
        # The next renewal may bring more, and what was allowed may be none.
        renewal = max(pace.holding.next_renewal - self._clock.monotonic(), _LOOK)
        return replace(wait, seconds=min(wait.seconds or renewal, renewal))

    def pause(self, key: str, seconds: float) -> None:
        """No call with `key` for so long: it was throttled."""
        pace = self._paces.of(key)
        with pace.lock:
            pace.paused_until = max(pace.paused_until, self._clock.monotonic() + seconds)

    def spend(self, key: str, seconds: float) -> None:
        """No call with `key` for so long, and none that waits for it: its quota is spent."""
        pace = self._paces.of(key)
        with pace.lock:
            pace.spent_until = max(pace.spent_until, self._clock.monotonic() + seconds)

    def _check_worth(self, operation: str, wait: Wait, paused: float) -> None:
        too_long = wait.reason is Reason.PAUSE and paused + wait.seconds > self._longest_pause
        if wait.reason is Reason.QUOTA or too_long or not self._is_time_for(wait):
            raise rate_limited(operation, self._clock, wait.seconds, quota=wait.reason is Reason.QUOTA)

    def _is_time_for(self, wait: Wait) -> bool:
        left = self._seconds_left()
        return left is None or wait.seconds <= left


def rate_limited(operation: str, clock: Clock, seconds: float, *, quota: bool) -> RateLimitedError:
    """The error that ends a run's work with a key until `seconds` from now."""
    not_before = clock.now() + timedelta(seconds=seconds)
    why = "quota is spent" if quota else "rate limit is reached"
    return RateLimitedError(
        f"{operation}: the key's {why}; it may not be used before {not_before:%Y-%m-%d %H:%M:%S} UTC.",
        not_before=not_before,
        remedy="Run again after that; the next run goes on from here.",
    )
