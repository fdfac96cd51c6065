"""Totals of bookings by another road than the product's: from the bookings themselves, night by night.

Nothing here knows a row of the API, a page or a rule of the mapping. Statuses are Host's: 0 standard,
6 cancelled, 7 no-show, 10 checked in, 20 checked out.
"""

import calendar
import csv
import gzip
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

from host_pms.simulator.bookings import Booking

CHECKED_OUT = 20
CENT = Decimal("0.01")
OUTCOMES = {"Check-Out": 20, "Canceled": 6, "No-Show": 7}
MONTHS = list(calendar.month_name)
DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Totals:
    """`room_nights` and `revenue_room` are those of stays that have checked out."""

    reservations: int
    by_status: Mapping[int, int]
    room_nights: int
    revenue_room: Decimal
    rooms_on: Mapping[date, int]
    """Rooms occupied in a night, by stays that have checked out."""


@dataclass(frozen=True, kw_only=True)
class Stay:
    """A booking as it stands; `revenue` is the room revenue of each of its priced nights, in cents."""

    status: int
    rooms: int
    nights: tuple[date, ...]
    revenue: tuple[Decimal, ...]


def totals_of_lines(path: Path, clock: datetime) -> Totals:
    """Of a file with one hotel's bookings, as they stand when the hotel's clock shows `clock`."""
    with gzip.open(path, "rt", newline="") if path.suffix == ".gz" else path.open(newline="") as text:
        return _totals(stay for line in csv.DictReader(text) for stay in _line(line, clock.date()))


def totals_of_bookings(bookings: Iterable[Booking], clock: datetime) -> Totals:
    """Of a simulated hotel's bookings, as they stand at `clock`."""
    return _totals(stay for booking in bookings for stay in _booking(booking, clock))


def _totals(stays: Iterable[Stay]) -> Totals:
    by_status: Counter[int] = Counter()
    rooms_on: Counter[date] = Counter()
    revenue = Decimal(0)
    for stay in stays:
        by_status[stay.status] += 1
        if stay.status == CHECKED_OUT:
            revenue += sum(stay.revenue)
            for night in stay.nights:
                rooms_on[night] += stay.rooms
    return Totals(
        reservations=by_status.total(),
        by_status=dict(by_status),
        room_nights=rooms_on.total(),
        revenue_room=revenue,
        rooms_on=rooms_on,
    )


def _line(line: Mapping[str, str], today: date) -> Iterator[Stay]:
    arrival = date(
        int(line["arrival_date_year"]),
        MONTHS.index(line["arrival_date_month"]),
        int(line["arrival_date_day_of_month"]),
    )
    ended = date.fromisoformat(line["reservation_status_date"])
    nights = int(line["stays_in_weekend_nights"]) + int(line["stays_in_week_nights"])
    if arrival - timedelta(days=int(line["lead_time"])) > today:
        return
    outcome = OUTCOMES[line["reservation_status"]]
    in_house = outcome == CHECKED_OUT and arrival <= today
    yield Stay(
        status=outcome if ended <= today else 10 if in_house else 0,
        rooms=1,
        nights=tuple(arrival + DAY * night for night in range(nights)),
        revenue=(Decimal(line["adr"]),) * nights,
    )


def _booking(booking: Booking, clock: datetime) -> Iterator[Stay]:
    terms = booking.terms(clock)
    if terms is None:
        return
    thousandths: Counter[date] = Counter()
    for price in terms.prices:
        thousandths[price.night] += price.amount if price.sales_group == 0 else 0
    yield Stay(
        status=int(terms.status),
        rooms=booking.sold.rooms if booking.number % 31 else 1,  # every 31st row does not say, which is one
        nights=tuple(terms.nights()),
        revenue=tuple((Decimal(sum_) / 1000).quantize(CENT, ROUND_HALF_UP) for sum_ in thousandths.values()),
    )
