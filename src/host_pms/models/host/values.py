"""Reading what Host sends, leniently: a JSON value in, a clean value or None out.

None means missing. A value of a wrong type raises `FaultError`, which becomes a `Reject`
where rows are read. Nothing here guesses: text that is no number is a fault, not 0.
"""

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

import msgspec

from host_pms.models.remembered import Remembered

_OLDEST = date(1900, 1, 1)
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
WHOLE_DIGITS = 18
"""A whole number with more digits is no count, no sales group and no status."""

TOO_LARGE = 10**WHOLE_DIGITS
Whole = Annotated[int, msgspec.Meta(gt=-TOO_LARGE, lt=TOO_LARGE)]
Count = Annotated[int, msgspec.Meta(ge=0, lt=TOO_LARGE)]
_DIGITS = re.compile(rf"-?\d{{1,{WHOLE_DIGITS}}}", re.ASCII)


class FaultError(ValueError):
    """A value that cannot be read: where it stands in its row, and why. Never the value."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


def text(value: Any) -> str | None:
    """Trimmed text; of an object the first of `code`, `id`, `name` that is not missing.

    Whole numbers count as their digits. Every other kind of value is missing.
    """
    if isinstance(value, dict):
        return next(
            (found for name in ("code", "id", "name") if (found := plain_text(value.get(name)))), None
        )
    return plain_text(value)


def description(value: Any) -> str | None:
    """Like `text`, but of an object `name`, `code`, `id` in this order."""
    if isinstance(value, dict):
        return next(
            (found for name in ("name", "code", "id") if (found := plain_text(value.get(name)))), None
        )
    return plain_text(value)


def _trimmed(value: str | None) -> str | None:
    return None if value is None else value.strip() or None


TRIMMED: Remembered[str | None, str | None] = Remembered(_trimmed)
"""Trimmed text, None where nothing is left; equal texts of many rows become one object."""


def plain_text(value: Any) -> str | None:
    """Trimmed text or the digits of a whole number; else None."""
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return None


def identifier(value: Any, path: str) -> str | None:
    """An id as text: whole numbers and text; None if missing.

    Raises:
        FaultError: it is of another type, or cannot be written as UTF-8.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise FaultError(path, "is neither a whole number nor text")
    return str(value) if isinstance(value, int) else encodable(value.strip() or None, path)


def required_identifier(value: Any, path: str) -> str:
    """An id that must be there, as text.

    Raises:
        FaultError: it is missing, of another type, or cannot be written as UTF-8.
    """
    found = str(value) if type(value) is int else identifier(value, path)
    if found is None:
        raise FaultError(path, "is missing")
    return found


def plain_identifier(value: Any, path: str) -> int | str | None:
    """An id as it came.

    Raises:
        FaultError: it is neither a whole number nor text.
    """
    identifier(value, path)
    found: int | str | None = value
    return found


def plain_date(value: Any, path: str) -> str | None:
    """A date-time as it came, still unread.

    Raises:
        FaultError: it is no text.
    """
    if value is None or isinstance(value, str):
        return value
    raise FaultError(path, "is no date")


def if_text(value: Any) -> str | None:
    """Text as it came; every other kind of value is missing."""
    return value if isinstance(value, str) else None


def if_whole(value: Any) -> int | None:
    """A whole number, also as digits in text; anything else is missing."""
    try:
        return whole(value, "")
    except FaultError:
        return None


def encodable(value: str | None, path: str) -> str | None:
    """`value`, if it can be written as UTF-8: JSON can escape half a surrogate pair.

    Raises:
        FaultError: it cannot.
    """
    if value is not None and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise FaultError(path, "is no valid Unicode text") from None
    return value


def whole(value: Any, path: str) -> int | None:
    """A whole number, also as digits in text; None if missing.

    Raises:
        FaultError: it is something else.
    """
    if type(value) is int and -TOO_LARGE < value < TOO_LARGE:
        return value
    if isinstance(value, str):
        value = value.strip()
        if not value:
            return None
        if _DIGITS.fullmatch(value):
            return int(value)
    elif value is None:
        return None
    elif (
        isinstance(value, Decimal)
        and value.is_finite()
        and value.adjusted() < WHOLE_DIGITS
        and value == int(value)
    ):
        return int(value)
    raise FaultError(path, "is no whole number")


def count(value: Any, path: str) -> int | None:
    """A whole number that is not negative, also as digits in text; None if missing.

    Raises:
        FaultError: it is something else.
    """
    found = whole(value, path)
    if found is not None and found < 0:
        raise FaultError(path, "is negative")
    return found


def day(value: str) -> date | None:
    """The date in the first ten characters of a date-time; None if there is none.

    A date before 1900-01-01 counts as missing: an unset .NET date is 0001-01-01.
    """
    return _DAYS[value.strip()[:10]]


def _written_day(first_ten: str) -> date | None:
    if not _ISO_DATE.fullmatch(first_ten):
        return None
    try:
        found = date.fromisoformat(first_ten)
    except ValueError:
        return None
    return found if found >= _OLDEST else None


_DAYS: Remembered[str, date | None] = Remembered(_written_day)
"""By the date alone: the times of a day are many."""


def moment(value: str) -> datetime | None:
    """A hotel-local date-time (or date, at midnight), naive; None if it is unreadable.

    An offset, which Host does not send, is left out: the digits are the hotel's wall clock.
    """
    written = value.strip()
    if _DAYS[written[:10]] is None:
        return None
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        return None
    return found if found.tzinfo is None else found.replace(tzinfo=None)


def required_day(value: Any, path: str) -> date:
    """The date of a date-time that must be there.

    Raises:
        FaultError: it is missing or no date.
    """
    if isinstance(value, str):
        found = _DAYS[value[:10]] or _DAYS[value.strip()[:10]]
        if found is not None:
            return found
    raise FaultError(path, "is missing" if value is None else "is no date")
