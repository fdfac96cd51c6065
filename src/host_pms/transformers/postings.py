"""R11 and S10: every posting lands on one row, or is counted as an orphan or as context."""

from collections.abc import Sequence
from datetime import date, datetime

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


class RoomPostings:
    """The room postings of the rows of one run, by booking row and guest."""

    def __init__(self, rows: NewestRows, *, own_update_from: datetime) -> None:
        self._rows = rows
        self._own_update_from = own_update_from
        self._sums: dict[GuestKey, Invoiced] = {}
        self.books = PostingBooks()
        self.other_groups = 0

    def add(self, posting: Posting, /) -> None:
        """Keep a room posting whose row is in the run; count every other."""
        if not posting.room:
            self.other_groups += 1
            return
        self.books.read += posting.net
        key = guest_key(posting.res_id, posting.guest_id)
        if self._rows.has_guest(key):
            invoiced = self._sums.setdefault(key, {})
            invoiced[posting.date] = invoiced.get(posting.date, 0) + posting.net
        elif posting.last_update is not None and posting.last_update < self._own_update_from:
            self.books.context_postings += 1
            self.books.context += posting.net
        else:
            self.books.orphan_postings += 1
            self.books.orphans += posting.net

    def earliest_night(self, statuses: StatusTable) -> date | None:
        """The earliest date that a posting gives a row here (R11), cancelled rows aside."""
        earliest: date | None = None
        for key, invoiced in self._sums.items():
            first = min(invoiced)
            if (earliest is None or first < earliest) and self._rows.has_live(key, statuses):
                earliest = first
        return earliest

    def of(self, row: Reservation) -> Invoiced:
        """All postings of its booking row and guest; they land on it if it is the only one."""
        return self._sums.get(guest_key(row.res_id, row.guest_id), _NONE)

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
                for night in (*stay_nights(row), *(price.date for price in row.prices)):
                    self._first_having.setdefault(night, number)

    def of(self, night: date) -> int:
        """The number of the row on which a posting of this date lands."""
        return self._first_having.get(night, self._else)
