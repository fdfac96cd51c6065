"""What the API gateway says in an answer: a status inside a 200, how long to wait, a spent quota.

Its texts are only searched for what they ask; none is ever handed on, since one might hold anything.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Annotated, Final

import msgspec

# The gateway's own answers are a line; a page of rows is never searched for one.
_ENVELOPE: Final = 4096
# No moment that a run could be told to wait for is later; it keeps dates within what datetime holds.
_LONGEST: Final = 31 * 86_400.0

_SECONDS: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*", re.ASCII)
_TRY_AGAIN: Final = re.compile(r"try again in (\d+(?:\.\d+)?) second", re.ASCII | re.IGNORECASE)
# .NET writes a time span as [d.]hh:mm:ss[.fraction]
_REPLENISHED: Final = re.compile(r"\b(?:(\d{1,4})\.)?(\d{1,2}):(\d\d):(\d\d)\b", re.ASCII)


class _Envelope(msgspec.Struct):
    status: Annotated[int, msgspec.Meta(ge=100, le=599)] = msgspec.field(name="statusCode")


_STATUS: Final = msgspec.json.Decoder(_Envelope, strict=False)


def status_inside(body: bytes) -> int | None:
    """The `statusCode` of a small JSON object; None for any other body."""
    if len(body) >= _ENVELOPE or not body.lstrip().startswith(b"{"):
        return None
    try:
        return _STATUS.decode(body).status
    except (msgspec.DecodeError, RecursionError):
        return None


def asked_wait(headers: Mapping[str, str], text: str, now: datetime) -> float | None:
    """Seconds that a 429 asks to wait, the longest where it says several; None where it says none."""
    found = _TRY_AGAIN.search(text)
    return _longest(_retry_after(headers, now), float(found[1]) if found else None)


def is_quota(text: str) -> bool:
    """Whether a 403 tells of a spent quota rather than of a bad key."""
    return "quota" in text.lower()


def quota_wait(headers: Mapping[str, str], text: str, now: datetime) -> float | None:
    """Seconds until the quota is replenished; None where the answer does not say."""
    found = _REPLENISHED.search(text)
    replenished = None
    if found:
        days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
        replenished = ((days * 24.0 + hours) * 60 + minutes) * 60 + seconds
    return _longest(_retry_after(headers, now), replenished)


def _longest(*asked: float | None) -> float | None:
    return max((min(seconds, _LONGEST) for seconds in asked if seconds is not None), default=None)


def _retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    value = headers.get("Retry-After", "")
    if number := _SECONDS.fullmatch(value):
        return float(number[1])
    if (moment := _http_date(value)) is None:
        return None
    # The server's clock set the date, so its own `Date` tells how far off that is.
    return max(0.0, (moment - (_http_date(headers.get("Date", "")) or now)).total_seconds())


def _http_date(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):  # email.utils raises all four on odd dates
        return None
