"""Bookings of a real hotel, read from a CSV file of one line a booking.

The columns are those of N. Antonio, A. de Almeida and L. Nunes, "Hotel booking demand datasets", Data in
Brief 22 (2019) 41-49, doi 10.1016/j.dib.2018.11.126. The file knows dates but no times, so all happens at
midnight:

* a booking is made `lead_time` days before its arrival, for all of its nights, at `adr` a night;
* who will check out has checked in on the day of arrival;
* on `reservation_status_date` it is checked out, cancelled or a no-show, and nothing changes any more.

Each of these is an update of the booking. Its number, of which its ids are made, is that of its line; the
header is line 1.
"""

import csv
import gzip
import zlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, TextIO, TypeVar

from host_pms.simulator.bookings import Booking, Price, Sold, Status, Terms

Fields = Mapping[str, str]

_ARRIVAL = ("arrival_date_year", "arrival_date_month", "arrival_date_day_of_month")
_STAY = ("stays_in_weekend_nights", "stays_in_week_nights")
_TEXTS = (
    "hotel", "meal", "market_segment", "distribution_channel", "customer_type", "reserved_room_type",
    "agent", "company",
)  # fmt: skip
_COLUMNS = (
    *_TEXTS, *_ARRIVAL, *_STAY, "lead_time", "adults", "children", "babies", "adr",
    "reservation_status", "reservation_status_date",
)  # fmt: skip
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_OUTCOMES = {"Check-Out": Status.CHECKED_OUT, "Canceled": Status.CANCELLED, "No-Show": Status.NO_SHOW}
_LONGEST_STAY = 1000  # nights; Climber's importer refuses a longer one
_DAY = timedelta(days=1)
_Value = TypeVar("_Value")


class BookingsFileError(ValueError):
    """The file cannot be read; one line that says where and why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recording:
    """A hotel of the file: its name there, and its bookings in the file's order."""

    hotel_name: str
    bookings: tuple[Booking, ...]


def read_recording(path: Path, *, hotel_name: str | None = None) -> Recording:
    """The hotel of this name; None takes the only one there is.

    Raises:
        BookingsFileError: the file cannot be read, a line of it cannot, or it holds no such hotel.
    """
    shared = _Shared()
    found: dict[str, list[Booking]] = {}
    for number, fields in _lines(path):
        bookings = found.setdefault(fields["hotel"], [])
        if hotel_name in {None, fields["hotel"]}:
            bookings.append(_booking(path, number, fields, shared))
    chosen = hotel_name or next(iter(found), "")
    if chosen not in found or (hotel_name is None and len(found) > 1):
        known = ", ".join(map(repr, found)) or "none"
        raise BookingsFileError(f"{path.name}: name one of the hotels that it holds ({known})")
    return Recording(hotel_name=chosen, bookings=tuple(found[chosen]))


def _lines(path: Path) -> Iterator[tuple[int, Fields]]:
    """Each line's number and fields; all columns that are needed are there."""
    number = 0
    try:
        with _opened(path) as text:
            reader = csv.DictReader(text, strict=True)
            _check_header(path, reader.fieldnames or ())
            for fields in reader:
                number = reader.line_num
                if None in fields or None in fields.values():
                    raise BookingsFileError(f"{path.name} line {number}: not as many fields as the header")
                yield number, fields
    except OSError as fault:
        raise BookingsFileError(f"{path} cannot be read: {fault.strerror or fault}") from fault
    except (EOFError, zlib.error, UnicodeDecodeError, csv.Error) as fault:
        raise BookingsFileError(f"{path.name} line {number + 1}: {fault}") from fault


def _opened(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", newline="")
    return path.open(encoding="utf-8", newline="")


def _check_header(path: Path, names: Collection[str]) -> None:
    missing = [column for column in _COLUMNS if column not in names]
    if missing:
        raise BookingsFileError(f"{path.name} line 1: the header lacks {', '.join(missing)}")


class _Shared:
    """Equal values, kept once: bookings have most of their dates and much of what was sold in common."""

    def __init__(self) -> None:
        self._kept: dict[Any, Any] = {}

    def __call__(self, value: _Value) -> _Value:
        kept: _Value = self._kept.setdefault(value, value)
        return kept


def _booking(path: Path, number: int, fields: Fields, shared: _Shared) -> Booking:
    try:
        history = _history(fields, shared)
        return Booking(number=number, group_number=number, sold=shared(_sold(fields)), history=history)
    except (ValueError, OverflowError) as fault:
        raise BookingsFileError(f"{path.name} line {number}: {fault}") from fault


def _sold(fields: Fields) -> Sold:
    adults, children, babies = (_count(fields, name) for name in ("adults", "children", "babies"))
    return Sold(
        rooms=1,
        pax=adults + children + babies,
        children=children,
        babies=babies,
        agency=_text_or_none(fields["agent"]),
        company=_text_or_none(fields["company"]),
        cro=None,
        group=None,
        package=fields["meal"],
        price_list=None,
        segment=fields["market_segment"],
        sub_segment=fields["customer_type"],
        channel=fields["distribution_channel"],
    )


def _history(fields: Fields, shared: _Shared) -> tuple[Terms, ...]:
    arrival = _arrival(fields)
    nights = sum(_count(fields, name) for name in _STAY)
    if nights > _LONGEST_STAY:
        raise ValueError(f"a stay of {nights} nights is too long")
    made = Terms(
        last_update=shared(_midnight(arrival - _DAY * _count(fields, "lead_time"))),
        status=Status.STANDARD,
        check_in=shared(_midnight(arrival)),
        check_out=shared(_midnight(arrival + _DAY * nights)),
        room_type=shared(fields["reserved_room_type"]),
        prices=_prices(arrival, nights, _thousandths(fields), shared),
    )
    outcome, ended = _outcome(fields)
    history = [made]
    if outcome is Status.CHECKED_OUT and arrival < ended:
        history.append(replace(made, last_update=made.check_in, status=Status.CHECKED_IN))
    over = shared(max(made.last_update, _midnight(ended)))
    return (*history, replace(made, last_update=over, status=outcome))


def _prices(arrival: date, nights: int, amount: int, shared: _Shared) -> tuple[Price, ...]:
    return tuple(
        shared(Price(night=shared(arrival + _DAY * offset), sales_group=0, charge="ALOJ", amount=amount))
        for offset in range(nights)
    )


def _outcome(fields: Fields) -> tuple[Status, date]:
    status = fields["reservation_status"]
    if status not in _OUTCOMES:
        raise ValueError(f"reservation_status {status!r} is none of {', '.join(_OUTCOMES)}")
    return _OUTCOMES[status], date.fromisoformat(fields["reservation_status_date"])


def _arrival(fields: Fields) -> date:
    year, month, day = (fields[name] for name in _ARRIVAL)
    if month not in _MONTHS:
        raise ValueError(f"arrival_date_month {month!r} is no month")
    return date(int(year), _MONTHS.index(month) + 1, int(day))


def _count(fields: Fields, name: str) -> int:
    """A number of days or persons; `children` may be NA, which is none."""
    text = fields[name]
    if name == "children" and text == "NA":
        return 0
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"{name} {text!r} is no number")
    return int(text)


def _thousandths(fields: Fields) -> int:
    text = fields["adr"]
    try:
        amount = Decimal(text) * 1000
    except InvalidOperation:
        raise ValueError(f"adr {text!r} is no amount") from None
    if not amount.is_finite() or amount != int(amount):
        raise ValueError(f"adr {text!r} is no amount in thousandths")
    return int(amount)


def _text_or_none(text: str) -> str | None:
    return None if text == "NULL" else text


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())
