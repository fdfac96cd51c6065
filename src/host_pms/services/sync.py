"""One run of one hotel, its phases in order."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from host_pms.events import EventName, Notify
from host_pms.models.head import OpenRun
from host_pms.models.host.config import HostConfig
from host_pms.models.run import Run, run_timestamp
from host_pms.ports import Clock, Esb, HeadStore, ImportParameters, ObjectStore, PmsApi, Queue
from host_pms.services.extraction import Dataset, Extraction, refuse_too_many_rejects
from host_pms.services.journal import Journal
from host_pms.services.loading import Loading
from host_pms.services.policy import Policy
from host_pms.services.telling import Teller
from host_pms.services.transformation import Extracted, Transformation, Transformed, store_rejects
from host_pms.services.window import Asked, Window, latest_plausible, next_watermark, plan_window
from host_pms.transformers.postings import RoomPostings
from host_pms.transformers.rows import NewestRows
from host_pms.transformers.status import StatusTable, read_statuses


@dataclass(frozen=True, kw_only=True)
class Neighbours:
    """What a run talks to; `new_owner` makes a name that no other holder of a lease has."""

    pms: PmsApi
    esb: Esb
    store: ObjectStore
    heads: HeadStore
    queue: Queue
    clock: Clock
    notify: Notify
    new_owner: Callable[[], str]


@dataclass(frozen=True, kw_only=True)
class Published:
    """What a run of a hotel did; `watermark` is what the ESB holds after it."""

    window: Window
    transformed: Transformed
    watermark: datetime | None


def journal_of(hotel_code: str, policy: Policy, world: Neighbours) -> Journal:
    """The hotel's journal, its lease not yet taken."""
    return Journal(
        world.heads,
        policy.buckets.raw_configs,
        hotel_code,
        owner=world.new_owner(),
        ttl=policy.lease_ttl,
        clock=world.clock,
    )


def sync_hotel(journal: Journal, asked: Asked, policy: Policy, world: Neighbours) -> Published:
    """Publish what changed at the journal's hotel since its watermark; all or nothing (S6).

    The lease is held. A run that was left open is finished first (S3).

    Raises:
        ConnectorError: the run failed; what it told is recorded, and the next run goes on there.
    """
    finish_open_run(journal, world)
    run = _begin(journal, world.clock)
    teller = Teller(run=run, notify=world.notify)
    source = Extraction(
        run=run,
        pms=world.pms,
        store=world.store,
        buckets=policy.buckets,
        teller=teller,
        keep_lease=journal.keep,
    )

    parameters = world.esb.parameters(run.hotel_code)
    config = source.config()
    window = plan_window(parameters, config, asked, lookback=policy.lookback)
    teller.opened(window.update_from, complete=window.complete)

    extracted = _extract(source, window, config, last_night=_last_night(parameters, config, policy))
    _refuse_bad_rows(run, extracted, policy, world.store)

    transformed = Transformation(run=run, window=window, store=world.store, policy=policy).publish(extracted)
    teller.stored(transformed.books.records, len(transformed.files))

    reached = next_watermark(window, config, extracted.reservations.kept.newest_update)
    journal.record(open_run=_plan(run, window, transformed, reached))
    told = finish_open_run(journal, world)
    return Published(window=window, transformed=transformed, watermark=told.watermark if told else None)


def _begin(journal: Journal, clock: Clock) -> Run:
    """S4: the run's timestamp is chosen once, and remembered before anything bears it."""
    started = run_timestamp(clock.now(), journal.head.last_started)
    journal.record(last_started=started)
    return Run(hotel_code=journal.hotel_code, started=started)


def _plan(run: Run, window: Window, transformed: Transformed, reached: datetime | None) -> OpenRun:
    return OpenRun(
        started=run.started,
        complete=window.complete,
        held=window.held,
        watermark=reached,
        files=transformed.files,
    )


def finish_open_run(journal: Journal, world: Neighbours) -> OpenRun | None:
    """S3: tell what an open run has left to tell, under its own timestamp; None where no run is open."""
    plan = journal.head.open_run
    if plan is None:
        return None
    run = Run(hotel_code=journal.hotel_code, started=plan.started)
    teller = Teller(run=run, notify=world.notify)
    return Loading(run=run, journal=journal, esb=world.esb, queue=world.queue, teller=teller).finish()


def _extract(source: Extraction, window: Window, config: HostConfig, *, last_night: date) -> Extracted:
    """S10: reservations first, so that revenue is read from the earliest night that they publish."""
    teller = source.teller
    statuses = read_statuses(config.items)
    reservations = source.reservations(
        window.update_from, lambda: NewestRows(latest_plausible=latest_plausible(config))
    )
    teller.extracted(EventName.RESERVATIONS_EXTRACTED, "reservations", reservations.read)

    earliest = reservations.kept.earliest_night(statuses, today=config.today)
    revenue = _revenue(source, window, reservations.kept, statuses, earliest)
    teller.extracted(EventName.REVENUE_EXTRACTED, "postings", revenue.read)

    grid = source.grid(config.today, last_night)
    teller.extracted(EventName.INVENTORY_EXTRACTED, "rooms of the inventory grid", len(grid))
    return Extracted(config=config, statuses=statuses, reservations=reservations, revenue=revenue, grid=grid)


def _revenue(
    source: Extraction,
    window: Window,
    rows: NewestRows,
    statuses: StatusTable,
    earliest: date | None,
) -> Dataset[RoomPostings]:
    """S10: so far back that every night which is published has all its postings.

    A posting may give a row a night before all its others (R11); then the list is read once more, from there.
    """
    pages = 0
    while True:
        read_from = window.update_from if earliest is None else min(window.update_from, _midnight(earliest))
        revenue = source.revenue(
            read_from, lambda: RoomPostings(rows, own_update_from=window.update_from), pages_before=pages
        )
        earliest = revenue.kept.earliest_night(statuses)
        if earliest is None or _midnight(earliest) >= read_from:
            return revenue
        pages = revenue.pages


def _midnight(night: date) -> datetime:
    return datetime.combine(night, datetime.min.time())


def _last_night(parameters: ImportParameters, config: HostConfig, policy: Policy) -> date:
    """How far the inventory grid is read."""
    horizon = config.today + policy.inventory_horizon
    return min(horizon, parameters.max_import.date()) if parameters.max_import else horizon


def _refuse_bad_rows(run: Run, extracted: Extracted, policy: Policy, store: ObjectStore) -> None:
    """R18: what was rejected is kept, be the run refused or not."""
    rejected = [*extracted.reservations.rejected, *extracted.revenue.rejected]
    store_rejects(run, store, policy.buckets, rejected)
    refuse_too_many_rejects(extracted.reservations, limit=policy.reject_limit)
    refuse_too_many_rejects(extracted.revenue, limit=policy.reject_limit)
