"""Reading a hotel from Host: every answer is kept byte for byte before anything is made of it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from io import BytesIO
from typing import Any, Generic, Protocol, TypeVar

from host_pms.errors import NeedsPersonError, TransientError
from host_pms.models.host.config import HostConfig, UndatedHotelError, read_config
from host_pms.models.host.inventory import GridRoom, read_grid
from host_pms.models.host.reading import PageError, Reject, RowReader, WireRow
from host_pms.models.host.reservation import RESERVATIONS
from host_pms.models.host.revenue import POSTINGS
from host_pms.models.run import Buckets, Run
from host_pms.ports import ObjectStore, PmsApi
from host_pms.services.paging import Batch, Scan
from host_pms.services.telling import Teller
from host_pms.transformers.postings import RoomPostings
from host_pms.transformers.rows import NewestRows

GRID_DAYS = 30
"""InventoryGrid takes at most this many days a call, both ends included."""

Row = TypeVar("Row", bound=WireRow)
CleanIn_contra = TypeVar("CleanIn_contra", contravariant=True)


class Intake(Protocol[CleanIn_contra]):
    """What the readable rows of a list are poured into, page by page."""

    def add(self, row: CleanIn_contra, /) -> None:
        """Take one row."""


Kept = TypeVar("Kept", bound=Intake[Any])


@dataclass(frozen=True, kw_only=True, slots=True)
class RejectedRow:
    """R18: a row that was set aside: the raw object and place where it stands, the fault, the reason."""

    dataset: str
    raw_key: str
    row: int
    path: str
    reason: str


@dataclass(kw_only=True)
class Dataset(Generic[Kept]):
    """One list that was read: its readable rows in `kept`, and what was counted on the way."""

    name: str
    kept: Kept
    rejected: list[RejectedRow] = field(default_factory=list)
    read: int = 0
    pages: int = 0


@dataclass(frozen=True, kw_only=True)
class Extraction:
    """Where a run's answers come from and where they are kept."""

    run: Run
    pms: PmsApi
    store: ObjectStore
    buckets: Buckets
    teller: Teller
    keep_lease: Callable[[], None]

    def config(self) -> HostConfig:
        """The hotel's configuration, checked to be this hotel's.

        Raises:
            NeedsPersonError: it is another hotel's, or tells no date.
        """
        body = self.pms.config(self.run.hotel_code)
        self._keep(self.buckets.raw_configs, self.run.key("config"), body)
        try:
            config = read_config(body)
        except UndatedHotelError as fault:
            raise NeedsPersonError(
                f"Host's configuration of {self.run.hotel_code} {fault}.",
                remedy="The hotel's business date must be set in Host.",
            ) from fault
        except PageError as fault:
            raise unusable("configuration", self.run.hotel_code, fault) from fault
        if config.hotel_code != self.run.hotel_code:
            raise NeedsPersonError(
                f"Host answered with another hotel's configuration when asked for {self.run.hotel_code}.",
                remedy="Check which hotel the subscription key belongs to; nothing was read.",
            )
        return config

    def reservations(self, update_from: datetime, begin: Callable[[], NewestRows]) -> Dataset[NewestRows]:
        """Every reservation row changed at or after `update_from`, poured into what `begin` makes.

        Raises:
            ConnectorError: the list could not be read to its end (S6).
        """
        scan = Scan("reservations", RESERVATIONS, rows_have_ids=True)
        fetch = partial(self.pms.reservations, self.run.hotel_code, update_from)
        return self._list("reservation", scan, RESERVATIONS, fetch, begin)

    def revenue(
        self, update_from: datetime, begin: Callable[[], RoomPostings], *, pages_before: int = 0
    ) -> Dataset[RoomPostings]:
        """Every posting changed at or after `update_from`, poured into what `begin` makes.

        `pages_before` were read of another window of this run; their numbers are taken.

        Raises:
            ConnectorError: the list could not be read to its end (S6).
        """
        scan = Scan("postings", POSTINGS, rows_have_ids=False)
        fetch = partial(self.pms.revenue, self.run.hotel_code, update_from)
        return self._list("revenue", scan, POSTINGS, fetch, begin, pages_before=pages_before)

    def grid(self, first: date, last: date) -> tuple[GridRoom, ...]:
        """The room inventory of `first` to `last`, both included, in windows of 30 days.

        Raises:
            ConnectorError: one of its windows could not be read (S6).
        """
        rooms: list[GridRoom] = []
        for number, (start, end) in enumerate(grid_windows(first, last), start=1):
            body = self.pms.inventory_grid(self.run.hotel_code, first=start, last=end)
            self._keep(self.buckets.raw_configs, self.run.key("inventory", number), body)
            try:
                rooms.extend(read_grid(body))
            except PageError as fault:
                raise unusable("inventory grid", self.run.hotel_code, fault) from fault
        return tuple(rooms)

    def _list(
        self,
        kind: str,
        scan: Scan[Row],
        reader: RowReader[Row, Any],
        fetch: Callable[[int], bytes],
        begin: Callable[[], Kept],
        *,
        pages_before: int = 0,
    ) -> Dataset[Kept]:
        dataset = Dataset(name=kind, kept=begin(), pages=pages_before)
        for key, batch in self._batches(kind, scan, fetch, pages_before):
            if batch.restarted:
                dataset = Dataset(name=kind, kept=begin(), pages=dataset.pages)
            take_batch(dataset, key, batch, reader)
            self.teller.page(kind, dataset.read, scan.total_rows)
        return dataset

    def _batches(
        self, kind: str, scan: Scan[Row], fetch: Callable[[int], bytes], number: int
    ) -> Iterator[tuple[str, Batch[Row]]]:
        while not scan.done:
            number += 1
            body = fetch(scan.start)
            key = self.run.key(kind, number)
            self._keep(self.buckets.raw_reservations, key, body)
            try:
                yield key, scan.take(body)
            except PageError as fault:
                raise unusable(f"list of {kind} rows", self.run.hotel_code, fault) from fault

    def _keep(self, bucket: str, key: str, body: bytes) -> None:
        self.keep_lease()
        self.store.put_new(bucket, key, BytesIO(body))


def take_batch(dataset: Dataset[Any], key: str, batch: Batch[Row], reader: RowReader[Row, Any]) -> None:
    """Pour a page's new rows into `dataset`: readable ones as values, the others as rejects (R18)."""
    dataset.pages += 1
    for place, row in batch.rows:
        dataset.read += 1
        clean = reader.cleaned(row, place)
        if not isinstance(clean, Reject):
            dataset.kept.add(clean)
            continue
        dataset.rejected.append(
            RejectedRow(dataset=dataset.name, raw_key=key, row=place, path=clean.path, reason=clean.reason)
        )


def refuse_too_many_rejects(dataset: Dataset[Any], *, limit: float) -> None:
    """R18: more than `limit` of a dataset's rows, and more than 5 rows, fail the run.

    Raises:
        NeedsPersonError: so many were rejected.
    """
    rejected = len(dataset.rejected)
    if rejected > ALWAYS_TOLERATED and rejected > Decimal(str(limit)) * dataset.read:
        raise NeedsPersonError(
            f"{rejected} of {dataset.read} {dataset.name} rows cannot be read, "
            f"more than the tolerated share of {limit:.1%}.",
            remedy="Nothing was published; the rejected rows are listed with the raw answers.",
        )


ALWAYS_TOLERATED = 5


def grid_windows(first: date, last: date) -> Iterator[tuple[date, date]]:
    """`first` to `last`, both included, in windows of at most 30 days."""
    while first <= last:
        end = min(first + timedelta(days=GRID_DAYS - 1), last)
        yield first, end
        first = end + timedelta(days=1)


def unusable(what: str, hotel_code: str, fault: PageError) -> TransientError:
    """An answer that is not what was asked for."""
    return TransientError(
        f"Host's answer for the {what} of {hotel_code} {fault}.",
        remedy="Nothing was published; the next run reads it anew.",
    )
