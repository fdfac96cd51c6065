"""Reading a hotel from Host: every answer is kept byte for byte before anything is made of it."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from host_pms.errors import IncompleteListError, NeedsPersonError, TransientError
from host_pms.models.host.config import HostConfig, UndatedHotelError, read_config
from host_pms.models.host.inventory import GridRoom, read_grid
from host_pms.models.host.json_text import PageError
from host_pms.models.host.reading import RowReader, WireRow
from host_pms.models.host.reservation import RESERVATIONS
from host_pms.models.host.revenue import POSTINGS
from host_pms.models.run import Buckets, Run
from host_pms.ports import PmsApi
from host_pms.services.answers import Answer, Answers
from host_pms.services.dataset import Dataset, Kept, take_batch
from host_pms.services.lookahead import Ahead, Lookahead
from host_pms.services.paging import Scan
from host_pms.services.telling import Teller
from host_pms.transformers.postings import RoomPostings
from host_pms.transformers.rows import NewestRows

GRID_DAYS = 30
"""InventoryGrid takes at most this many days a call, both ends included."""

Row = TypeVar("Row", bound=WireRow)


@dataclass(frozen=True, kw_only=True, slots=True)
class Grid:
    """The room inventory as it was read; `digest` stands for the answers byte for byte (S6)."""

    rooms: Sequence[GridRoom]
    digest: bytes


@dataclass(frozen=True, kw_only=True)
class Extraction:
    """Where a run's answers come from and where they are kept; pages of lists are fetched `ahead`."""

    run: Run
    pms: PmsApi
    answers: Answers
    buckets: Buckets
    teller: Teller
    ahead: Ahead | None = None

    def config(self) -> HostConfig:
        """The hotel's configuration, checked to be this hotel's.

        Raises:
            NeedsPersonError: it is another hotel's, or tells no date.
        """
        fetch = partial(self.pms.config, self.run.hotel_code)
        answer = self.answers.ask("config", self.buckets.raw_configs, None, fetch)
        try:
            config = read_config(answer.body)
        except UndatedHotelError as fault:
            self.answers.require_through()
            raise NeedsPersonError(
                f"Host's configuration of {self.run.hotel_code} {fault}.",
                remedy="The hotel's business date must be set in Host.",
            ) from fault
        except PageError as fault:
            raise self._unusable("configuration", fault) from fault
        if config.hotel_code != self.run.hotel_code:
            self.answers.require_through()
            raise NeedsPersonError(
                f"Host answered with another hotel's configuration when asked for {self.run.hotel_code}.",
                remedy="Check which hotel the subscription key belongs to; nothing was read.",
            )
        self.answers.accept("config", answer)
        self.teller.config(config.local_time)
        return config

    def reservations(
        self, update_from: datetime, begin: Callable[[], NewestRows], *, latest_plausible: datetime
    ) -> Dataset[NewestRows]:
        """Every reservation row changed at or after `update_from`, poured into what `begin` makes.

        Raises:
            ConnectorError: the list could not be read to its end (S6).
        """
        scan = Scan("reservations", RESERVATIONS, rows_have_ids=True)

        def fetch(pms: PmsApi, start: int) -> bytes:
            return pms.reservations(self.run.hotel_code, update_from, start)

        begun = Dataset(name="reservation", kept=begin(), latest_plausible=latest_plausible)
        return self._list(begun, begin, scan, RESERVATIONS, fetch)

    def revenue(
        self,
        update_from: datetime,
        begin: Callable[[], RoomPostings],
        *,
        latest_plausible: datetime,
        pages_before: int = 0,
    ) -> Dataset[RoomPostings]:
        """Every posting changed at or after `update_from`, poured into what `begin` makes.

        `pages_before` were read of another window of this run; their numbers are taken.

        Raises:
            ConnectorError: the list could not be read to its end (S6).
        """
        scan = Scan("postings", POSTINGS, rows_have_ids=False)

        def fetch(pms: PmsApi, start: int) -> bytes:
            return pms.revenue(self.run.hotel_code, update_from, start)

        begun = Dataset(name="revenue", kept=begin(), latest_plausible=latest_plausible, pages=pages_before)
        return self._list(begun, begin, scan, POSTINGS, fetch)

    def grid(self, first: date, last: date) -> Grid:
        """The room inventory of `first` to `last`, both included, in windows of 30 days.

        Raises:
            ConnectorError: one of its windows could not be read (S6).
        """
        rooms: list[GridRoom] = []
        digest = hashlib.sha256()
        for number, (start, end) in enumerate(grid_windows(first, last), start=1):
            fetch = partial(self.pms.inventory_grid, self.run.hotel_code, first=start, last=end)
            answer = self.answers.ask("inventory", self.buckets.raw_configs, number, fetch)
            try:
                rooms.extend(read_grid(answer.body))
            except PageError as fault:
                raise self._unusable("inventory grid", fault) from fault
            self.answers.accept("inventory", answer)
            digest.update(hashlib.sha256(answer.body).digest())
        return Grid(rooms=rooms, digest=digest.digest())

    def _list(
        self,
        dataset: Dataset[Kept],
        begin: Callable[[], Kept],
        scan: Scan[Row],
        reader: RowReader[Row, Any],
        fetch: Callable[[PmsApi, int], bytes],
    ) -> Dataset[Kept]:
        """Read `scan` to its end into `dataset`, or into one that begins anew when the list does."""
        mark = self.answers.mark()
        pages = Lookahead(
            fetch=partial(fetch, self.pms),
            fetch_ahead=lambda start, wanted: fetch(self.pms.ahead(wanted), start),
            ahead=self.ahead,
        )
        try:
            while not scan.done:
                answer = self._page(dataset, partial(pages.answer, scan.start, scan.expected()))
                batch = scan.take(answer.body)
                self.answers.accept(dataset.name, answer)
                if batch.restarted:
                    dataset = replace(
                        dataset, kept=begin(), rejected=[], read=0, newest_update=None, future_updates=0
                    )
                take_batch(dataset, answer.key, batch, reader)
                self.teller.page(dataset.name, dataset.read, scan.total_rows)
        except PageError as fault:
            raise self._unusable(f"list of {dataset.name} rows", fault) from fault
        except IncompleteListError:
            self.answers.require_through()
            # Its answers would come to the same end again.
            self.answers.forget_since(mark)
            raise
        finally:
            pages.drop()
        return dataset

    def _page(self, dataset: Dataset[Any], fetch: Callable[[], bytes]) -> Answer:
        return self.answers.ask(dataset.name, self.buckets.raw_reservations, dataset.pages + 1, fetch)

    def _unusable(self, what: str, fault: PageError) -> TransientError:
        """An answer that is not what was asked for.

        Raises:
            NeedsPersonError: it is a kept one, which would be the same when it is asked for again.
        """
        self.answers.require_through()
        return TransientError(
            f"Host's answer for the {what} of {self.run.hotel_code} {fault}.",
            remedy="Nothing was published; the next run asks for it again.",
        )


def grid_windows(first: date, last: date) -> Iterator[tuple[date, date]]:
    """`first` to `last`, both included, in windows of at most 30 days."""
    while first <= last:
        end = min(first + timedelta(days=GRID_DAYS - 1), last)
        yield first, end
        first = end + timedelta(days=1)
