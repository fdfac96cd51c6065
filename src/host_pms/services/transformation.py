"""From a hotel's answers to its published files: the rules' results, written as streams."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import count, islice
from tempfile import TemporaryFile
from typing import BinaryIO

import msgspec

from host_pms.errors import NeedsPersonError
from host_pms.models.climber.files import ReservationNight, encode
from host_pms.models.head import StoredFile
from host_pms.models.host.config import HostConfig
from host_pms.models.host.inventory import GridRoom
from host_pms.models.run import Buckets, Run
from host_pms.ports import ObjectStore
from host_pms.services.extraction import Dataset, RejectedRow
from host_pms.services.policy import Policy
from host_pms.services.window import Window
from host_pms.transformers.books import Books, RowBooks
from host_pms.transformers.codes import Catalogue, read_catalogue
from host_pms.transformers.inventory import inventory_start, room_inventory
from host_pms.transformers.postings import RoomPostings
from host_pms.transformers.reservation import NumericIdError, Tally, Terms, reservation_nights
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
    grid: Sequence[GridRoom]


@dataclass(frozen=True, kw_only=True)
class Transformed:
    """The files of a run in the order in which they are registered, its books, and its counts."""

    files: tuple[StoredFile, ...]
    books: Books
    counts: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Transformation:
    """One run's transformation; files are stored as they are made."""

    run: Run
    window: Window
    store: ObjectStore
    policy: Policy

    def publish(self, extracted: Extracted) -> Transformed:
        """Store the three files; nothing is registered yet.

        Raises:
            NeedsPersonError: the books do not balance (R19), or two ids have one number (R14).
        """
        config = extracted.config
        catalogue = read_catalogue(config.items)
        tally = Tally(catalogue, _open_books(extracted))
        nights = reservation_nights(
            extracted.reservations.kept, extracted.revenue.kept, self._terms(extracted), tally
        )
        reservations = tuple(self._store_reservations(nights))
        faults = tally.books.faults()
        if faults:
            raise NeedsPersonError(
                f"The books of {self.run.hotel_code} do not balance: {'; '.join(faults)}.",
                remedy="Nothing was registered; keep the raw answers and report this.",
            )
        inventory = room_inventory(
            catalogue,
            extracted.grid,
            today=config.today,
            first=inventory_start(
                config.today, self.window.update_from.date(), first_import=self.window.complete
            ),
        )
        configuration = inventory.configuration
        listed = segments(catalogue, tally.names)
        self._put(
            self.policy.buckets.raw_segments,
            self.run.key("segments"),
            b"[" + b",".join(catalogue.raw_items) + b"]",
        )
        files = (
            self._store(
                "config",
                self.policy.buckets.configs,
                encode(configuration),
                len(configuration.room_inventory),
            ),
            self._store("segments", self.policy.buckets.segments, encode(listed), listed.count),
            *reservations,
        )
        counts = {
            **_counts(extracted, catalogue, tally),
            "unmatchedGridRooms": inventory.unmatched_rooms,
            "undatedGridEntries": inventory.undated_entries,
        }
        return Transformed(files=files, books=tally.books, counts=counts)

    def _terms(self, extracted: Extracted) -> Terms:
        return Terms(
            today=extracted.config.today,
            first_import=self.window.complete,
            id_format=self.policy.id_format,
            statuses=extracted.statuses,
        )

    def _store_reservations(self, nights: Iterator[ReservationNight]) -> Iterator[StoredFile]:
        try:
            for part, (written, body) in enumerate(parts(nights, self.policy.records_per_file), start=1):
                key = self.run.reservations_key(part)
                self.store.put_new(self.policy.buckets.reservations, key, body)
                yield StoredFile(
                    file_type="reservation",
                    bucket=self.policy.buckets.reservations,
                    key=key,
                    record_count=written,
                )
        except NumericIdError as fault:
            raise NeedsPersonError(
                f"{self.run.hotel_code}: {fault}.",
                remedy="Set RESERVATION_ID_FORMAT=composite for this hotel.",
            ) from fault

    def _store(self, file_type: str, bucket: str, body: bytes, record_count: int) -> StoredFile:
        key = self.run.key(file_type)
        self._put(bucket, key, body)
        return StoredFile(file_type=file_type, bucket=bucket, key=key, record_count=record_count)

    def _put(self, bucket: str, key: str, body: bytes) -> None:
        self.store.put_new(bucket, key, BytesIO(body))


def parts(nights: Iterator[ReservationNight], records_per_file: int) -> Iterator[tuple[int, BinaryIO]]:
    """The reservations file in parts of at most `records_per_file`, each in a temporary file.

    There is always a first part, be it an empty list. A part is gone when the next one is asked for.
    """
    for part in count(1):
        with TemporaryFile() as body:
            written = _write_list(body, islice(nights, records_per_file))
            if part > 1 and written == 0:
                return
            yield written, body


def _write_list(body: BinaryIO, nights: Iterator[ReservationNight]) -> int:
    written = 0
    for night in nights:
        body.write(b",\n" if written else b"[\n")
        body.write(encode(night))
        written += 1
    body.write(b"\n]\n" if written else b"[]\n")
    body.flush()
    return written


def store_rejects(run: Run, store: ObjectStore, buckets: Buckets, rejected: Sequence[RejectedRow]) -> None:
    """R18: the rejected rows, by place, path and reason; no object where there are none."""
    if rejected:
        body = msgspec.json.format(msgspec.json.encode(rejected), indent=1)
        store.put_new(buckets.raw_reservations, run.key("rejected"), BytesIO(body))


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
    unassigned = {f"unassigned.{name}": resolver.unassigned for name, resolver in tally.resolvers.items()}
    return {
        "reservationRows": rows.read,
        "rejectedReservations": len(rows.rejected),
        "olderVersions": rows.kept.older,
        "newestVersions": len(rows.kept),
        "futureUpdates": rows.kept.future_updates,
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
