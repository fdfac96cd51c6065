"""One run of one hotel, its phases in order."""

from dataclasses import dataclass
from datetime import date, datetime

from host_pms.events import EventName, Notify
from host_pms.models.host.config import HostConfig
from host_pms.models.run import Run
from host_pms.ports import Clock, Esb, ImportParameters, ObjectStore, PmsApi, Queue
from host_pms.services.extraction import Extraction, refuse_too_many_rejects
from host_pms.services.loading import move_watermark, register, send_trigger
from host_pms.services.policy import Policy
from host_pms.services.telling import Teller
from host_pms.services.transformation import Extracted, Transformation, Transformed, store_rejects
from host_pms.services.window import Asked, Window, latest_plausible, next_watermark, plan_window
from host_pms.transformers.postings import RoomPostings
from host_pms.transformers.rows import NewestRows
from host_pms.transformers.status import read_statuses


@dataclass(frozen=True, kw_only=True)
class Neighbours:
    """What a run talks to."""

    pms: PmsApi
    esb: Esb
    store: ObjectStore
    queue: Queue
    clock: Clock
    notify: Notify


@dataclass(frozen=True, kw_only=True)
class Published:
    """What a run of a hotel did; `watermark` is what the ESB holds after it."""

    window: Window
    transformed: Transformed
    watermark: datetime | None


def sync_hotel(run: Run, asked: Asked, policy: Policy, world: Neighbours) -> Published:
    """Publish what changed at the run's hotel since its watermark; all or nothing (S6).

    Raises:
        ConnectorError: the run failed; the watermark has not moved.
    """
    teller = Teller(run=run, notify=world.notify)
    source = Extraction(run=run, pms=world.pms, store=world.store, buckets=policy.buckets, teller=teller)

    parameters = world.esb.parameters(run.hotel_code)
    config = source.config()
    window = plan_window(parameters, config, asked, lookback=policy.lookback)
    teller.opened(window.update_from, complete=window.complete)

    extracted = _extract(source, window, config, last_night=_last_night(parameters, config, policy))
    _refuse_bad_rows(run, extracted, policy, world.store)

    transformed = Transformation(run=run, window=window, store=world.store, policy=policy).publish(extracted)
    files = transformed.files
    teller.stored(transformed.books.records, len(files))

    register(run, files, world.esb, complete=window.complete)
    teller.registered(len(files))

    reached = next_watermark(window, config, extracted.reservations.kept.newest_update)
    moved = move_watermark(run, reached, held=window.held, esb=world.esb)
    watermark = reached if moved else window.held
    teller.watermark(watermark, moved=moved)

    send_trigger(run, files, world.queue, complete=window.complete)
    teller.triggered()
    return Published(window=window, transformed=transformed, watermark=watermark)


def _extract(source: Extraction, window: Window, config: HostConfig, *, last_night: date) -> Extracted:
    """S10: reservations first, so that revenue is read from the earliest night that they publish."""
    teller = source.teller
    statuses = read_statuses(config.items)
    reservations = source.reservations(
        window.update_from, lambda: NewestRows(latest_plausible=latest_plausible(config))
    )
    teller.extracted(EventName.RESERVATIONS_EXTRACTED, "reservations", reservations.read)

    earliest = reservations.kept.earliest_night(statuses, today=config.today) or config.today
    revenue = source.revenue(
        min(window.update_from, datetime.combine(earliest, datetime.min.time())),
        lambda: RoomPostings(reservations.kept, own_update_from=window.update_from),
    )
    teller.extracted(EventName.REVENUE_EXTRACTED, "postings", revenue.read)

    grid = source.grid(config.today, last_night)
    teller.extracted(EventName.INVENTORY_EXTRACTED, "rooms of the inventory grid", len(grid))
    return Extracted(config=config, statuses=statuses, reservations=reservations, revenue=revenue, grid=grid)


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
