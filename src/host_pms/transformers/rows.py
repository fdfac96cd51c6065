"""R5 and R16: the newest version of every row, in the order in which the rows came."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime

from host_pms.models.host.reservation import Reservation
from host_pms.transformers.status import Status, StatusTable

_EARLIEST = datetime.min  # noqa: DTZ901 - hotel-local times are naive, and a missing one is the earliest

RowKey = tuple[str, str, str]
GuestKey = tuple[str, str]


def guest_key(res_id: str, guest_id: str) -> GuestKey:
    """The key on which postings find their rows (R11); the rows of a split stay share it too."""
    return (res_id, guest_id)


def row_key(row: Reservation) -> RowKey:
    """The key that the versions of one row share (R5)."""
    return (row.res_id, row.detail_id, row.guest_id)


class NewestRows:
    """The newest version of every row; `older` counts the versions that lost."""

    def __init__(self) -> None:
        self.older = 0
        self._rows: dict[RowKey, Reservation] = {}
        # Most guests have one row, and need no list of rows.
        self._first: dict[GuestKey, RowKey] = {}
        self._sharing: dict[GuestKey, list[RowKey]] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, row: Reservation, /) -> None:
        """R5: the latest `LastUpdate` wins, on a tie the first, in the place where the row came first."""
        key = (row.res_id, row.detail_id, row.guest_id)  # row_key, for every row that is read
        held = self._rows.get(key)
        if held is None:
            self._rows[key] = row
            guest = (row.res_id, row.guest_id)
            first = self._first.setdefault(guest, key)
            if first is not key:
                self._sharing.setdefault(guest, [first]).append(key)
            return
        self.older += 1
        if (row.last_update or _EARLIEST) > (held.last_update or _EARLIEST):
            self._rows[key] = row

    def has_guest(self, key: GuestKey) -> bool:
        """Whether a posting with this key finds a row here."""
        return key in self._first

    def has_live(self, key: GuestKey, statuses: StatusTable) -> bool:
        """Whether one of the rows with this key is not cancelled."""
        rows = (self._rows[row_key] for row_key in self._keys(key))
        return any(statuses.status(row.status_id) is not Status.CANCELLED for row in rows)

    def __iter__(self) -> Iterator[Reservation]:
        """R16: the rows in the order in which they came."""
        return iter(self._rows.values())

    def is_alone(self, row: Reservation) -> bool:
        """Whether `row` is the only one of its booking row and guest, as most are."""
        return (row.res_id, row.guest_id) not in self._sharing

    def sharing(self, row: Reservation) -> Sequence[Reservation]:
        """`row` and the others of its booking row and guest, in order."""
        return [self._rows[key] for key in self._keys(guest_key(row.res_id, row.guest_id))]

    def _keys(self, guest: GuestKey) -> Sequence[RowKey]:
        return self._sharing.get(guest) or (self._first[guest],)

    def shared_details(self) -> int:
        """Rows that share `ResId` and `DetailId` with another guest's row; Host is assumed to have none."""
        guests = Counter((res_id, detail_id) for res_id, detail_id, _ in self._rows)
        return sum(count for count in guests.values() if count > 1)

    def earliest_night(self, statuses: StatusTable, *, today: date) -> date | None:
        """S10: the earliest night before `today` of the rows, cancelled ones aside."""
        nights: set[date] = set()
        for row in self._rows.values():
            if statuses.status(row.status_id) is not Status.CANCELLED:
                nights.update([price.date for price in row.prices])
                if row.check_in < row.check_out:
                    nights.add(row.check_in)
        return min((night for night in nights if night < today), default=None)
