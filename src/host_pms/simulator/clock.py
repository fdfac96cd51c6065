"""The hotels' wall clock, which stands still until it is moved."""

import re
from datetime import date, datetime, time, timedelta

START = datetime(2024, 1, 15, 10, 30, 45)  # noqa: DTZ001 -- hotel-local wall time has no offset
NIGHT_AUDIT_ENDS = timedelta(hours=3)
"""The business date turns here, not at midnight; postings of a night are made before it does."""

_DURATION = re.compile(r"(\d{1,6})(ms|[dhms])", re.ASCII)
_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds", "ms": "milliseconds"}


class HotelClock:
    """Hotel-local wall time, without an offset; one for all hotels, which share a time zone."""

    def __init__(self, now: datetime = START) -> None:
        self._now = now

    @property
    def now(self) -> datetime:
        """The wall clock."""
        return self._now

    def set(self, now: datetime) -> None:
        """Move to `now`, forward or back.

        Raises:
            ValueError: `now` has an offset.
        """
        if now.tzinfo is not None:
            raise ValueError("hotel-local time has no offset")
        self._now = now

    def advance(self, step: timedelta) -> None:
        """Move on by `step`.

        Raises:
            OverflowError: that is after the year 9999.
        """
        self._now += step


def business_date(now: datetime) -> date:
    """The hotel's business date at the wall time `now`."""
    return (now - NIGHT_AUDIT_ENDS).date()


def at_midnight(day: date) -> str:
    """A date as Host writes it: `2024-01-15T00:00:00`."""
    return f"{day.isoformat()}T00:00:00"


def on(day: date, hour: int, minute: int = 0) -> datetime:
    """A wall time on `day`."""
    return datetime.combine(day, time(hour, minute))


def duration(text: str) -> timedelta:
    """`1d`, `2h`, `90m`, `30s` or `50ms`.

    Raises:
        ValueError: it is none of these.
    """
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no duration; write 1d, 2h, 90m, 30s or 50ms")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})
