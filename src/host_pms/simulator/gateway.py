"""The gateway in front of the Host API: latency, and the rate limit and quota of a subscription key."""

from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Literal, get_args

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from host_pms.simulator.apim import RetryAfter, out_of_quota, rate_limited
from host_pms.simulator.chance import seeded
from host_pms.simulator.waits import Pause

KEY_HEADER = "Ocp-Apim-Subscription-Key"
_MINUTE = 60.0
_DAY = 86_400.0


@dataclass(frozen=True, kw_only=True, slots=True)
class RateLimit:
    """At most `calls` of a key in every `seconds`; `retry_after` "mixed" tells the wait each way in turn."""

    calls: int
    seconds: float = _MINUTE
    retry_after: RetryAfter | Literal["mixed"] = "seconds"

    @property
    def maximum(self) -> str:
        """`200 per Minute`."""
        return f"{self.calls} per {'Minute' if self.seconds == _MINUTE else f'{self.seconds:g} Seconds'}"

    def form(self, refusal: int) -> RetryAfter:
        """How the `refusal`-th 429 tells the wait, counted from 0."""
        if self.retry_after != "mixed":
            return self.retry_after
        forms: tuple[RetryAfter, ...] = get_args(RetryAfter)
        return forms[refusal % len(forms)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Quota:
    """At most `calls` of a key in a period of `seconds`, which its first call begins."""

    calls: int
    seconds: float = _DAY


@dataclass(frozen=True, kw_only=True, slots=True)
class Latency:
    """Every call takes so many seconds longer, and up to `jitter` more, drawn from the simulator's seed."""

    seconds: float
    jitter: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """What the gateway does to every call; without anything, nothing."""

    rate_limit: RateLimit | None = None
    quota: Quota | None = None
    latency: Latency | None = None


class SlidingWindow:
    """The calls of one key that a rate limit counts; a refused call is none of them."""

    def __init__(self, limit: RateLimit) -> None:
        self._limit = limit
        self._admitted: deque[float] = deque()

    def wait(self, now: float) -> float:
        """0 where a call at `now` is admitted, which counts it; else the seconds until one would be."""
        while self._admitted and self._admitted[0] <= now - self._limit.seconds:
            self._admitted.popleft()
        if len(self._admitted) >= self._limit.calls:
            return self._admitted[0] + self._limit.seconds - now
        self._admitted.append(now)
        return 0.0


class QuotaPeriod:
    """The calls of one key that a quota counts."""

    def __init__(self, quota: Quota) -> None:
        self._quota = quota
        self._ends = float("-inf")
        self._calls = 0

    def wait(self, now: float) -> float:
        """0 where a call at `now` is admitted, which counts it; else the seconds until the next period."""
        if now >= self._ends:
            self._ends, self._calls = now + self._quota.seconds, 0
        if self._calls >= self._quota.calls:
            return self._ends - now
        self._calls += 1
        return 0.0


class Gateway:
    """Middleware. Only a valid key's calls are counted; others go on to be refused with 401.

    `monotonic` tells the windows' time and `wall` that of dates, both in seconds.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        keys: Collection[str],
        policy: Policy,
        seed: int,
        pause: Pause,
        monotonic: Callable[[], float],
        wall: Callable[[], float],
    ) -> None:
        self._app = app
        self._rate_limit = policy.rate_limit
        self._windows = {key: SlidingWindow(policy.rate_limit) for key in keys if policy.rate_limit}
        self._periods = {key: QuotaPeriod(policy.quota) for key in keys if policy.quota}
        self._latency = policy.latency
        self._chance = seeded(seed, "latency")
        self._pause = pause
        self._monotonic = monotonic
        self._wall = wall
        self._refusals = count()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on, later, or refuse it."""
        if self._latency is not None:
            await self._pause(self._latency.seconds + self._chance.random() * self._latency.jitter)
        key = Headers(scope=scope).get(KEY_HEADER, "")
        answer = self._refusal(key) or self._app
        await answer(scope, receive, send)

    def _refusal(self, key: str) -> Response | None:
        now = self._monotonic()
        if self._rate_limit and key in self._windows and (wait := self._windows[key].wait(now)):
            form = self._rate_limit.form(next(self._refusals))
            return rate_limited(wait, form, maximum=self._rate_limit.maximum, wall=self._wall())
        if key in self._periods and (wait := self._periods[key].wait(now)):
            return out_of_quota(timedelta(seconds=wait))
        return None
