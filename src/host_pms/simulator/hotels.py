"""Hotels made of bookings: each a PMS of its own, with the habits of its installation."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from host_pms.simulator.bookings import Booking, RowState
from host_pms.simulator.catalogue import SELLABLE, RoomType, config_items
from host_pms.simulator.clock import START, at_midnight, business_date
from host_pms.simulator.ledger import Ledger, PostingsOf
from host_pms.simulator.lives import draw_bookings
from host_pms.simulator.maintenance import Block, draw_blocks, room_inventories
from host_pms.simulator.pms import JsonObject, Order, PageRequest, page_of
from host_pms.simulator.postings import Posting, postings_of
from host_pms.simulator.rows import Ids, number_ids, posting_row, reservation_row, text_ids

BOOKINGS = 500  # enough for every oddity to show, few enough for a demo of seconds
_PSEUDO_ROOM = RoomType(code="HOUSE", description="House account", rooms=1, rate=0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Habits:
    """What differs from installation to installation; `revenue_list` None answers the bare list."""

    ids: Ids = number_ids
    revenue_list: str | None = "Revenue"
    bare_grid: bool = False
    rooms: tuple[RoomType, ...] = SELLABLE
    tells_business_date: bool = True
    catalogue: Callable[[], list[JsonObject]] = config_items
    reservation_row: Callable[[RowState, Ids], JsonObject] = reservation_row
    postings_of: PostingsOf = postings_of


HABITS = (
    Habits(),
    Habits(revenue_list="Transactions", bare_grid=True, rooms=(*SELLABLE, _PSEUDO_ROOM)),
    Habits(ids=text_ids, revenue_list=None),
    Habits(revenue_list="transactions", tells_business_date=False),
)
"""Synthetic hotels take these in turn; three are enough for every way to answer revenue and the grid."""


class BookedHotel:
    """A hotel of bookings and their postings; what it answers depends on the clock and on its `ledger`.

    The ledger may be changed at any time, by the server's thread: `between_pages` is called there.
    """

    def __init__(
        self,
        *,
        code: str,
        number: int,
        name: str,
        bookings: Sequence[Booking],
        blocks: tuple[Block, ...] = (),
        habits: Habits = HABITS[0],
        order: Order = "id",
    ) -> None:
        self.code = code
        self.name = name
        self.ledger = Ledger(bookings, order=order, postings_of=habits.postings_of)
        self._number = number
        self._blocks = blocks
        self._habits = habits

    @property
    def bookings(self) -> tuple[Booking, ...]:
        """In the order of their numbers."""
        return self.ledger.bookings

    @property
    def postings(self) -> Sequence[Posting]:
        """All that will ever be posted, in the order it is."""
        return self.ledger.postings()

    def config(self, now: datetime) -> JsonObject:
        """Hotel and catalogue."""
        return {"HotelInfo": self._hotel_info(now), "ConfigInfo": self._habits.catalogue()}

    def reservations(self, now: datetime, request: PageRequest) -> JsonObject:
        """A page of rows."""
        rows, habits = self.ledger.rows(now, request.update_from), self._habits
        return {"Reservations": page_of(rows, request, lambda row: habits.reservation_row(row, habits.ids))}

    def revenue(self, now: datetime, request: PageRequest, sales_group: int | None) -> Any:
        """A page of postings, under the list's name at this hotel."""
        postings = self.ledger.changed_postings(now, request.update_from, sales_group)
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


def synthetic_hotels(
    count: int,
    *,
    seed: int,
    bookings: int = BOOKINGS,
    around: datetime = START,
    order: Order = "id",
) -> tuple[BookedHotel, ...]:
    """`HOTEL001` and so on, each with as many bookings over the year round `around`."""
    return tuple(
        _drawn(number, seed=seed, bookings=bookings, around=around, order=order)
        for number in range(1, count + 1)
    )


def _drawn(number: int, *, seed: int, bookings: int, around: datetime, order: Order) -> BookedHotel:
    code = f"HOTEL{number:03}"
    return BookedHotel(
        code=code,
        number=number,
        name=f"Simulated Hotel {number}",
        bookings=draw_bookings(seed=seed, hotel_code=code, around=around, count=bookings),
        blocks=draw_blocks(seed=seed, hotel_code=code, around=around),
        habits=HABITS[(number - 1) % len(HABITS)],
        order=order,
    )
