"""R5 and R16: the newest version of every row, in the order in which the rows came."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Protocol

from host_pms.models.host.reservation import Reservation
from host_pms.transformers.status import CANCELLED, StatusTable

_EARLIEST = datetime.min  # noqa: DTZ901 - hotel-local times are naive, and a missing one is the earliest

RowKey = tuple[str, str, str]
GuestKey = tuple[str, str]


def guest_key(res_id: str, guest_id: str) -> GuestKey:
    """The key on which postings find their rows (R11); the rows of a split stay share it too."""
    return (res_id, guest_id)


def row_key(row: Reservation) -> RowKey:
    """The key that the versions of one row share (R5)."""
    return (row.res_id, row.detail_id, row.guest_id)


class RowTable(Protocol):
    """Where the newest version of every row is held."""

    def add(self, row: Reservation, /) -> None:
        """R5: the latest `LastUpdate` wins, on a tie the first, in the place where the row came first."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Reservation]:
        """R16: the rows in the order in which they came."""

    def has(self, guest: GuestKey) -> bool:
        """Whether there is a row with this key."""

    def of(self, guest: GuestKey) -> Sequence[Reservation]:
        """The rows with this key, in order."""

    def is_alone(self, guest: GuestKey) -> bool:
        """Whether there is one row with this key, and not more."""

    def shared_details(self) -> int:
        """Rows that share `ResId` and `DetailId` with another guest's row."""


class RowsInMemory:
    """A `RowTable` in dictionaries: 1,300 bytes a row."""

    def __init__(self) -> None:
        self._rows: dict[RowKey, Reservation] = {}
        # Most guests have one row, and need no list of rows.
        self._first: dict[GuestKey, RowKey] = {}
        self._sharing: dict[GuestKey, list[RowKey]] = {}

    def add(self, row: Reservation, /) -> None:
        """As `RowTable` promises."""
        key = (row.res_id, row.detail_id, row.guest_id)  # row_key, for every row that is read
        held = self._rows.get(key)
        if held is None:
            self._rows[key] = row
            guest = (row.res_id, row.guest_id)
            first = self._first.setdefault(guest, key)
            if first is not key:
                self._sharing.setdefault(guest, [first]).append(key)
        elif (row.last_update or _EARLIEST) > (held.last_update or _EARLIEST):
            self._rows[key] = row

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Reservation]:
        return iter(self._rows.values())

    def has(self, guest: GuestKey) -> bool:
        """As `RowTable` promises."""
        return guest in self._first

    def of(self, guest: GuestKey) -> Sequence[Reservation]:
        """As `RowTable` promises."""
        return [self._rows[key] for key in self._sharing.get(guest) or (self._first[guest],)]

    def is_alone(self, guest: GuestKey) -> bool:
        """As `RowTable` promises."""
        return guest not in self._sharing

    def shared_details(self) -> int:
        """As `RowTable` promises."""
        guests = Counter((res_id, detail_id) for res_id, detail_id, _ in self._rows)
        return sum(count for count in guests.values() if count > 1)


class NewestRows:
    """The newest version of every row.

    Once there are more than `in_memory` rows and nights, all go over to the table that `larger` makes of
    them. `nights` are about as many as the rows' records: those of versions that lost are among them.
    """

    def __init__(
        self,
        larger: Callable[[Iterable[Reservation]], RowTable] | None = None,
        *,
        in_memory: float = math.inf,
    ) -> None:
        self.nights = 0
        self._added = 0
        self._held: RowTable = RowsInMemory()
        self._larger = larger
        self._in_memory = in_memory if larger else math.inf

    def __len__(self) -> int:
        return len(self._held)

    def add(self, row: Reservation, /) -> None:
        """R5: the latest `LastUpdate` wins, on a tie the first, in the place where the row came first."""
        self._held.add(row)
        self._added += 1
        self.nights += max(len(row.prices.room), (row.check_out - row.check_in).days)
        if self._added + self.nights > self._in_memory and self._larger:
            self._held = self._larger(self._held)
            self._in_memory = math.inf

    @property
    def older(self) -> int:
        """The versions that lost."""
        return self._added - len(self._held)

    def has_guest(self, key: GuestKey) -> bool:
        """Whether a posting with this key finds a row here."""
        return self._held.has(key)

    def has_live(self, key: GuestKey, statuses: StatusTable) -> bool:
        """Whether one of the rows with this key is not cancelled."""
        return any(statuses.status(row.status_id) is not CANCELLED for row in self._held.of(key))

    def __iter__(self) -> Iterator[Reservation]:
        """R16: the rows in the order in which they came."""
        return iter(self._held)

    def is_alone(self, row: Reservation) -> bool:
        """Whether `row` is the only one of its booking row and guest, as most are."""
        return self._held.is_alone((row.res_id, row.guest_id))

    def sharing(self, row: Reservation) -> Sequence[Reservation]:
        """`row` and the others of its booking row and guest, in order."""
        return self._held.of(guest_key(row.res_id, row.guest_id))

    def shared_details(self) -> int:
        """Rows that share `ResId` and `DetailId` with another guest's row; Host is assumed to have none."""
        return self._held.shared_details()

    def earliest_night(self, statuses: StatusTable, *, today: date) -> date | None:
        """S10: the earliest night before `today` of the rows, cancelled ones aside."""
        earliest = today
        for row in self._held:
            if statuses.status(row.status_id) is not CANCELLED:
                earliest = min((earliest, *row.prices.room))
                if row.check_in < row.check_out:
                    earliest = min(earliest, row.check_in)
        return earliest if earliest < today else None
