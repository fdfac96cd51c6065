"""R5, R11 and R16 for a hotel's whole history: rows and postings in temporary files, not in memory."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from host_pms.models.host.amounts import Amount
from host_pms.models.host.packed import amount_of, packed, unpacked, written
from host_pms.models.host.reservation import Reservation
from host_pms.services.temporary import Temporary, TemporaryTable
from host_pms.transformers.postings import Invoiced, Sum
from host_pms.transformers.rows import GuestKey

_ROWS = """
CREATE TABLE row (
    place INTEGER PRIMARY KEY,
    res_id TEXT NOT NULL,
    guest_id TEXT NOT NULL,
    detail_id TEXT NOT NULL,
    last_update TEXT NOT NULL,
    body BLOB NOT NULL,
    UNIQUE (res_id, guest_id, detail_id)
);
"""

_NEWEST = """
INSERT INTO row (res_id, guest_id, detail_id, last_update, body) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (res_id, guest_id, detail_id)
DO UPDATE SET last_update = excluded.last_update, body = excluded.body
WHERE excluded.last_update > last_update
"""
"""R5: an update keeps the place."""

_HAS = "SELECT 1 FROM row WHERE res_id = ? AND guest_id = ?"
_HAS_MORE = "SELECT 1 FROM row WHERE res_id = ? AND guest_id = ? LIMIT 1 OFFSET 1"
_OF = "SELECT body FROM row WHERE res_id = ? AND guest_id = ? ORDER BY place"
_ALL = "SELECT body FROM row ORDER BY place"
_SHARED_DETAILS = """
SELECT coalesce(sum(guests), 0) FROM (
    SELECT count(*) AS guests FROM row GROUP BY res_id, detail_id HAVING guests > 1
)
"""


class RowsOnDisk:
    """A `RowTable` in a temporary file."""

    def __init__(self, rows: Iterable[Reservation], temporary: Temporary) -> None:
        self._table = TemporaryTable(_ROWS, _NEWEST, temporary)
        for row in rows:
            self.add(row)

    def add(self, row: Reservation, /) -> None:
        """As `RowTable` promises."""
        updated = row.last_update.isoformat(timespec="microseconds") if row.last_update else ""
        self._table.add(row.res_id, row.guest_id, row.detail_id, updated, packed(row))

    def __len__(self) -> int:
        count: int = self._table.first("SELECT count(*) FROM row")
        return count

    def __iter__(self) -> Iterator[Reservation]:
        return (unpacked(body) for (body,) in self._table.read(_ALL))

    def has(self, guest: GuestKey) -> bool:
        """As `RowTable` promises."""
        return self._table.first(_HAS, *guest) is not None

    def of(self, guest: GuestKey) -> Sequence[Reservation]:
        """As `RowTable` promises."""
        found = self._table.read(_OF, *guest)
        return [unpacked(body) for (body,) in found]

    def is_alone(self, guest: GuestKey) -> bool:
        """As `RowTable` promises."""
        return self._table.first(_HAS_MORE, *guest) is None

    def shared_details(self) -> int:
        """As `RowTable` promises."""
        found: int = self._table.first(_SHARED_DETAILS)
        return found


_POSTINGS = """
CREATE TABLE posting (
    res_id TEXT NOT NULL,
    guest_id TEXT NOT NULL,
    night INTEGER NOT NULL,
    net TEXT NOT NULL
);
"""

_ADD = "INSERT INTO posting VALUES (?, ?, ?, ?)"
_SUMS = "SELECT night, net FROM posting WHERE res_id = ? AND guest_id = ?"
_FIRSTS = "SELECT res_id, guest_id, min(night) FROM posting GROUP BY res_id, guest_id"

_BY_GUEST = "CREATE INDEX by_guest ON posting (res_id, guest_id, night, net)"
"""Made once, when all are there: postings come by date, and would hit the index all over."""


class PostingsOnDisk:
    """A `PostingTable` in a temporary file; to be read only when all postings are there."""

    def __init__(self, sums: Iterable[Sum], temporary: Temporary) -> None:
        self._table = TemporaryTable(_POSTINGS, _ADD, temporary)
        self._is_indexed = False
        for guest, night, net in sums:
            self.add(guest, night, net)

    def add(self, guest: GuestKey, night: date, net: Amount, /) -> None:
        """As `PostingTable` promises."""
        self._table.add(*guest, night.toordinal(), written(net))

    def of(self, guest: GuestKey) -> Invoiced:
        """As `PostingTable` promises."""
        self._index()
        invoiced: Invoiced = {}
        for ordinal, net in self._table.read(_SUMS, *guest):
            night = date.fromordinal(ordinal)
            invoiced[night] = invoiced.get(night, 0) + amount_of(net)
        return invoiced

    def firsts(self) -> Iterator[tuple[GuestKey, date]]:
        """As `PostingTable` promises."""
        self._index()
        found = self._table.read(_FIRSTS)
        return (((res_id, guest_id), date.fromordinal(first)) for res_id, guest_id, first in found)

    def _index(self) -> None:
        if not self._is_indexed:
            self._table.add_index(_BY_GUEST)
            self._is_indexed = True
