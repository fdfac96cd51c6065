"""From settings to wired objects; the only package that names concrete adapters."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from functools import partial

from host_pms.bootstrap.keys import esb_keys, host_keys
from host_pms.bootstrap.rates import calls_per_minute, shared_budget
from host_pms.bootstrap.storage import gone_test, heads, new_name, new_owner, queue, store
from host_pms.clients.budget import Budget
from host_pms.clients.connection import build_client
from host_pms.clients.esb import EsbApi
from host_pms.clients.host_api import HostApi
from host_pms.clients.http import HttpSender
from host_pms.clients.keys import KeptKeys
from host_pms.clients.limits import DEFAULT_LIMITS, Limits
from host_pms.clients.pacing import Pacing
from host_pms.clients.window import Paces
from host_pms.clock import Stop, SystemClock
from host_pms.config.settings import ArchiveSettings, Settings
from host_pms.events import Event, Notify
from host_pms.metrics import with_metrics
from host_pms.ports import Clock
from host_pms.services.archive import Archive
from host_pms.services.lookahead import Ahead
from host_pms.services.policy import Policy
from host_pms.services.sync import Neighbours

PAGES_AHEAD = 8
"""So many pages of a list are fetched ahead, and so many of all lists are on their way at once."""


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What a process keeps from one run to the next; a warm Lambda holds one of these as long as it lives.

    `keys` are those that secrets held when they were read; `paces` the calls that still count against rate
    limits, which the process shares with others under its `name`.
    """

    keys: KeptKeys = field(default_factory=KeptKeys)
    paces: Paces = field(default_factory=Paces)
    name: str = field(default_factory=new_name)


@dataclass(frozen=True, kw_only=True)
class Application:
    """A wired connector; `calls` tells a hotel's calls to Host: calls, retries, throttles (429).

    Who keeps it between runs calls `rest` after each: what it holds of shared rates is for others then.
    """

    world: Neighbours
    policy: Policy
    at_once: int
    calls: Callable[[str], Mapping[str, int]]
    rest: Callable[[], None]


@contextmanager
def application(
    settings: Settings,
    stop: Stop,
    notify: Notify,
    *,
    dry_run: bool,
    metrics: bool = False,
    clock: Clock | None = None,
    kept: Kept | None = None,
    limits: Limits = DEFAULT_LIMITS,
    pages_ahead: int = PAGES_AHEAD,
) -> Iterator[Application]:
    """The connector as `settings` say, for one command; a dry run writes and sends nothing.

    With `metrics`, each hotel's end but a dry run's is also a line on standard output. `clock` is the
    machine's unless another is given, as tests do. `kept` is what earlier runs of this process left.
    """
    clock, kept = clock or SystemClock(stop), kept or Kept()
    shared = shared_budget(settings, name=kept.name, clock=clock, notify=notify)
    sender = _sender(settings, stop=stop, clock=clock, limits=limits, paces=kept.paces, budget=shared)
    rest = partial(shared.leave, kept.paces) if shared else _nothing
    threads = ThreadPoolExecutor(max_workers=PAGES_AHEAD, thread_name_prefix="page")
    ahead = Ahead(threads=threads, answers=pages_ahead) if pages_ahead else None
    calls = _calls_of(sender)
    if metrics and not dry_run:
        notify = with_metrics(notify, environment=settings.environment, calls=calls, now=clock.now)
    world = _neighbours(settings, sender, stop=stop, clock=clock, ahead=ahead, notify=notify, kept=kept)
    try:
        yield Application(
            world=_without_effects(world) if dry_run else world,
            policy=policy(settings),
            at_once=settings.max_concurrent_hotels,
            calls=calls,
            rest=rest,
        )
    finally:
        threads.shutdown(cancel_futures=True)
        rest()
        sender.close()


def _nothing() -> None:
    """There is nothing that others could use."""


def _calls_of(sender: HttpSender) -> Callable[[str], Mapping[str, int]]:
    return lambda hotel_code: asdict(sender.counts(hotel_code))


def _sender(
    settings: Settings, *, stop: Stop, clock: Clock, limits: Limits, paces: Paces, budget: Budget | None
) -> HttpSender:
    return HttpSender(
        client=build_client(connections=2 * settings.max_concurrent_hotels + PAGES_AHEAD),
        clock=clock,
        max_retries=settings.max_retries,
        seconds_left=stop.seconds_left,
        limits=limits,
        pacing=Pacing(
            clock=clock,
            seconds_left=stop.seconds_left,
            longest_pause=limits.throttle_seconds,
            paces=paces,
            budget=budget,
        ),
    )


def _neighbours(
    settings: Settings,
    sender: HttpSender,
    *,
    stop: Stop,
    clock: Clock,
    ahead: Ahead | None,
    notify: Notify,
    kept: Kept,
) -> Neighbours:
    return Neighbours(
        pms=_host_api(settings, sender, stop, kept),
        esb=_esb(settings, sender, kept),
        store=store(settings),
        heads=heads(settings),
        queue=queue(settings, clock),
        clock=clock,
        ahead=ahead,
        checkpoint=stop.check,
        notify=notify,
        new_owner=new_owner,
        is_gone=gone_test(settings),
    )


def archive(settings: ArchiveSettings, stop: Stop, notify: Notify) -> Archive:
    """The stores as `settings` say, for commands that need neither Host nor the ESB."""
    return Archive(
        store=store(settings),
        heads=heads(settings),
        clock=SystemClock(stop),
        notify=notify,
        new_owner=new_owner,
        is_gone=gone_test(settings),
    )


def policy(settings: ArchiveSettings) -> Policy:
    """How runs are made, as `settings` say."""
    return Policy(
        buckets=settings.buckets,
        lookback=settings.import_lookback,
        inventory_horizon=timedelta(days=settings.inventory_horizon_days),
        records_per_file=settings.max_records_per_file,
        reject_limit=settings.reject_limit,
        id_format=settings.reservation_id_format,
        lease_ttl=settings.lease_ttl,
    )


def ignore(_event: Event) -> None:
    """Takes an event and tells nobody."""


def _host_api(settings: Settings, sender: HttpSender, stop: Stop, kept: Kept) -> HostApi:
    return HostApi(
        sender=sender,
        base_url=settings.host_api_base_url,
        keys=host_keys(settings, kept.keys),
        calls_per_minute=calls_per_minute(settings),
        checkpoint=stop.check,
    )


def _esb(settings: Settings, sender: HttpSender, kept: Kept) -> EsbApi:
    return EsbApi(
        sender=sender,
        base_url=settings.esb_base_url,
        keys=esb_keys(settings, kept.keys),
        key_header=settings.esb_api_key_header,
    )


def _without_effects(world: Neighbours) -> Neighbours:
    from host_pms.local import dry  # noqa: PLC0415 - as above

    def notify(event: Event) -> None:
        # Whoever counts `trigger_sent` must not count what was never sent.
        world.notify(replace(event, context={**event.context, "dry_run": True}))

    return replace(
        world,
        store=dry.ReadOnlyStore(world.store),
        heads=dry.ReadOnlyHeads(world.heads),
        queue=dry.DiscardingQueue(),
        esb=dry.ReadOnlyEsb(world.esb),
        notify=notify,
    )
