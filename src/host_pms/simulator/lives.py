"""The lives of a hotel's bookings, from their creation to their end, drawn from a seed.

All of a life is drawn at once; what the API shows of it depends on the clock alone.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from random import Random

from host_pms.simulator.bookings import Booking, Move, Sold, Status, Terms
from host_pms.simulator.chance import one_in, seeded
from host_pms.simulator.clock import on
from host_pms.simulator.sales import draw_prices, draw_room_type, draw_sold

SPAN_DAYS = 365  # arrivals lie this wide round the start: half a year of history, half a year to come

_NIGHTS = (0, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5, 7, 7, 10, 14)
_MEAN_LEAD_DAYS = 30
_MAX_LEAD_DAYS = 300
_SHARE_CANCELLED = 0.3
_SHARE_NO_SHOW = 0.05
_SHARE_FORGOTTEN = 0.4  # of the options and waitlist entries: nobody ever confirms or cancels them
_DAY = timedelta(days=1)
_TENTATIVE = (Status.OPTION, Status.WAITLIST)


@lru_cache(maxsize=4)
def draw_bookings(*, seed: int, hotel_code: str, around: datetime, count: int) -> tuple[Booking, ...]:
    """`count` bookings in the order of their creation; the same arguments give the same bookings.

    The last few hotels drawn are kept: whoever starts a simulator again does not wait for them again.
    """
    rng = seeded(seed, hotel_code)
    drafts = list(_drafts(rng, around, count))[:count]
    drafts.sort(key=lambda draft: draft[2][0].last_update)
    group_numbers: dict[int, int] = {}
    return tuple(
        Booking(
            number=number, group_number=group_numbers.setdefault(group, number), sold=sold, history=history
        )
        for number, (group, sold, history) in enumerate(drafts, start=1)
    )


def _drafts(rng: Random, around: datetime, count: int) -> Iterator[tuple[int, Sold, tuple[Terms, ...]]]:
    """At least `count` of: the group's number, what was sold, and its history."""
    drawn = 0
    for group in range(count):
        size = rng.randint(3, 6) if one_in(rng, 25) else 1
        created, check_in, check_out = _dates(rng, around)
        sold = draw_sold(rng, group_name=f"Group {group}" if size > 1 else None)
        for _ in range(size):
            first = _first_terms(rng, sold, created, check_in, check_out)
            yield group, sold, _history(rng, sold, first)
        drawn += size
        if drawn >= count:
            return


def _dates(rng: Random, around: datetime) -> tuple[datetime, datetime, datetime]:
    """Creation, check-in and check-out; a creation on the day of arrival lies before noon or soon after."""
    # Densest at the start, so that small hotels too have guests in the house there.
    arrival = around.date() + _DAY * int(rng.triangular(-SPAN_DAYS / 2, SPAN_DAYS / 2, 0))
    nights = rng.choice(_NIGHTS)
    lead = min(int(rng.expovariate(1 / _MEAN_LEAD_DAYS)), _MAX_LEAD_DAYS)
    created = on(arrival - _DAY * lead, rng.randint(7, 22 if lead else 12), rng.randrange(60))
    check_in = on(arrival, rng.randint(14, 19), rng.randrange(60))
    check_out = on(arrival + _DAY * nights, rng.randint(8, 11) if nights else 21, rng.randrange(60))
    return created + timedelta(seconds=rng.randrange(60)), check_in, check_out


def _first_terms(
    rng: Random, sold: Sold, created: datetime, check_in: datetime, check_out: datetime
) -> Terms:
    terms = Terms(
        last_update=created,
        status=_first_status(rng, sold),
        check_in=check_in,
        check_out=check_out,
        room_type=draw_room_type(rng),
        prices=(),
    )
    return replace(terms, prices=draw_prices(rng, sold, terms))


def _first_status(rng: Random, sold: Sold) -> Status:
    if sold.option_days is not None:
        return Status.OPTION
    if sold.group is not None:
        return rng.choice((Status.STANDARD, Status.GROUP_BLOCK))
    return Status.WAITLIST if one_in(rng, 20) else Status.STANDARD


def _history(rng: Random, sold: Sold, first: Terms) -> tuple[Terms, ...]:
    """Changes up to the end that is drawn for the booking, then that end; each later than the one before."""
    if first.status in _TENTATIVE and rng.random() < _SHARE_FORGOTTEN:
        return (first,)
    fate = rng.random()
    cancelled = fate < _SHARE_CANCELLED
    end = _moment_between(rng, first.last_update, first.check_in) if cancelled else first.check_in
    history = [first]
    for moment in _change_moments(rng, first, end):
        history.append(_changed(rng, sold, history[-1], moment))
    if cancelled:
        history.append(replace(history[-1], last_update=end, status=Status.CANCELLED))
    elif fate < _SHARE_CANCELLED + _SHARE_NO_SHOW:
        audit = on(history[-1].check_in.date() + _DAY, 2, 5)
        history.append(replace(history[-1], last_update=audit, status=Status.NO_SHOW))
    else:
        history.extend(_stay(rng, history[-1]))
    return tuple(history)


def _change_moments(rng: Random, first: Terms, end: datetime) -> list[datetime]:
    """None to three; at least one where the booking is still to be confirmed."""
    count = max(rng.choice((0, 0, 0, 1, 1, 2, 3)), first.status in _TENTATIVE)
    return sorted({_moment_between(rng, first.last_update, end) for _ in range(count)})


def _moment_between(rng: Random, start: datetime, end: datetime) -> datetime:
    """A second strictly between the two, where there is one."""
    seconds = int((end - start).total_seconds())
    return start + timedelta(seconds=rng.randrange(1, max(seconds, 2)))


def _changed(rng: Random, sold: Sold, terms: Terms, moment: datetime) -> Terms:
    """The next terms: a confirmation, else another price, other dates, another room type, or a room move."""
    if terms.status in _TENTATIVE:
        return replace(terms, last_update=moment, status=Status.STANDARD)
    # A room move settles the dates: parts that were announced do not vanish again.
    kind = "price" if terms.moves else rng.choice(("price", "dates", "room type", "move"))
    changed = replace(terms, last_update=moment)
    if kind == "move":
        return _split(rng, changed)
    if kind == "dates":
        changed = _later(rng, changed)
    if kind == "room type":
        changed = replace(changed, room_type=draw_room_type(rng))
    return replace(changed, prices=draw_prices(rng, sold, changed))


def _later(rng: Random, terms: Terms) -> Terms:
    """The stay some days later, or a night longer; never earlier than changes that were drawn for it."""
    if one_in(rng, 2) and any(terms.nights()):
        return replace(terms, check_out=terms.check_out + _DAY)
    shift = _DAY * rng.randint(1, 7)
    return replace(terms, check_in=terms.check_in + shift, check_out=terms.check_out + shift)


def _split(rng: Random, terms: Terms) -> Terms:
    """The stay with one room move or two; as it was where it is too short."""
    later_nights = list(terms.nights())[1:]
    chosen = sorted(rng.sample(later_nights, k=min(rng.choice((1, 1, 2)), len(later_nights))))
    moves = tuple(Move(night=night, room_type=draw_room_type(rng)) for night in chosen)
    return replace(terms, moves=moves, repeats=rng.choice(("nothing", "prices", "stay")))


def _stay(rng: Random, terms: Terms) -> Iterator[Terms]:
    """Checked in, perhaps moved while in the house, checked out, perhaps corrected some days later."""
    terms = replace(terms, last_update=terms.check_in, status=Status.CHECKED_IN)
    yield terms
    if not terms.moves and one_in(rng, 16):
        moved = _split(rng, terms)
        for count, move in enumerate(moved.moves, start=1):
            terms = replace(moved, last_update=on(move.night, 12), moves=moved.moves[:count])
            yield terms
    terms = replace(terms, last_update=terms.check_out, status=Status.CHECKED_OUT)
    yield terms
    if one_in(rng, 16):  # the folio is opened again, for a late correction
        yield replace(terms, last_update=on(terms.check_out.date() + _DAY * rng.randint(1, 3), 15, 20))
