"""One run of one hotel, its phases in order."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from host_pms.events import Notify
from host_pms.models.head import NEEDS_ANSWERS, OpenRun, Phase, Progress, StoredFile, Window
from host_pms.models.host.config import HostConfig
from host_pms.models.run import Run, run_timestamp
from host_pms.ports import Clock, Esb, HeadStore, ImportParameters, ObjectStore, PmsApi, Queue
from host_pms.services.answers import Answers
from host_pms.services.archive import Archive
from host_pms.services.closing import Closing
from host_pms.services.extraction import Extraction
from host_pms.services.journal import Journal
from host_pms.services.loading import Loading
from host_pms.services.lookahead import Ahead
from host_pms.services.policy import Policy
from host_pms.services.reading import Reading
from host_pms.services.staging import Staging
from host_pms.services.telling import Teller
from host_pms.services.transformation import Output
from host_pms.services.window import Asked, plan_window
from host_pms.transformers.books import Books


@dataclass(frozen=True, kw_only=True)
class Neighbours:
    """What a run talks to, and what it may fetch `ahead`; `checkpoint` raises `StoppedError` if it must stop.

    `new_owner` makes a name that no other holder of a lease has; `is_gone` says of one that its worker
    surely is no more.
    """

    pms: PmsApi
    esb: Esb
    store: ObjectStore
    heads: HeadStore
    queue: Queue
    clock: Clock
    ahead: Ahead | None
    checkpoint: Callable[[], None]
    notify: Notify
    new_owner: Callable[[], str]
    is_gone: Callable[[str], bool]


@dataclass(frozen=True, kw_only=True)
class Published:
    """What a run of a hotel did; without files where nothing had changed (S6).

    `watermark` is what the ESB holds after it.
    """

    window: Window
    files: tuple[StoredFile, ...]
    counts: Mapping[str, int]
    books: Books
    watermark: datetime | None


def journal_of(hotel_code: str, policy: Policy, world: Neighbours | Archive) -> Journal:
    """The hotel's journal, its lease not yet taken."""
    return Journal(
        world.heads,
        policy.buckets.raw_configs,
        hotel_code,
        owner=world.new_owner(),
        ttl=policy.lease_ttl,
        clock=world.clock,
        is_gone=world.is_gone,
    )


def sync_hotel(journal: Journal, asked: Asked, policy: Policy, world: Neighbours) -> Published:
    """Publish what changed at the journal's hotel since its watermark; all or nothing (S6).

    The lease is held. A run that was left open is finished first (S3).

    Raises:
        ConnectorError: the run failed; how far it came is recorded, and the next run goes on there.
    """
    if journal.head.open_run is not None:
        _finish_open_run(journal, policy, world)
    work = _Work(run=_begin(journal, world.clock), journal=journal, policy=policy, world=world)
    source = work.source(kept=Progress(), opened_by=journal.head.lease.epoch, final=False)
    config = _open(work, source, asked)
    with work.closing.giving_up():
        output = _publish(work, source, config)
        work.loading.finish()
    return _published(work, output)


@dataclass(frozen=True, kw_only=True)
class _Work:
    """What is at hand for one run."""

    run: Run
    journal: Journal
    policy: Policy
    world: Neighbours

    @property
    def teller(self) -> Teller:
        return Teller(run=self.run, notify=self.world.notify)

    def source(self, *, kept: Progress, opened_by: int, final: bool) -> Extraction:
        journal = self.journal
        answers = Answers(
            self.run,
            self.world.store,
            self.world.clock,
            kept=kept,
            opened_by=opened_by,
            epoch=journal.head.lease.epoch,
            final=final,
            ahead=self.world.ahead,
            checkpoint=self.world.checkpoint,
            keep_lease=journal.keep,
            record=self._record_progress,
        )
        return Extraction(
            run=self.run,
            pms=self.world.pms,
            answers=answers,
            buckets=self.policy.buckets,
            teller=self.teller,
            ahead=self.world.ahead,
        )

    def _record_progress(self, progress: Progress) -> None:
        if self.journal.head.open_run is not None:  # else it is not yet open: then nothing is remembered
            self.journal.advance(progress=progress)

    @property
    def staging(self) -> Staging:
        return Staging(run=self.run, journal=self.journal, store=self.world.store, policy=self.policy)

    @property
    def loading(self) -> Loading:
        return Loading(
            run=self.run,
            journal=self.journal,
            esb=self.world.esb,
            queue=self.world.queue,
            teller=self.teller,
        )

    @property
    def closing(self) -> Closing:
        return Closing(
            run=self.run,
            journal=self.journal,
            store=self.world.store,
            buckets=self.policy.buckets,
            teller=self.teller,
        )


def _begin(journal: Journal, clock: Clock) -> Run:
    """S4: the run's timestamp is chosen once, and remembered before anything bears it."""
    started = run_timestamp(clock.now(), journal.head.last_started)
    journal.record(last_started=started)
    return Run(hotel_code=journal.hotel_code, started=started)


def _open(work: _Work, source: Extraction, asked: Asked) -> HostConfig:
    """OPEN: from here on the run is remembered until it is closed."""
    journal, policy = work.journal, work.policy
    parameters = work.world.esb.parameters(work.run.hotel_code)
    work.teller.parameters(parameters.last_import)
    config = source.config()
    window = plan_window(parameters, config, asked, journal.head, lookback=policy.lookback)
    journal.record(
        open_run=OpenRun(
            phase=Phase.EXTRACT,
            started=work.run.started,
            epoch=journal.head.lease.epoch,
            window=window,
            last_night=_last_night(parameters, config, policy),
            progress=source.answers.progress(),
        )
    )
    work.teller.opened(window.update_from, complete=window.complete)
    return config


def _last_night(parameters: ImportParameters, config: HostConfig, policy: Policy) -> date:
    """How far the inventory grid is read."""
    horizon = config.today + policy.inventory_horizon
    return min(horizon, parameters.max_import.date()) if parameters.max_import else horizon


def _finish_open_run(journal: Journal, policy: Policy, world: Neighbours) -> None:
    """S3: bring a run that was left open to its end, under its own timestamp."""
    open_run = journal.open_run
    run = Run(hotel_code=journal.hotel_code, started=open_run.started)
    work = _Work(run=run, journal=journal, policy=policy, world=world)
    work.teller.resumed(open_run.phase, open_run.progress.answers)
    with work.closing.giving_up():
        if open_run.phase in NEEDS_ANSWERS:
            final = open_run.phase is not Phase.EXTRACT
            source = work.source(kept=open_run.progress, opened_by=open_run.epoch, final=final)
            _publish(work, source, source.config())
        work.loading.finish()
    work.closing.close()


def _publish(work: _Work, source: Extraction, config: HostConfig) -> Output:
    """EXTRACT to STAGED: from where the run stands until its files are stored."""
    open_run = work.journal.open_run
    with source.answers.reading():
        extracted = Reading(
            source=source,
            config=config,
            window=open_run.window,
            last_night=open_run.last_night,
            temporary=work.policy.temporary,
        ).hotel()
        source.answers.require_through()
    if open_run.phase is Phase.EXTRACT:
        work.staging.freeze(source.answers, extracted.rejected)
    output = work.staging.publish(extracted)
    work.teller.stored(output.books.records, len(work.journal.open_run.files))
    return output


def _published(work: _Work, output: Output) -> Published:
    """CLOSED: the run is remembered as done."""
    open_run = work.journal.open_run
    work.closing.close()
    return Published(
        window=open_run.window,
        files=open_run.files,
        counts=output.counts,
        books=output.books,
        watermark=open_run.plan.holds if open_run.plan else None,
    )
