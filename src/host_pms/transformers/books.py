"""R19: the books must balance, or the run fails before anything is registered."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from host_pms.transformers.money import HALF_CENT, ZERO, multiply, subtract, total


@dataclass(kw_only=True, slots=True)
class PricedBooks:
    """One priced revenue: what came in, where it went, what was published."""

    came_in: Decimal = ZERO
    zeroed_without_revenue: Decimal = ZERO  # R10
    zeroed_on_parts: Decimal = ZERO  # R13
    carried: Decimal = ZERO
    published: Decimal = ZERO

    def faults(self, records: int) -> Iterator[str]:
        """Why these books do not balance."""
        gone = total((self.zeroed_without_revenue, self.zeroed_on_parts, self.carried))
        if self.came_in != gone:
            yield f"{self.came_in} came in, but {gone} is accounted for"
        yield from rounding_faults(self.published, self.carried, records)

    def lines(self) -> Mapping[str, str]:
        """The books as the report carries them."""
        return {
            "in": str(self.came_in),
            "zeroedCancelledAndNoShow": str(self.zeroed_without_revenue),
            "zeroedOnParts": str(self.zeroed_on_parts),
            "carried": str(self.carried),
            "rounding": str(subtract(self.published, self.carried)),
            "published": str(self.published),
        }


@dataclass(kw_only=True, slots=True)
class PostingBooks:
    """The room postings: what was read, where it went, what was published."""

    read: Decimal = ZERO
    orphans: Decimal = ZERO
    orphan_postings: int = 0
    context: Decimal = ZERO
    context_postings: int = 0
    zeroed_cancelled: Decimal = ZERO  # R10
    not_yet_past: Decimal = ZERO
    carried: Decimal = ZERO
    published: Decimal = ZERO

    def faults(self, records: int) -> Iterator[str]:
        """Why these books do not balance."""
        gone = total((self.orphans, self.context, self.zeroed_cancelled, self.not_yet_past, self.carried))
        if self.read != gone:
            yield f"{self.read} was read, but {gone} is accounted for"
        yield from rounding_faults(self.published, self.carried, records)

    def lines(self) -> Mapping[str, str]:
        """The books as the report carries them."""
        return {
            "in": str(self.read),
            "orphans": str(self.orphans),
            "context": str(self.context),
            "zeroedCancelled": str(self.zeroed_cancelled),
            "notYetPast": str(self.not_yet_past),
            "carried": str(self.carried),
            "rounding": str(subtract(self.published, self.carried)),
            "published": str(self.published),
        }


@dataclass(kw_only=True, slots=True)
class RowBooks:
    """Reservation rows: in = rejected + older versions + newest."""

    came_in: int = 0
    rejected: int = 0
    older: int = 0
    newest: int = 0

    def faults(self) -> Iterator[str]:
        """Why these books do not balance."""
        gone = self.rejected + self.older + self.newest
        if self.came_in != gone:
            yield f"{self.came_in} rows came in, but {gone} are accounted for"


@dataclass(kw_only=True, slots=True)
class Books:
    """All books of one run."""

    room: PricedBooks = field(default_factory=PricedBooks)
    fb: PricedBooks = field(default_factory=PricedBooks)
    others: PricedBooks = field(default_factory=PricedBooks)
    invoiced: PostingBooks = field(default_factory=PostingBooks)
    rows: RowBooks = field(default_factory=RowBooks)
    records: int = 0
    zeroed_without_revenue: int = 0  # records, R10
    zeroed_on_parts: int = 0  # records, R13
    yielded: int = 0  # records whose rooms and persons count on the master, R13
    zeroed_postings: int = 0  # records, R10

    @property
    def priced(self) -> tuple[PricedBooks, PricedBooks, PricedBooks]:
        """The three priced revenues: room, F&B, others."""
        return self.room, self.fb, self.others

    def faults(self) -> list[str]:
        """Everything that does not balance; empty if the books do."""
        priced = {"revenueRoom": self.room, "revenueFb": self.fb, "revenueOthers": self.others}
        found = [f"{name}: {fault}" for name, books in priced.items() for fault in books.faults(self.records)]
        found += [f"revenueRoomInvoice: {fault}" for fault in self.invoiced.faults(self.records)]
        return found + [f"reservations: {fault}" for fault in self.rows.faults()]

    def lines(self) -> Mapping[str, Mapping[str, str]]:
        """The books as the report carries them; amounts are exact, as text."""
        return {
            "revenueRoom": self.room.lines(),
            "revenueFb": self.fb.lines(),
            "revenueOthers": self.others.lines(),
            "revenueRoomInvoice": self.invoiced.lines(),
        }


def rounding_faults(published: Decimal, carried: Decimal, records: int) -> Iterator[str]:
    """Published must be carried, but for half a cent a record at most."""
    rounding = subtract(published, carried)
    if abs(rounding) > multiply(HALF_CENT, Decimal(records)):
        yield f"{published} is published, but {carried} was carried over {records} records"
