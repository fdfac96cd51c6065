"""From a hotel's answers to its published files: the rules' results, written as streams."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from typing import BinaryIO

from host_pms.errors import NeedsPersonError
from host_pms.models.climber.files import encode
from host_pms.models.head import StoredFile, Window
from host_pms.models.host.config import HostConfig
from host_pms.models.manifest import RejectedRow
from host_pms.models.run import Run
from host_pms.services.dataset import Dataset
from host_pms.services.extraction import Grid
from host_pms.services.parts import parts
from host_pms.services.policy import Policy
from host_pms.transformers.books import Books, RowBooks
from host_pms.transformers.codes import Catalogue, read_catalogue
from host_pms.transformers.inventory import inventory_start, room_inventory
from host_pms.transformers.postings import RoomPostings
from host_pms.transformers.reservation import NumericIdError, Tally, Terms, reservation_records
from host_pms.transformers.rows import NewestRows
from host_pms.transformers.segment import segments
from host_pms.transformers.status import Status, StatusTable


@dataclass(frozen=True, kw_only=True)
class Extracted:
    """All that was read of a hotel; the input of its transformation."""

    config: HostConfig
    statuses: StatusTable
    reservations: Dataset[NewestRows]
    revenue: Dataset[RoomPostings]
    grid: Grid

    @property
    def rejected(self) -> Sequence[RejectedRow]:
        """Every row that was set aside (R18)."""
        return [*self.reservations.rejected, *self.revenue.rejected]


@dataclass(frozen=True, kw_only=True)
class Made:
    """A file that is made and named but stored nowhere yet."""

    file: StoredFile
    body: BinaryIO


@dataclass(frozen=True, kw_only=True)
class Output:
    """What a run's transformation comes to.

    `made` are the files in the order in which they are registered, `raw_segments` the Config items of the
    segments, `fingerprint` stands for what is published beside the rows (S6).
    """

    made: tuple[Made, ...]
    raw_segments: bytes
    fingerprint: str
    books: Books
    counts: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Transformation:
    """One run's transformation."""

    run: Run
    window: Window
    policy: Policy

    def make(self, extracted: Extracted, room: ExitStack) -> Output:
        """Make the files, in temporary ones that `room` closes; nothing is stored.

        Raises:
            NeedsPersonError: the books do not balance (R19), or two ids have one number (R14).
            TransientError: there is no temporary space for them.
        """
        config = extracted.config
        catalogue = read_catalogue(config.items)
        tally = Tally(catalogue, _open_books(extracted))
        records = reservation_records(
            extracted.reservations.kept, extracted.revenue.kept, self._terms(extracted), tally
        )
        reservations = self._make_reservations(records, room, about=extracted.reservations.kept.nights)
        self._check(tally.books)
        inventory = room_inventory(
            catalogue, extracted.grid.rooms, today=config.today, first=self._inventory_start(config)
        )
        listed = segments(catalogue, tally.codes)
        rooms = inventory.configuration
        buckets = self.policy.buckets
        raw_segments = b"[" + b",".join(catalogue.raw_items) + b"]"
        counts = {
            **_counts(extracted, catalogue, tally),
            "unmatchedGridRooms": inventory.unmatched_rooms,
            "undatedGridEntries": inventory.undated_entries,
        }
        return Output(
            made=(
                self._make("config", buckets.configs, encode(rooms), len(rooms.room_inventory)),
                self._make("segments", buckets.segments, encode(listed), listed.count),
                *reservations,
            ),
            raw_segments=raw_segments,
            fingerprint=_fingerprint(config, extracted.grid),
            books=tally.books,
            counts=counts,
        )

    def _terms(self, extracted: Extracted) -> Terms:
        return Terms(
            today=extracted.config.today,
            first_import=self.window.complete,
            id_format=self.policy.id_format,
            statuses=extracted.statuses,
        )

    def _inventory_start(self, config: HostConfig) -> date:
        return inventory_start(
            config.today, self.window.update_from.date(), first_import=self.window.complete
        )

    def _check(self, books: Books) -> None:
        faults = books.faults()
        if faults:
            raise NeedsPersonError(
                f"The books of {self.run.hotel_code} do not balance: {'; '.join(faults)}.",
                remedy="Nothing was registered; keep the raw answers and report this.",
            )

    def _make(self, file_type: str, bucket: str, body: bytes, record_count: int) -> Made:
        return Made(
            file=StoredFile(
                file_type=file_type,
                bucket=bucket,
                key=self.run.key(file_type),
                record_count=record_count,
                sha256=hashlib.sha256(body).hexdigest(),
            ),
            body=BytesIO(body),
        )

    def _make_reservations(self, records: Iterator[bytes], room: ExitStack, *, about: int) -> list[Made]:
        files = parts(
            records, self.policy.records_per_file, room, temporary=self.policy.temporary, about=about
        )
        try:
            return [
                Made(
                    file=StoredFile(
                        file_type="reservation",
                        bucket=self.policy.buckets.reservations,
                        key=self.run.reservations_key(number),
                        record_count=part.records,
                        sha256=part.sha256,
                    ),
                    body=part.body,
                )
                for number, part in enumerate(files, start=1)
            ]
        except NumericIdError as fault:
            raise NeedsPersonError(
                f"{self.run.hotel_code}: {fault}.",
                remedy="Set RESERVATION_ID_FORMAT=composite for this hotel.",
            ) from fault


def _fingerprint(config: HostConfig, grid: Grid) -> str:
    """S6: of `ConfigInfo` and the grid, byte for byte."""
    items = hashlib.sha256(b",".join(item.raw for item in config.items)).digest()
    return hashlib.sha256(items + grid.digest).hexdigest()


def _open_books(extracted: Extracted) -> Books:
    reservations = extracted.reservations
    rows = RowBooks(
        came_in=reservations.read,
        rejected=len(reservations.rejected),
        older=reservations.kept.older,
        newest=len(reservations.kept),
    )
    return Books(rows=rows, invoiced=extracted.revenue.kept.books)


def _counts(extracted: Extracted, catalogue: Catalogue, tally: Tally) -> Mapping[str, int]:
    rows, revenue, books = extracted.reservations, extracted.revenue, tally.books
    statuses = {f"status.{status.name.lower()}": tally.statuses[status] for status in Status}
    unassigned = {
        f"unassigned.{name}": resolver.unassigned for name, resolver in tally.codes.resolvers.items()
    }
    return {
        "reservationRows": rows.read,
        "rejectedReservations": len(rows.rejected),
        "olderVersions": rows.kept.older,
        "newestVersions": len(rows.kept),
        "futureUpdates": rows.future_updates,
        "sharedDetails": rows.kept.shared_details(),
        "postings": revenue.read,
        "rejectedPostings": len(revenue.rejected),
        "otherSalesGroups": revenue.kept.other_groups,
        "orphanPostings": books.invoiced.orphan_postings,
        "contextPostings": books.invoiced.context_postings,
        "nights": books.records,
        "nightsWithoutRevenue": books.zeroed_without_revenue,
        "nightsPricedOnMaster": books.zeroed_on_parts,
        "nightsOccupiedByMaster": books.yielded,
        "nightsWithZeroedPostings": books.zeroed_postings,
        "unknownStatuses": tally.unknown_statuses,
        "unknownStatusCodes": extracted.statuses.unknown_codes,
        "skippedConfigItems": catalogue.skipped_items,
        "unknownConfigTypes": sum(catalogue.unknown_kinds.values()),
        **statuses,
        **unassigned,
    }
