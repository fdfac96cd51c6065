"""What a Lambda answers, small enough for a state machine, and what it raises for the platform to retry."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any

from host_pms.errors import ConnectorError, RateLimitedError
from host_pms.lambda_event import OneHotel
from host_pms.ports import ObjectStore
from host_pms.services.fleet import SOME_FAILED, HotelResult, Outcome, exit_code
from host_pms.services.roster import keep_roster, roster
from host_pms.services.sync import Published

LARGEST_ANSWER = 252 * 1024
"""Bytes of JSON. A state machine takes 256 KB, with what the platform puts around the answer."""

MOST_LISTED = 5_000
"""Hotels that an answer lists; more are kept as an object."""

_LONGEST_REASON = 500
_REASONS_TOLD = 5
_GOES_ON = "continue"
_LISTED = ("failed", _GOES_ON, "busy", "done")
_ANSWERED = {0: "done", SOME_FAILED: "some failed", Outcome.BUSY.value: "busy"}

Answer = dict[str, Any]


class HotelFailedError(Exception):
    """One hotel's run met a bug."""


class NoProgressError(Exception):
    """One hotel's run came no further: trying again at once would come no further either."""


class HotelsFailedError(Exception):
    """Of all hotels none was done and none came further."""


def size_of(answer: Any) -> int:
    """Bytes as JSON, at most."""
    return len(json.dumps(answer))


def answer_with_list(hotel_codes: Sequence[str], store: ObjectStore, bucket: str, *, now: datetime) -> Answer:
    """`{"hotels": [{"hotelCode": "H"}, …], "count": n}`; the list as an object where it is too long.

    Then the answer is `{"bucket", "key", "count"}`, and the object is a JSON array of `{"hotelCode": "H"}`.
    """
    hotels = roster(hotel_codes)
    answer = {"hotels": hotels, "count": len(hotels)}
    if len(hotels) <= MOST_LISTED and size_of(answer) <= LARGEST_ANSWER:
        return answer
    key = keep_roster(hotel_codes, store, bucket, now)
    return {"bucket": bucket, "key": key, "count": len(hotels)}


def answer_for_one(result: HotelResult, asked: OneHotel, *, now: datetime, lease: timedelta) -> Answer:
    """`{"hotelCode", "status": "done" | "continue" | "busy" | "failed", "hop", …}`.

    `hop` is the number for the next call, if there is to be one. `notBefore`, which "continue" and "busy"
    always have, says when: after a known wait, or when a worker that died would have lost its `lease`.

    After the first call a hotel is done with the run that was left open, though a newer one was begun after
    it (S3) and its time is up: that is for the next schedule, or a hotel that is slow would never be done.

    Raises:
        NoProgressError: it failed transiently, came no further, and nobody knows how long to wait.
        HotelFailedError: it met a bug.
        ConnectorError: it is neither; a `UsageError`, as a rule.
    """
    fault = _to_raise(result, asked)
    if fault is not None:
        raise fault from None
    if asked.hop and result.finished and result.short_of_time:
        return {"hotelCode": result.hotel_code, "status": "done", "hop": asked.hop, "reason": _reason(result)}
    answer = _told(result, now)
    if result.outcome is Outcome.BUSY:
        answer["notBefore"] = _written(now + lease)
    return {**answer, "hop": asked.hop + ("notBefore" in answer)}


def _to_raise(result: HotelResult, asked: OneHotel) -> Exception | None:
    """What the platform is to retry, or to hand to somebody."""
    hotel, hop = asked.hotel_code, asked.hop
    if result.outcome is Outcome.TRANSIENT:
        if result.progressed or isinstance(result.error, RateLimitedError):
            return None
        return NoProgressError(f"Hotel {hotel} made no progress in hop {hop}: {_reason(result)}")
    if result.outcome is Outcome.BUG and not isinstance(result.error, ConnectorError):
        # Its own text may hold a row's values.
        return HotelFailedError(f"Hotel {hotel} failed in hop {hop}: {_reason(result)}")
    return result.error if result.outcome in {Outcome.BUG, Outcome.USAGE} else None


def answer_for_all(results: Sequence[HotelResult], *, now: datetime) -> Answer:
    """`{"status": "done" | "continue" | "some failed" | "busy", counts…, "hotels": […]}`.

    "continue": `left` hotels were not begun or not finished, for lack of time or by a key's limit, and the
    first of them can go on at `notBefore`. Failed hotels are listed first; how many hotels the list lacks, to
    be small enough, is `notListed`.

    Raises:
        HotelsFailedError: none was done, and none came further.
    """
    code = exit_code([result.outcome for result in results])
    if code not in _ANSWERED and not any(result.goes_on and result.progressed for result in results):
        raise HotelsFailedError(f"None of {len(results)} hotels was synced. {_reasons(results)}")
    hotels = sorted((_told(result, now) for result in results), key=_rank)
    counts = Counter(hotel["status"] for hotel in hotels)
    waits = [hotel["notBefore"] for hotel in hotels if "notBefore" in hotel]
    answer = {
        "status": _GOES_ON if waits else _ANSWERED[code],
        **({"notBefore": min(waits)} if waits else {}),
        "count": len(hotels),
        **{status: counts[status] for status in ("done", "busy", "failed")},
        "left": counts[_GOES_ON],
    }
    return _shortened(answer, hotels)


def _shortened(answer: Answer, hotels: Sequence[Answer]) -> Answer:
    """With as many of the hotels, from the first, as it can hold."""
    room = LARGEST_ANSWER - size_of({**answer, "notListed": len(hotels), "hotels": []})
    sizes = accumulate(size_of(hotel) + len(", ") for hotel in hotels)
    listed = sum(1 for size in sizes if size <= room)
    return {**answer, "hotels": list(hotels[:listed]), "notListed": len(hotels) - listed}


def _rank(hotel: Mapping[str, Any]) -> int:
    return _LISTED.index(hotel["status"])


def _told(result: HotelResult, now: datetime) -> Answer:
    answer = {"hotelCode": result.hotel_code, "status": _status(result)}
    if result.published is not None:
        return {**answer, **_counts(result, result.published)}
    answer["reason"] = _reason(result)
    if result.goes_on:
        wait_until = result.error.not_before if isinstance(result.error, RateLimitedError) else now
        answer["notBefore"] = _written(wait_until)
    return answer


def _status(result: HotelResult) -> str:
    if result.goes_on:
        return _GOES_ON
    return {Outcome.DONE: "done", Outcome.BUSY: "busy"}.get(result.outcome, "failed")


def _counts(result: HotelResult, published: Published) -> Answer:
    counts = published.counts
    return {
        "timestamp": result.timestamp,
        "reservationRows": counts["reservationRows"],
        "postings": counts["postings"],
        "nights": counts["nights"],
        "files": len(published.files),
    }


def _reason(result: HotelResult) -> str:
    reason = result.reason
    return reason if len(reason) <= _LONGEST_REASON else f"{reason[:_LONGEST_REASON]}…"


def _reasons(results: Sequence[HotelResult]) -> str:
    failed = [result for result in results if result.outcome is not Outcome.BUSY]
    return " ".join(f"{result.hotel_code}: {_reason(result)}" for result in failed[:_REASONS_TOLD])


def _written(moment: datetime) -> str:
    """As a state machine waits for it, in whole seconds, never too early."""
    up = moment.astimezone(UTC) + timedelta(seconds=1) - timedelta(microseconds=1)
    return f"{up:%Y-%m-%dT%H:%M:%SZ}"
