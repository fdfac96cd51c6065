"""AWS Lambda: an event in, runs, an answer out. A plain function."""

import time
from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any, Protocol

from host_pms.bootstrap import application
from host_pms.clock import Stop
from host_pms.config.logging import configure_logging, log_event, warn_of_unknown
from host_pms.config.settings import read_settings, unknown_variables
from host_pms.errors import ConnectorError, RateLimitedError, UsageError
from host_pms.services.fleet import (
    SOME_FAILED,
    HotelResult,
    Outcome,
    chosen_hotels,
    exit_code,
    outcome_of,
    sync_fleet,
)
from host_pms.services.window import Asked

RESERVE_SECONDS = 45
"""No new page is read this long before the function's end."""

_EVENTBRIDGE = frozenset(
    {"version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"}
)


class LambdaContext(Protocol):
    """What is used of the platform's context."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the platform ends the function."""


class HotelsFailedError(Exception):
    """No hotel, or none that could be, was synced; the platform's retries and dead-letter queue take over."""


def lambda_handler(event: Mapping[str, Any], context: LambdaContext | None = None) -> dict[str, Any]:
    """Sync one hotel (`{"hotelCode": "H"}`), or all (`{}` or an EventBridge event).

    Answers `{"status": …, "hotels": [{"hotelCode", "status", counts…}]}`; for one hotel its own
    `{"hotelCode", "status": "done" | "continue" | "busy" | "failed", …}`.

    Raises:
        ConnectorError: the event or the settings are wrong, or the one hotel failed transiently.
        HotelsFailedError: of all hotels, none was done.
    """
    hotel_code = _hotel_asked_for(event)
    settings = read_settings()
    level = "DEBUG" if settings.debug else settings.log_level
    configure_logging(level=level, log_format=settings.log_format or "json", secrets=settings.secrets)
    warn_of_unknown(unknown_variables())
    with application(settings, _stop(context), log_event, dry_run=False) as wired:
        try:
            hotels = chosen_hotels([hotel_code] if hotel_code else [], wired.world.esb)
        except ConnectorError as error:
            if hotel_code is None:
                raise
            return _answer_for_one(HotelResult(hotel_code=hotel_code, outcome=outcome_of(error), error=error))
        results = sync_fleet(hotels, Asked(), wired.policy, wired.world, at_once=wired.at_once)
    return _answer_for_all(results) if hotel_code is None else _answer_for_one(results[0])


def _hotel_asked_for(event: Mapping[str, Any]) -> str | None:
    """The one hotel's code, or None for all; a misspelt event must not start all hotels."""
    match event:
        case {"hotelCode": str(hotel_code)} if len(event) == 1:
            return hotel_code
        case {} if event.keys() <= _EVENTBRIDGE:
            return None
    raise UsageError(
        "The event is not understood.", remedy='Send {} for all hotels, or {"hotelCode": "H"} for one.'
    )


def _stop(context: LambdaContext | None) -> Stop:
    if context is None:
        return Stop()
    return Stop(ends_at=time.monotonic() + context.get_remaining_time_in_millis() / 1000 - RESERVE_SECONDS)


def _answer_for_all(results: Sequence[HotelResult]) -> dict[str, Any]:
    code = exit_code([result.outcome for result in results])
    if code not in {Outcome.DONE.value, SOME_FAILED, Outcome.BUSY.value}:
        failed = ", ".join(f"{result.hotel_code}: {result.reason}" for result in results[:5])
        raise HotelsFailedError(f"None of {len(results)} hotels was synced. {failed}")
    return {
        "status": {0: "done", SOME_FAILED: "some failed"}.get(code, "busy"),
        "hotels": [_counted(result) for result in results],
    }


def _answer_for_one(result: HotelResult) -> dict[str, Any]:
    error = result.error
    if isinstance(error, RateLimitedError):
        wait_until = f"{error.not_before.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        return {**_counted(result), "status": "continue", "notBefore": wait_until}
    if error is not None and result.outcome is not Outcome.NEEDS_PERSON:
        raise error
    return _counted(result)


def _counted(result: HotelResult) -> dict[str, Any]:
    status = {Outcome.DONE: "done", Outcome.BUSY: "busy"}.get(result.outcome, "failed")
    answer: dict[str, Any] = {"hotelCode": result.hotel_code, "status": status}
    if result.published is None:
        return {**answer, "reason": result.reason}
    counts = result.published.counts
    return {
        **answer,
        "timestamp": result.timestamp,
        "reservationRows": counts["reservationRows"],
        "postings": counts["postings"],
        "nights": counts["nights"],
        "files": len(result.published.files),
    }
