"""AWS Lambda: an event in, runs, an answer out. A plain function."""

import time
import traceback
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from host_pms.config.logging import configure_logging, warn_of_unknown
from host_pms.config.settings import Settings, read_settings, unknown_variables
from host_pms.errors import ConnectorError
from host_pms.lambda_answer import Answer, answer_for_all, answer_for_one, answer_with_list
from host_pms.lambda_event import AllHotels, LambdaContext, ListHotels, OneHotel, read_event, seconds_left
from host_pms.lambda_warm import Warm, Wired
from host_pms.services.fleet import HotelResult, chosen_hotels, ended, outcome_of

RESERVE_SECONDS = 45
"""No new page is read this long before the function's end."""


def lambda_handler(event: Mapping[str, Any], context: LambdaContext | None = None) -> Answer:
    """Sync one hotel (`{"hotelCode": "H", "hop": n}`) or all (`{}`), or list them (`{"action": "list"}`).

    `lambda_event` says what is understood, `lambda_answer` what is answered.

    Raises:
        TooManyHopsError: the hotel was called for too often.
        ConnectorError: the event or the settings are wrong, or the ESB did not tell its hotels.
        NoProgressError: the one hotel failed transiently and came no further.
        HotelFailedError: the one hotel met a bug.
        HotelsFailedError: of all hotels none was done and none came further.
    """
    asked = read_event(event)
    ends_at = _ends_at(context)
    settings = read_settings()
    _log_as_set(settings)
    with _warm().call(settings, ends_at) as wired:
        match asked:
            case ListHotels():
                return _list(wired)
            case OneHotel():
                return _sync_one(asked, wired)
            case AllHotels():
                return _sync_all(wired)


@cache
def _warm() -> Warm:
    return Warm()


def _ends_at(context: LambdaContext | None) -> float | None:
    left = seconds_left(context)
    return None if left is None else time.monotonic() + left - RESERVE_SECONDS


def _log_as_set(settings: Settings) -> None:
    level = "DEBUG" if settings.debug else settings.log_level
    configure_logging(level=level, log_format=settings.log_format or "json", secrets=settings.secrets)
    warn_of_unknown(unknown_variables())


def _list(wired: Wired) -> Answer:
    world, policy = wired.application.world, wired.application.policy
    hotels = _hotels((), wired)
    return answer_with_list(hotels, world.store, policy.buckets.raw_configs, now=world.clock.now())


def _sync_one(asked: OneHotel, wired: Wired) -> Answer:
    world, policy = wired.application.world, wired.application.policy
    try:
        hotels = _hotels((asked.hotel_code,), wired)
    except ConnectorError as error:
        result = HotelResult(hotel_code=asked.hotel_code, outcome=outcome_of(error), error=error)
        world.notify(ended(result))
    else:
        (result,) = _synced(hotels, wired)
    return answer_for_one(result, asked, now=world.clock.now(), lease=policy.lease_ttl)


def _sync_all(wired: Wired) -> Answer:
    results = _synced(_hotels((), wired), wired)
    return answer_for_all(results, now=wired.application.world.clock.now())


def _hotels(asked_for: Sequence[str], wired: Wired) -> Sequence[str]:
    try:
        return chosen_hotels(asked_for, wired.application.world.esb)
    except ConnectorError as error:
        _warm().forget_refused([error])
        raise


def _synced(hotels: Sequence[str], wired: Wired) -> Sequence[HotelResult]:
    results = wired.sync(hotels)
    errors = [result.error for result in results if result.error is not None]
    _warm().forget_refused(errors)
    if wired.settings.debug:
        for error in errors:
            traceback.print_exception(error)
    return results
