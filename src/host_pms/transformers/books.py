"""R19: the books must balance, or the run fails before anything is registered. All amounts are exact."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from host_pms.models.host.amounts import Amount, as_decimal
from host_pms.transformers.money import HALF_CENT


@dataclass(kw_only=True, slots=True)
class PricedBooks:
    """One priced revenue: what came in, where it went, what was published."""

    came_in: Amount = 0
    zeroed_without_revenue: Amount = 0  # R10
    zeroed_on_parts: Amount = 0  # R13
    carried: Amount = 0
    published: Amount = 0

    def faults(self, records: int) -> Iterator[str]:
        """Why these books do not balance."""
        gone = self.zeroed_without_revenue + self.zeroed_on_parts + self.carried
        if self.came_in != gone:
            yield f"{as_decimal(self.came_in)} came in, but {as_decimal(gone)} is accounted for"
        yield from rounding_faults(self.published, self.carried, records)

    def lines(self) -> Mapping[str, str]:
        """The books as the report carries them."""
        return {
            "in": _written(self.came_in),
            "zeroedCancelledAndNoShow": _written(self.zeroed_without_revenue),
            "zeroedOnParts": _written(self.zeroed_on_parts),
            "carried": _written(self.carried),
            "rounding": _written(self.published - self.carried),
            "published": _written(self.published),
        }


@dataclass(kw_only=True, slots=True)
class PostingBooks:
    """The room postings: what was read, where it went, what was published."""

    read: Amount = 0
    orphans: Amount = 0
    orphan_postings: int = 0
    context: Amount = 0
    context_postings: int = 0
    zeroed_cancelled: Amount = 0  # R10
    not_yet_past: Amount = 0
    carried: Amount = 0
    published: Amount = 0

    def faults(self, records: int) -> Iterator[str]:
        """Why these books do not balance."""
        gone = self.orphans + self.context + self.zeroed_cancelled + self.not_yet_past + self.carried
        if self.read != gone:
            yield f"{as_decimal(self.read)} was read, but {as_decimal(gone)} is accounted for"
        yield from rounding_faults(self.published, self.carried, records)

    def lines(self) -> Mapping[str, str]:
        """The books as the report carries them."""
        return {
            "in": _written(self.read),
            "orphans": _written(self.orphans),
            "context": _written(self.context),
            "zeroedCancelled": _written(self.zeroed_cancelled),
            "notYetPast": _written(self.not_yet_past),
            "carried": _written(self.carried),
            "rounding": _written(self.published - self.carried),
            "published": _written(self.published),
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


def rounding_faults(published: Amount, carried: Amount, records: int) -> Iterator[str]:
    """Published must be carried, but for half a cent a record at most."""
    at_most = HALF_CENT * records
    if not -at_most <= published - carried <= at_most:
        yield (
            f"{as_decimal(published)} is published, "
            f"but {as_decimal(carried)} was carried over {records} records"
        )


def _written(amount: Amount) -> str:
    return str(as_decimal(amount))
