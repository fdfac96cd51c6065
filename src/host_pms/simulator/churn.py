"""Bookings that change between two pages of one scan, as they do at a front desk."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from operator import attrgetter
from random import Random

from host_pms.simulator.bookings import Booking, Status, Terms
from host_pms.simulator.chance import one_in, seeded
from host_pms.simulator.clock import HotelClock
from host_pms.simulator.hotels import BookedHotel
from host_pms.simulator.ledger import Ledger
from host_pms.simulator.pms import PmsHotel

_FARTHEST_DAYS = 60
_TRIES = 100
_OVER = (Status.CANCELLED, Status.NO_SHOW)


class Churn:
    """Before every page so many bookings are created, changed or cancelled, and so many postings reversed.

    All of it happens at the time that the clock shows. New bookings are like others of the hotel. The same
    seed and the same calls give the same changes.
    """

    def __init__(self, *, bookings: int, postings: int = 0, seed: int = 1) -> None:
        self._bookings = bookings
        self._postings = postings
        self._rng = seeded(seed, "churn")

    def __call__(self, hotel: PmsHotel, clock: HotelClock) -> None:
        """Change the hotel, if it has bookings; canned rows stay as they are."""
        if not isinstance(hotel, BookedHotel):
            return
        for _ in range(self._bookings):
            _change_one(self._rng, hotel.ledger, clock.now)
        for _ in range(self._postings):
            _reverse_one(self._rng, hotel.ledger, clock.now)


def _change_one(rng: Random, ledger: Ledger, now: datetime) -> None:
    change = rng.choice(_CHANGES)
    booking = change(rng, ledger, now)
    if booking is not None:
        ledger.put(booking, now)


def _created(rng: Random, ledger: Ledger, now: datetime) -> Booking | None:
    """A booking like one of the others, for some day to come."""
    pattern = _any_made(rng, ledger, now)
    if pattern is None:
        return None
    terms, number = pattern.history[-1], ledger.next_number
    arrival = now.date() + timedelta(days=rng.randint(1, _FARTHEST_DAYS))
    moved = terms.shifted((arrival - terms.check_in.date()).days)
    made = replace(moved, last_update=now, status=Status.STANDARD, moves=(), repeats="nothing")
    return replace(pattern, number=number, group_number=number, history=(made, *_stay(made)))


def _changed(rng: Random, ledger: Ledger, now: datetime) -> Booking | None:
    """One that is to come has other dates or another price; the folio of any other is opened again."""
    coming = _any_coming(rng, ledger, now) if one_in(rng, 2) else None
    booking = coming or _any_made(rng, ledger, now)
    if booking is None:
        return None
    until_now = _until(booking, now)
    terms = replace(until_now[-1], last_update=now)
    if not _is_coming(booking, now):
        return replace(booking, history=(*until_now, terms, *booking.history[len(until_now) :]))
    changed = terms.shifted(rng.randint(1, 7)) if one_in(rng, 2) else _dearer(terms)
    return replace(booking, history=(*until_now, changed, *_stay(changed)))


def _cancelled(rng: Random, ledger: Ledger, now: datetime) -> Booking | None:
    """One that is to come is cancelled; where there is none, any is changed."""
    booking = _any_coming(rng, ledger, now)
    if booking is None:
        return _changed(rng, ledger, now)
    until_now = _until(booking, now)
    terms = replace(until_now[-1], last_update=now, status=Status.CANCELLED)
    return replace(booking, history=(*until_now, terms))


_CHANGES: Sequence[Callable[[Random, Ledger, datetime], Booking | None]] = (_created, _changed, _cancelled)


def _any_made(rng: Random, ledger: Ledger, now: datetime) -> Booking | None:
    return _one(rng, ledger.bookings, lambda booking: booking.created <= now)


def _any_coming(rng: Random, ledger: Ledger, now: datetime) -> Booking | None:
    return _one(rng, ledger.bookings, lambda booking: _is_coming(booking, now))


def _one(rng: Random, bookings: Sequence[Booking], wanted: Callable[[Booking], bool]) -> Booking | None:
    """Any of those that are wanted; None where there is none."""
    # Tried at random first, since most hotels have many of them: to look at 40,000 takes 10 ms.
    tried = (rng.choice(bookings) for _ in range(_TRIES if bookings else 0))
    found = next(filter(wanted, tried), None)
    if found is None and (candidates := [booking for booking in bookings if wanted(booking)]):
        return rng.choice(candidates)
    return found


def _is_coming(booking: Booking, now: datetime) -> bool:
    # The last terms are at hand, and tell most bookings apart: no stay is ever moved to an earlier day.
    if booking.history[-1].check_in <= now or booking.created > now:
        return False
    terms = _until(booking, now)[-1]
    return terms.check_in > now and terms.status not in _OVER


def _until(booking: Booking, now: datetime) -> tuple[Terms, ...]:
    """Its terms up to `now`; at least one, of a booking made by then."""
    return booking.history[: bisect_right(booking.history, now, key=attrgetter("last_update"))]


def _stay(terms: Terms) -> tuple[Terms, Terms]:
    """Check-in and check-out of a booking that nothing else befalls."""
    arrived = replace(terms, last_update=terms.check_in, status=Status.CHECKED_IN)
    return arrived, replace(terms, last_update=terms.check_out, status=Status.CHECKED_OUT)


def _dearer(terms: Terms) -> Terms:
    """A tenth more for everything."""
    prices = (replace(price, amount=price.amount * 11 // 10) for price in terms.prices)
    return replace(terms, prices=tuple(prices))


def _reverse_one(rng: Random, ledger: Ledger, now: datetime) -> None:
    posted = ledger.postings()
    made = bisect_right(posted, now, key=attrgetter("last_update"))
    if made:
        posting = posted[rng.randrange(made)]
        ledger.post(replace(posting, gross=-posting.gross, last_update=now))
