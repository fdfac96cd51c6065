"""One list that was read: its rows sorted out, and counted."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Generic, Protocol, TypeVar

from host_pms.errors import NeedsPersonError
from host_pms.models.host.reading import RowReader, WireRow
from host_pms.models.manifest import RejectedRow
from host_pms.services.paging import Batch

Row = TypeVar("Row", bound=WireRow)
CleanIn_contra = TypeVar("CleanIn_contra", contravariant=True)


class Intake(Protocol[CleanIn_contra]):
    """What the readable rows of a list are poured into, page by page."""

    def add(self, row: CleanIn_contra, /) -> None:
        """Take one row."""


Kept = TypeVar("Kept", bound=Intake[Any])


@dataclass(kw_only=True)
class Dataset(Generic[Kept]):
    """One list that was read: its readable rows in `kept`, and what was counted on the way.

    Of its readable rows, `newest_update` is the latest `LastUpdate` that is not after `latest_plausible`;
    `future_updates` counts those that are (S9).
    """

    name: str
    kept: Kept
    latest_plausible: datetime
    newest_update: datetime | None = None
    future_updates: int = 0
    rejected: list[RejectedRow] = field(default_factory=list)
    read: int = 0
    pages: int = 0

    def note_updates(self, rows: Sequence[Any]) -> None:
        """Readable rows were read, each with its `last_update`."""
        updates = [row.last_update for row in rows if row.last_update is not None]
        plausible = [updated for updated in updates if updated <= self.latest_plausible]
        self.future_updates += len(updates) - len(plausible)
        if plausible:
            self.newest_update = max(self.newest_update or plausible[0], *plausible)


def take_batch(dataset: Dataset[Any], key: str, batch: Batch[Row], reader: RowReader[Row, Any]) -> None:
    """Pour a page's new rows into `dataset`: readable ones as values, the others as rejects (R18)."""
    readable, rejects = reader.sorted_out(batch.rows)
    dataset.pages += 1
    dataset.read += len(batch.rows)
    dataset.note_updates(readable)
    add = dataset.kept.add
    for row in readable:
        add(row)
    dataset.rejected += [
        RejectedRow(
            dataset=dataset.name,
            raw_key=key,
            row=reject.position,
            path=reject.path,
            reason=reject.reason,
        )
        for reject in rejects
    ]


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
