"""Synthetic hotels: each a PMS of its own, with the habits of its installation."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property, lru_cache
from operator import attrgetter
from typing import Any

from host_pms.simulator.bookings import Booking, RowState
from host_pms.simulator.catalogue import SELLABLE, RoomType, config_items
from host_pms.simulator.clock import START, at_midnight, business_date
from host_pms.simulator.lives import draw_bookings
from host_pms.simulator.maintenance import Block, draw_blocks, room_inventories
from host_pms.simulator.pms import JsonObject, Order, PageRequest, page_of
from host_pms.simulator.postings import Posting, postings_of
from host_pms.simulator.rows import Ids, number_ids, posting_row, reservation_row, text_ids

BOOKINGS = 500  # enough for every oddity to show, few enough for a demo of seconds
_LISTS_KEPT = 8  # row lists remembered a hotel: one for every `updateFrom` that is paged at the same time
_PSEUDO_ROOM = RoomType(code="HOUSE", description="House account", rooms=1, rate=0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Habits:
    """What differs from installation to installation; `revenue_list` None answers the bare list."""

    ids: Ids = number_ids
    revenue_list: str | None = "Revenue"
    bare_grid: bool = False
    rooms: tuple[RoomType, ...] = SELLABLE
    tells_business_date: bool = True


HABITS = (
    Habits(),
    Habits(revenue_list="Transactions", bare_grid=True, rooms=(*SELLABLE, _PSEUDO_ROOM)),
    Habits(ids=text_ids, revenue_list=None),
    Habits(revenue_list="transactions", tells_business_date=False),
)
"""Hotels take these in turn; three hotels are enough for every way to answer revenue and the grid."""


class SyntheticHotel:
    """A hotel of bookings and their postings; what it answers depends on the clock alone."""

    def __init__(
        self,
        *,
        code: str,
        number: int,
        bookings: tuple[Booking, ...],
        blocks: tuple[Block, ...] = (),
        habits: Habits = HABITS[0],
        order: Order = "id",
    ) -> None:
        self.code = code
        self.name = f"Simulated Hotel {number}"
        self.bookings = bookings
        self._number = number
        self._blocks = blocks
        self._habits = habits
        self._order = order
        # Paging asks for one list many times; a list is found once for a clock and an `updateFrom`.
        self._changed_rows = lru_cache(_LISTS_KEPT)(self._find_rows)
        self._changed_postings = lru_cache(_LISTS_KEPT)(self._find_postings)

    @cached_property
    def postings(self) -> tuple[Posting, ...]:
        """All that will ever be posted, in the order it is."""
        return postings_of(self.bookings)

    def config(self, now: datetime) -> JsonObject:
        """Hotel and catalogue."""
        return {"HotelInfo": self._hotel_info(now), "ConfigInfo": config_items()}

    def reservations(self, now: datetime, request: PageRequest) -> JsonObject:
        """A page of rows."""
        rows = self._changed_rows(now, request.update_from)
        return {"Reservations": page_of(rows, request, lambda row: reservation_row(row, self._habits.ids))}

    def revenue(self, now: datetime, request: PageRequest, sales_group: int | None) -> Any:
        """A page of postings, under the list's name at this hotel."""
        postings = self._changed_postings(now, request.update_from, sales_group)
        page = page_of(postings, request, lambda posting: posting_row(posting, self._habits.ids))
        name = self._habits.revenue_list
        return page if name is None else {name: page}

    def inventory_grid(self, now: datetime, first: date, last: date) -> Any:
        """What is left of each room type, day by day."""
        rooms = room_inventories(self._habits.rooms, self._blocks, now=now, first=first, last=last)
        if self._habits.bare_grid:
            return rooms
        return {
            "hotelCode": self.code,
            "startDate": first.isoformat(),
            "endDate": last.isoformat(),
            "roomInventories": rooms,
        }

    def _hotel_info(self, now: datetime) -> JsonObject:
        moment = now.isoformat(timespec="milliseconds")
        return {
            "HotelId": self._number,
            "HotelCode": self.code,
            "HotelName": self.name,
            "HotelName2": None,
            "FiscalNumber": f"999{self._number:06}",
            "HotelDate": at_midnight(business_date(now)) if self._habits.tells_business_date else None,
            "LocalTime": moment,
            "HotelEmail": f"frontdesk@hotel{self._number}.example.org",
            "Start": moment,
            "End": moment,
            "Duration": 0.01,
        }

    def _find_rows(self, now: datetime, update_from: datetime) -> Sequence[RowState]:
        rows: list[RowState] = []
        for booking in self.bookings:
            terms = booking.terms(now)
            if terms is not None and terms.last_update >= update_from:
                parts = range(len(terms.moves) + 1)
                rows.extend(RowState(booking=booking, part=part, terms=terms) for part in parts)
        if self._order != "id":
            rows.sort(key=attrgetter("terms.last_update"), reverse=self._order == "newest")
        return rows

    def _find_postings(
        self, now: datetime, update_from: datetime, sales_group: int | None
    ) -> Sequence[Posting]:
        """Postings are numbered as they are made, so by id and by last update are one order."""
        found = [
            posting
            for posting in self.postings
            if update_from <= posting.last_update <= now and sales_group in {None, posting.sales_group}
        ]
        return found[::-1] if self._order == "newest" else found


def synthetic_hotels(
    count: int,
    *,
    seed: int,
    bookings: int = BOOKINGS,
    around: datetime = START,
    order: Order = "id",
) -> tuple[SyntheticHotel, ...]:
    """`HOTEL001` and so on, each with as many bookings over the year round `around`."""
    return tuple(
        _drawn(number, seed=seed, bookings=bookings, around=around, order=order)
        for number in range(1, count + 1)
    )


def _drawn(number: int, *, seed: int, bookings: int, around: datetime, order: Order) -> SyntheticHotel:
    code = f"HOTEL{number:03}"
    return SyntheticHotel(
        code=code,
        number=number,
        bookings=draw_bookings(seed=seed, hotel_code=code, around=around, count=bookings),
        blocks=draw_blocks(seed=seed, hotel_code=code, around=around),
        habits=HABITS[(number - 1) % len(HABITS)],
        order=order,
    )
