"""What a booking is for, through whom it came, and what its nights cost, drawn from a seed."""

from collections.abc import Iterator, Sequence
from datetime import date
from random import Random

from host_pms.simulator.bookings import Price, Sold, Terms
from host_pms.simulator.catalogue import (
    CHANNELS,
    PACKAGES,
    PRICE_LISTS,
    ROOM_TYPES,
    SEGMENTS,
    SELLABLE,
    SUB_SEGMENTS,
)
from host_pms.simulator.chance import one_in

_AGENCIES = (None, None, "Sunny Travel", "Océano Viagens", "Bed-Bank 24", "Nord & Süd Reisen")
_COMPANIES = (None, None, None, None, "Exemplo Lda", "Sample Industries")
_CROS = (None, None, None, None, None, "Central Desk")
_RATES = {room.code: room.rate for room in ROOM_TYPES}
# Thousandths that make sums end on half a cent or below a cent, where rounding shows.
_AWKWARD = (0, 500, 990, 5, 335, 125, 333, 675)
_FOOD_A_PERSON = {"RO": 0, "BB": 9_500, "HB": 31_335}
_WEEKEND = (4, 5)


def draw_room_type(rng: Random) -> str:
    """A category's code, as often as the hotel has rooms of it."""
    return rng.choices(SELLABLE, weights=[room.rooms for room in SELLABLE])[0].code


def draw_sold(rng: Random, *, group_name: str | None) -> Sold:
    """Most bookings are for one room and two persons; a group's are no options."""
    return Sold(
        rooms=rng.choices((1, 2, 3), weights=(90, 8, 2))[0],
        pax=rng.choice((1, 2, 2, 2, 3)),
        children=rng.choice((0, 0, 0, 0, 1, 2)),
        agency=rng.choice(_AGENCIES),
        company=rng.choice(_COMPANIES),
        cro=rng.choice(_CROS),
        group=group_name,
        package=_one_of(rng, PACKAGES),
        price_list=_one_of(rng, PRICE_LISTS),
        segment="GRP" if group_name else _one_of(rng, SEGMENTS),
        sub_segment=_one_of(rng, SUB_SEGMENTS),
        channel=_one_of(rng, CHANNELS),
        option_days=rng.randint(2, 14) if group_name is None and one_in(rng, 10) else None,
    )


def _one_of(rng: Random, codes: dict[str, str]) -> str:
    return rng.choice(list(codes))


def draw_prices(rng: Random, sold: Sold, terms: Terms) -> tuple[Price, ...]:
    """The prices of the terms' nights, by date; a day use is priced on its day."""
    nights = list(terms.nights()) or [terms.check_in.date()]
    base = _RATES[terms.room_type] * sold.rooms * 1000 + rng.choice(_AWKWARD)
    prices = [price for night in nights for price in _night(rng, sold, night, base)]
    return (*prices, *_extras(rng, nights, terms.check_out.date()))


def _night(rng: Random, sold: Sold, night: date, base: int) -> Iterator[Price]:
    """Room and food of one night; now and then it is free."""
    if one_in(rng, 25):
        return
    weekend = 15_000 if night.weekday() in _WEEKEND else 0
    yield Price(night=night, sales_group=0, charge="ALOJ", amount=base + weekend)
    if sold.children:
        yield Price(night=night, sales_group=0, charge="ALOJ", amount=12_345 * sold.children, child=True)
    food = _FOOD_A_PERSON[sold.package]
    if food:
        yield Price(night=night, sales_group=1, charge="PA", amount=food * sold.pax)


def _extras(rng: Random, nights: Sequence[date], departure: date) -> Iterator[Price]:
    """A discount, a garage, a spa, a last breakfast on the day of departure: each of them seldom."""
    if one_in(rng, 20):
        yield Price(night=nights[0], sales_group=0, charge="ALOJ", amount=-10_005)
    if one_in(rng, 8):
        yield Price(night=nights[-1], sales_group=2, charge="GAR", amount=7_000)
    if one_in(rng, 16):
        yield Price(night=nights[0], sales_group=5, charge="SPA", amount=44_335)
    if one_in(rng, 12):
        yield Price(night=departure, sales_group=1, charge="PA", amount=12_500)
