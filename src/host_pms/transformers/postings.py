"""R11 and S10: every posting lands on one row, or is counted as an orphan or as context."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Protocol

from host_pms.models.host.amounts import Amount
from host_pms.models.host.reservation import Reservation
from host_pms.models.host.revenue import Posting
from host_pms.transformers.books import PostingBooks
from host_pms.transformers.rows import GuestKey, NewestRows, guest_key
from host_pms.transformers.status import StatusTable
from host_pms.transformers.stays import stay_nights

Invoiced = dict[date, Amount]
"""Exact sums of a row's postings by date: all of one date land on the same row."""

_NONE: Invoiced = {}

Sum = tuple[GuestKey, date, Amount]
"""What was posted of one guest and date, or a part of it."""


class PostingTable(Protocol):
    """Where the sums of room postings are held."""

    def add(self, guest: GuestKey, night: date, net: Amount, /) -> None:
        """Add to the sum of this guest and date."""

    def of(self, guest: GuestKey) -> Invoiced:
        """The sums of this guest, not to be changed."""

    def firsts(self) -> Iterator[tuple[GuestKey, date]]:
        """Every guest who has a posting, with the date of the earliest."""


class PostingsInMemory:
    """A `PostingTable` in dictionaries: 290 bytes a guest and date."""

    def __init__(self) -> None:
        self._sums: defaultdict[GuestKey, Invoiced] = defaultdict(dict)

    def add(self, guest: GuestKey, night: date, net: Amount, /) -> None:
        """As `PostingTable` promises."""
        invoiced = self._sums[guest]
        invoiced[night] = invoiced.get(night, 0) + net

    def of(self, guest: GuestKey) -> Invoiced:
        """As `PostingTable` promises."""
        return self._sums.get(guest, _NONE)

    def firsts(self) -> Iterator[tuple[GuestKey, date]]:
        """As `PostingTable` promises."""
        return ((guest, min(invoiced)) for guest, invoiced in self._sums.items())

    def __iter__(self) -> Iterator[Sum]:
        return (
            (guest, night, net) for guest, invoiced in self._sums.items() for night, net in invoiced.items()
        )


class RoomPostings:
    """The room postings of the rows of one run, by booking row and guest.

    Once there are more than `in_memory` that have a row, all go over to the table that `larger` makes of
    their sums.
    """

    def __init__(
        self,
        rows: NewestRows,
        *,
        own_update_from: datetime,
        larger: Callable[[Iterable[Sum]], PostingTable] | None = None,
        in_memory: float = math.inf,
    ) -> None:
        self._rows = rows
        self._own_update_from = own_update_from
        self._in_memory: PostingsInMemory | None = PostingsInMemory()
        self._held: PostingTable = self._in_memory
        self._larger = larger
        self._room = in_memory
        self.books = PostingBooks()
        self.other_groups = 0

    def add(self, posting: Posting, /) -> None:
        """Keep a room posting whose row is in the run; count every other."""
        if not posting.room:
            self.other_groups += 1
            return
        self.books.read += posting.net
        key = (posting.res_id, posting.guest_id)  # guest_key, for every posting that is read
        if self._rows.has_guest(key):
            self._held.add(key, posting.date, posting.net)
            self._room -= 1
            if self._room < 0:
                self._move()
        elif posting.last_update is not None and posting.last_update < self._own_update_from:
            self.books.context_postings += 1
            self.books.context += posting.net
        else:
            self.books.orphan_postings += 1
            self.books.orphans += posting.net

    def _move(self) -> None:
        if self._larger and self._in_memory is not None:
            self._held = self._larger(self._in_memory)
        self._in_memory, self._room = None, math.inf

    def earliest_night(self, statuses: StatusTable) -> date | None:
        """The earliest date that a posting gives a row here (R11), cancelled rows aside."""
        earliest: date | None = None
        for key, first in self._held.firsts():
            if (earliest is None or first < earliest) and self._rows.has_live(key, statuses):
                earliest = first
        return earliest

    def of(self, row: Reservation) -> Invoiced:
        """All postings of its booking row and guest; they land on it if it is the only one."""
        return self._held.of(guest_key(row.res_id, row.guest_id))

    def landed(self, rows: Sequence[Reservation]) -> list[Invoiced]:
        """What lands on each of `rows`, which are those of one booking row and guest; in the same order."""
        landed: list[Invoiced] = [{} for _ in rows]
        invoiced = self.of(rows[0])
        if invoiced:
            targets = _Targets(rows)
            for night, net in invoiced.items():
                landed[targets.of(night)][night] = net
        return landed


class _Targets:
    """R11: the first master that has the date, else the first other row, else the first master or row."""

    def __init__(self, rows: Sequence[Reservation]) -> None:
        self._first_having: dict[date, int] = {}
        masters = [number for number, row in enumerate(rows) if row.master]
        others = [number for number, row in enumerate(rows) if not row.master]
        self._else = (masters or others)[0]
        if len(rows) > 1:
            for number in (*masters, *others):
                row = rows[number]
                for night in stay_nights(row).union(row.prices.room):
                    self._first_having.setdefault(night, number)

    def of(self, night: date) -> int:
        """The number of the row on which a posting of this date lands."""
        return self._first_having.get(night, self._else)
