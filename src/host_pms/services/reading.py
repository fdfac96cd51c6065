"""EXTRACT: all that a run reads of a hotel, in order: reservations, revenue, the inventory grid."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import partial

from host_pms.events import EventName
from host_pms.models.head import Window
from host_pms.models.host.config import HostConfig
from host_pms.services.dataset import Dataset
from host_pms.services.extraction import Extraction
from host_pms.services.on_disk import PostingsOnDisk, RowsOnDisk
from host_pms.services.temporary import Temporary
from host_pms.services.transformation import Extracted
from host_pms.services.window import latest_plausible
from host_pms.transformers.postings import RoomPostings
from host_pms.transformers.rows import NewestRows
from host_pms.transformers.status import StatusTable, read_statuses


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One run's reading: from where, and how far."""

    source: Extraction
    config: HostConfig
    window: Window
    last_night: date
    temporary: Temporary

    def hotel(self) -> Extracted:
        """S10: reservations first, so that revenue is read from the earliest night that they publish.

        Raises:
            ConnectorError: a list could not be read to its end (S6).
        """
        teller = self.source.teller
        statuses = read_statuses(self.config.items)
        reservations = self._reservations()
        teller.extracted(EventName.RESERVATIONS_EXTRACTED, "reservations", reservations.read)
        revenue = self._revenue(reservations.kept, statuses)
        teller.extracted(EventName.REVENUE_EXTRACTED, "postings", revenue.read)
        grid = self.source.grid(self.config.today, self.last_night)
        teller.extracted(EventName.INVENTORY_EXTRACTED, "rooms of the inventory grid", len(grid.rooms))
        return Extracted(
            config=self.config, statuses=statuses, reservations=reservations, revenue=revenue, grid=grid
        )

    def _reservations(self) -> Dataset[NewestRows]:
        return self.source.reservations(
            self.window.update_from, self._no_rows, latest_plausible=latest_plausible(self.config)
        )

    def _no_rows(self) -> NewestRows:
        return NewestRows(partial(RowsOnDisk, temporary=self.temporary), in_memory=self.temporary.in_memory)

    def _revenue(self, rows: NewestRows, statuses: StatusTable) -> Dataset[RoomPostings]:
        """S10: so far back that every night which is published has all its postings.

        A posting may give a row a night before all its others (R11); then the list is read once more, from
        there.
        """
        own, pages = self.window.revenue_from, 0
        earliest = rows.earliest_night(statuses, today=self.config.today)
        while True:
            read_from = own if earliest is None else min(own, _midnight(earliest))
            revenue = self.source.revenue(
                read_from,
                partial(self._no_postings, rows),
                latest_plausible=latest_plausible(self.config),
                pages_before=pages,
            )
            earliest = revenue.kept.earliest_night(statuses)
            if earliest is None or _midnight(earliest) >= read_from:
                return revenue
            pages = revenue.pages

    def _no_postings(self, rows: NewestRows) -> RoomPostings:
        return RoomPostings(
            rows,
            own_update_from=self.window.revenue_from,
            larger=partial(PostingsOnDisk, temporary=self.temporary),
            in_memory=self.temporary.in_memory,
        )


def _midnight(night: date) -> datetime:
    return datetime.combine(night, datetime.min.time())
