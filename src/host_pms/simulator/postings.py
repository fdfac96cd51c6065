"""What a hotel's night audit posts for its bookings."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from operator import attrgetter

from host_pms.simulator.bookings import Booking, Status, Terms
from host_pms.simulator.clock import business_date, on

_CORRECTED_EVERY = 19  # one booking in so many has its first night corrected in the same audit
_AUDIT_MINUTES = 30  # the audit posts from 02:00 on, and its corrections 20 minutes later


@dataclass(frozen=True, kw_only=True, slots=True)
class Posting:
    """One financial posting; amounts in thousandths, negative for a correction."""

    booking: Booking
    part: int
    business_date: date
    sales_group: int
    charge: str
    gross: int
    last_update: datetime

    @property
    def net(self) -> int:
        """Without 6 % VAT, which leaves thousandths that are no cents."""
        return round(self.gross / 1.06)


def postings_of(bookings: Iterable[Booking]) -> tuple[Posting, ...]:
    """All postings of these bookings, whole lives long, in the order they are made."""
    made = [posting for booking in bookings for posting in _postings(booking)]
    made.sort(key=attrgetter("last_update"))
    return tuple(made)


def _postings(booking: Booking) -> Iterator[Posting]:
    """Of the nights spent; of a no-show every second is charged its first night."""
    terms = booking.history[-1]
    if terms.status is Status.CHECKED_OUT:
        yield from _spent(booking, terms)
        yield from _late_correction(booking, terms)
    elif terms.status is Status.NO_SHOW and booking.number % 2:
        yield from _room(booking, terms, terms.check_in.date(), terms.last_update)


def _spent(booking: Booking, terms: Terms) -> Iterator[Posting]:
    """One night after the other, each at its audit; a day use when its guest leaves."""
    arrival = terms.check_in.date()
    for night in terms.nights():
        made = audit(booking, night)
        yield from _room(booking, terms, night, made)
        yield from _food(booking, terms, night, made)
        if night == arrival and not booking.number % _CORRECTED_EVERY:
            yield _posting(booking, terms, night, made + timedelta(minutes=20), gross=-10_000)
    if terms.check_out.date() == arrival:
        yield from _room(booking, terms, arrival, terms.check_out)


def audit(booking: Booking, night: date) -> datetime:
    """Around 02:00 of the next day, when `night` is still the business date."""
    return on(night + timedelta(days=1), 2, booking.number % _AUDIT_MINUTES)


def _room(booking: Booking, terms: Terms, night: date, made: datetime) -> Iterator[Posting]:
    """The night's room prices; two rooms are posted one by one, in two postings that are equal."""
    gross = _priced(terms, night, sales_group=0)
    times = 2 if booking.sold.rooms == 2 else 1  # noqa: PLR2004 -- two rooms, as the line says
    if gross:
        for _ in range(times):
            yield _posting(booking, terms, night, made, gross=gross // times)


def _food(booking: Booking, terms: Terms, night: date, made: datetime) -> Iterator[Posting]:
    gross = _priced(terms, night, sales_group=1)
    if gross:
        yield _posting(booking, terms, night, made, gross=gross, sales_group=1, charge="PA")


def _priced(terms: Terms, night: date, *, sales_group: int) -> int:
    return sum(
        price.amount for price in terms.prices if price.sales_group == sales_group and price.night == night
    )


def _late_correction(booking: Booking, terms: Terms) -> Iterator[Posting]:
    """On a folio that was opened again, dated on the last night or, for every second, on the day itself."""
    if booking.history[-2].status is not Status.CHECKED_OUT:
        return
    night = terms.check_out.date() - timedelta(days=1)
    day = business_date(terms.last_update) if booking.number % 2 else night
    yield _posting(booking, terms, day, terms.last_update, gross=-5_005)


def _posting(
    booking: Booking,
    terms: Terms,
    day: date,
    made: datetime,
    *,
    gross: int,
    sales_group: int = 0,
    charge: str = "ALOJ",
) -> Posting:
    return Posting(
        booking=booking,
        part=terms.part_of(day),
        business_date=day,
        sales_group=sales_group,
        charge=charge,
        gross=gross,
        last_update=made,
    )
