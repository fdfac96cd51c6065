"""A booking: who and what it is for, and its terms, which change over time.

A booking is one reservation row, or several where the guest moves to another room: row 0 is the
master, row n the part after the n-th move. They share `ResNo`, `ResId` and `GlobalResGuestId`.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import IntEnum
from operator import attrgetter
from typing import Literal

Repeats = Literal["nothing", "prices", "stay"]
"""What a master repeats of its parts: nothing, their prices, or their prices and nights."""

_DAY = timedelta(days=1)


class Status(IntEnum):
    """`ResStatus`, by the ids of RESERVATION STATUS; 4 is an id whose code Climber does not know."""

    STANDARD = 0
    OPTION = 2
    WAITLIST = 3
    GROUP_BLOCK = 4
    CANCELLED = 6
    NO_SHOW = 7
    CHECKED_IN = 10
    CHECKED_OUT = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Price:
    """One price of one night; `amount` is in thousandths, for cents that do not come out even."""

    night: date
    sales_group: int
    charge: str
    amount: int
    child: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    """From `night` on the guest stays in a room of another type."""

    night: date
    room_type: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """What holds of a booking from `last_update` on, until newer terms do."""

    last_update: datetime
    status: Status
    check_in: datetime
    check_out: datetime
    room_type: str
    prices: tuple[Price, ...]
    moves: tuple[Move, ...] = ()
    repeats: Repeats = "nothing"

    def nights(self) -> Iterator[date]:
        """The nights of the whole stay; none of a day use."""
        night, departure = self.check_in.date(), self.check_out.date()
        while night < departure:
            yield night
            night += _DAY

    def shifted(self, days: int) -> "Terms":
        """The same stay so many days later, prices and room moves with it."""
        by = _DAY * days
        return replace(
            self,
            check_in=self.check_in + by,
            check_out=self.check_out + by,
            prices=tuple(replace(price, night=price.night + by) for price in self.prices),
            moves=tuple(replace(move, night=move.night + by) for move in self.moves),
        )

    def part_of(self, night: date) -> int:
        """The number of the row in whose room the guest is on `night`."""
        return sum(move.night <= night for move in self.moves)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sold:
    """What a booking is for and through whom it came; the same from its creation to its end.

    `pax` counts all persons; `children` and `babies` are some of them.
    """

    rooms: int
    pax: int
    children: int
    agency: str | None
    company: str | None
    cro: str | None
    group: str | None
    package: str
    price_list: str | None
    segment: str
    sub_segment: str
    channel: str
    option_days: int | None = None
    babies: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Booking:
    """The `number`-th booking of a hotel, in the order of creation.

    Bookings of a group share `group_number`.
    """

    number: int
    group_number: int
    sold: Sold
    history: tuple[Terms, ...]

    @property
    def created(self) -> datetime:
        """When it was made."""
        return self.history[0].last_update

    def terms(self, now: datetime) -> Terms | None:
        """What holds at `now`; None before it was made."""
        known = bisect_right(self.history, now, key=attrgetter("last_update"))
        return self.history[known - 1] if known else None


@dataclass(frozen=True, kw_only=True, slots=True)
class RowState:
    """One row as it stands at a moment: the booking's terms, cut to this part of the stay."""

    booking: Booking
    part: int
    terms: Terms

    @property
    def room_type(self) -> str:
        """Where the guest sleeps in this part."""
        return self.terms.moves[self.part - 1].room_type if self.part else self.terms.room_type

    @property
    def check_in(self) -> datetime:
        """The stay's for the master, the move's for a part."""
        if not self.part:
            return self.terms.check_in
        return datetime.combine(self.terms.moves[self.part - 1].night, self.terms.check_in.time())

    @property
    def check_out(self) -> datetime:
        """The next move's, or the stay's; a master may give the stay's in any case."""
        is_last = self.part == len(self.terms.moves)
        if is_last or (not self.part and self.terms.repeats == "stay"):
            return self.terms.check_out
        return datetime.combine(self.terms.moves[self.part].night, self.terms.check_out.time())

    @property
    def prices(self) -> tuple[Price, ...]:
        """This part's, the last part's with the day of departure; a master may repeat all of them."""
        if not self.terms.moves or (not self.part and self.terms.repeats != "nothing"):
            return self.terms.prices
        return tuple(price for price in self.terms.prices if self.terms.part_of(price.night) == self.part)
