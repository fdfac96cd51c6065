"""The one retry policy."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Final, Protocol, TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type

from host_pms.ports import Clock

T = TypeVar("T")

_FIRST_BACKOFF: Final = 0.5
_LONGEST_BACKOFF: Final = 30.0
_DOUBLINGS: Final = 6  # 0.5 s · 2⁶ is over the cap already

# Under a tenth, so that an upstream that is down does not get several times its calls; but a short
# run may still retry.
_SHARE: Final = 10
_ALWAYS: Final = 10


class SecondsLeft(Protocol):
    """Asks how long the run may still take new work; None: no end is set. It may change at any time."""

    def __call__(self) -> float | None:
        """Seconds, 0 or less when the run must stop."""


class AgainError(Exception):
    """A try failed, and another may succeed; the text says why, without secrets or guests' data."""


class ThrottledError(AgainError):
    """The key must wait. The wait is the pacing's, and no retry is spent."""


def backoff(clock: Clock, failures: int) -> float:
    """Seconds to wait after so many failures (from 1): full jitter below 0.5 s · 2ⁿ, at most 30 s."""
    doublings = min(failures - 1, _DOUBLINGS)
    return clock.uniform(min(_FIRST_BACKOFF * 2**doublings, _LONGEST_BACKOFF))


class RetryBudget:
    """Keeps the retries to a host under a tenth of the calls to it, or at 10."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._calls: Counter[str] = Counter()
        self._retries: Counter[str] = Counter()

    def count_call(self, host: str) -> None:
        """Note a call, be it a first try or not."""
        with self._lock:
            self._calls[host] += 1

    def take(self, host: str) -> bool:
        """Take one retry, if there is one left."""
        with self._lock:
            if self._retries[host] >= max(_ALWAYS, (self._calls[host] - 1) // _SHARE):
                return False
            self._retries[host] += 1
            return True


@dataclass(frozen=True, kw_only=True, slots=True)
class RetryPolicy:
    """At most `max_retries` retries after the first try, within the host's budget and the time left."""

    clock: Clock
    max_retries: int
    seconds_left: SecondsLeft
    budget: RetryBudget

    def run(self, attempt: Callable[[], T], *, host: str, on_retry: Callable[[], None]) -> T:
        """Call `attempt` until it returns.

        Raises:
            AgainError: the last try's, when there is no retry left.
        """
        throttles = 0

        def wait(state: RetryCallState) -> float:
            if _is_throttle(state):
                return 0.0
            return backoff(self.clock, state.attempt_number - throttles)

        def stop(state: RetryCallState) -> bool:
            nonlocal throttles
            if _is_throttle(state):
                throttles += 1
                return False
            left = self.seconds_left()
            if (
                state.attempt_number - throttles > self.max_retries
                or (left is not None and state.upcoming_sleep > left)
                or not self.budget.take(host)
            ):
                return True
            on_retry()
            return False

        retrying = Retrying(
            sleep=self._sleep, wait=wait, stop=stop, retry=retry_if_exception_type(AgainError), reraise=True
        )
        return retrying(attempt)

    def _sleep(self, seconds: float) -> None:
        if seconds:
            self.clock.sleep(seconds)


def _is_throttle(state: RetryCallState) -> bool:
    return state.outcome is not None and isinstance(state.outcome.exception(), ThrottledError)
