"""The one sender of HTTP, for the Host API and the ESB.

    HttpSender.send    retry      how often, and how long between
      ├── pacing                  when the key may be called
      ├── exchange              one try
      │     ├── connection        the client, and the time that a whole call may take
      │     ├── body, limits      reading within limits
      │     └── verdicts          what an exception means
      └── verdicts, gateway       what an answer means

What is tried again stands in `verdicts`; what comes out are the errors of `host_pms.errors`. Their
texts name the operation, the status and the remedy, and nothing else of the request or the answer.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import httpx2

from host_pms.clients.body import fault_of_json
from host_pms.clients.counts import CallCounts, CallTally
from host_pms.clients.exchange import OK, Received, Request, build, exchange
from host_pms.clients.gateway import asked_wait, is_quota, quota_wait
from host_pms.clients.limits import DEFAULT_LIMITS, InFlight, Limits
from host_pms.clients.pacing import Pacing, rate_limited
from host_pms.clients.retry import (
    AgainError,
    RetryBudget,
    RetryPolicy,
    SecondsLeft,
    ThrottledError,
    backoff,
)
from host_pms.clients.verdicts import Verdict, verdict_on_status
from host_pms.errors import AccessDeniedError, NeedsPersonError, TransientError
from host_pms.ports import Clock, Wanted

__all__ = ["Answer", "HttpSender", "RefusedError", "Request"]

_BAD_REQUEST: Final = 400
_FORBIDDEN: Final = 403
_NOT_FOUND: Final = 404
# For a 429 that says nothing, or 0: the ordinary backoff, but never a hot loop.
_LEAST_PAUSE: Final = 1.0
# A quota that does not say when it is replenished is for a run an hour later to look at.
_QUOTA_UNKNOWN: Final = 3600.0


class RefusedError(NeedsPersonError):
    """The server refused with `status`: a redirect, or a 4xx that is not about the key (404 is one)."""

    def __init__(self, message: str, *, status: int, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.status = status


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """An expected status and its whole, decoded body; `status` is the one inside a 200, if there is one."""

    status: int
    body: bytes = field(repr=False)


@dataclass(slots=True)
class _Progress:
    """One call's own: tries sent, how often it was throttled, how many seconds it was paused."""

    tries: int = 0
    throttles: int = 0
    paused: float = 0.0


def _no_end() -> float | None:
    return None


class HttpSender:
    """Sends calls for all threads of a process: one per process, so that pacing and memory are shared.

    `client` comes from `connection.build_client`, whose network keeps a whole call within its time.
    `seconds_left` is asked before every wait, and may say at any moment that the run must stop.
    """

    def __init__(
        self,
        *,
        client: httpx2.Client,
        clock: Clock,
        max_retries: int = 3,
        seconds_left: SecondsLeft = _no_end,
        limits: Limits = DEFAULT_LIMITS,
        pacing: Pacing | None = None,
    ) -> None:
        self._client = client
        self._clock = clock
        self._limits = limits
        self._in_flight = InFlight()
        self._pacing = pacing or Pacing(
            clock=clock, seconds_left=seconds_left, longest_pause=limits.throttle_seconds
        )
        self._budget = RetryBudget()
        self._retries = RetryPolicy(
            clock=clock, max_retries=max_retries, seconds_left=seconds_left, budget=self._budget
        )
        self._tally = CallTally()

    def send(self, request: Request) -> Answer:
        """Send until there is an answer.

        Raises:
            TransientError: no good answer after all retries.
            RateLimitedError: the key must wait for longer than the run may, or its quota is spent.
            AccessDeniedError: the key was refused.
            RefusedError: another 4xx, or a redirect.
            NeedsPersonError: TLS failed, the body is beyond a limit, the address is wrong.
        """
        built = build(self._client, request)
        progress = _Progress()
        try:
            return self._retries.run(
                lambda: self._wait_and_try(request, built, progress),
                host=built.url.host,
                on_retry=lambda: self._tally.add(_account(request), retries=1),
            )
        except AgainError as error:
            reason = str(error)
        raise _no_answer(request, reason, progress)

    def send_ahead(self, request: Request, wanted: Wanted) -> Answer:
        """Send once, before anybody needs the answer, and only while `wanted()`.

        It waits for its place within the key's limit, and never longer; it spends no retry.

        Raises:
            TransientError: there was no good answer, or the call was not made.
            AccessDeniedError, NeedsPersonError: as `send` does.
        """
        built = build(self._client, request)
        progress = _Progress()
        try:
            self._pacing.take_turn_ahead(
                request.key, calls_per_minute=request.calls_per_minute, wanted=wanted
            )
            return self._try(request, built, progress)
        except AgainError as error:
            reason = str(error)
        raise _no_answer(request, reason, progress)

    def counts(self, account: str) -> CallCounts:
        """The calls of an account so far."""
        return self._tally.of(account)

    def close(self) -> None:
        """Close all connections; nothing can be sent afterwards."""
        self._client.close()

    def _wait_and_try(self, request: Request, built: httpx2.Request, progress: _Progress) -> Answer:
        progress.paused = self._pacing.wait_turn(
            request.operation, request.key, calls_per_minute=request.calls_per_minute, paused=progress.paused
        )
        return self._try(request, built, progress)

    def _try(self, request: Request, built: httpx2.Request, progress: _Progress) -> Answer:
        progress.tries += 1
        self._budget.count_call(built.url.host)
        self._tally.add(_account(request), calls=1)
        received = exchange(self._client, request, built, limits=self._limits, in_flight=self._in_flight)
        if received.status in request.accepts:
            return _checked(request, received)
        raise self._refusal(request, received, progress)

    def _refusal(self, request: Request, received: Received, progress: _Progress) -> Exception:
        verdict = verdict_on_status(received.status)
        if verdict is Verdict.RETRY:
            return AgainError(f"the server answered {received.status}")
        if verdict is Verdict.WAIT:
            return self._throttle(request, received, progress)
        if verdict is Verdict.DENIED:
            return self._denial(request, received)
        return RefusedError(
            f"{request.operation}: the server answered {received.status}.",
            status=received.status,
            remedy=_remedy(received.status),
        )

    def _throttle(self, request: Request, received: Received, progress: _Progress) -> Exception:
        progress.throttles += 1
        self._tally.add(_account(request), throttles=1)
        asked = asked_wait(received.headers, received.text or "", self._clock.now())
        seconds = backoff(self._clock, progress.throttles) if asked is None else asked
        self._pacing.pause(request.key, max(seconds, _LEAST_PAUSE))
        return ThrottledError("the server answered 429")

    def _denial(self, request: Request, received: Received) -> Exception:
        if received.status == _FORBIDDEN and received.text is None:
            return AgainError("the server answered 403, but its reason broke off")
        if received.status == _FORBIDDEN and is_quota(received.text or ""):
            asked = quota_wait(received.headers, received.text or "", self._clock.now())
            seconds = _QUOTA_UNKNOWN if asked is None else asked
            self._pacing.spend(request.key, seconds)
            return rate_limited(request.operation, self._clock, seconds, quota=True)
        return AccessDeniedError(
            f"{request.operation}: the server refused the key ({received.status}).",
            remedy="Check that the key is set right and is still valid.",
        )


def _no_answer(request: Request, reason: str, progress: _Progress) -> TransientError:
    return TransientError(
        f"{request.operation}: {reason} (tries: {progress.tries}).",
        remedy="Nothing is lost; the next run goes on from here.",
    )


def _account(request: Request) -> str:
    return request.account or request.key


def _checked(request: Request, received: Received) -> Answer:
    if received.status == OK:
        fault = fault_of_json(received.body) if request.expects_json else None
        if fault is None and request.check is not None:
            fault = _fault_of_check(request.check, received.body)
        if fault is not None:
            raise AgainError(f"the server answered 200, but {fault}")
    return Answer(status=received.status, body=received.body)


def _fault_of_check(check: Callable[[bytes], None], body: bytes) -> str | None:
    try:
        check(body)
    except ValueError:
        return "its body cannot be read"
    return None


def _remedy(status: int) -> str:
    if status == _NOT_FOUND:
        return "Check the hotel code and the base URL."
    if status < _BAD_REQUEST:
        return "Correct the base URL: redirects are not followed, since a key must not reach another host."
    return "Check the base URL, and whether the API has changed."
