"""From settings to wired objects; the only package that names concrete adapters."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta

from host_pms.bootstrap.keys import esb_keys, host_keys
from host_pms.bootstrap.storage import gone_test, heads, new_owner, queue, store
from host_pms.clients.connection import build_client
from host_pms.clients.esb import EsbApi
from host_pms.clients.host_api import HostApi
from host_pms.clients.http import HttpSender
from host_pms.clients.keys import KeptKeys
from host_pms.clients.limits import DEFAULT_LIMITS, Limits
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

    `keys` are those that secrets held when they were read.
    """

    keys: KeptKeys = field(default_factory=KeptKeys)


@dataclass(frozen=True, kw_only=True)
class Application:
    """A wired connector; `calls` tells a hotel's calls to Host: calls, retries, throttles (429)."""

    world: Neighbours
    policy: Policy
    at_once: int
    calls: Callable[[str], Mapping[str, int]]


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
    machine's unless another is given, as tests do. `kept` is what earlier runs of this process left; an entry
    point that runs once needs none.
    """
    clock = clock or SystemClock(stop)
    kept = kept or Kept()
    sender = _sender(settings, clock, stop, limits)
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
        )
    finally:
        threads.shutdown(cancel_futures=True)
        sender.close()


def _sender(settings: Settings, clock: Clock, stop: Stop, limits: Limits) -> HttpSender:
    return HttpSender(
        client=build_client(connections=2 * settings.max_concurrent_hotels + PAGES_AHEAD),
        clock=clock,
        max_retries=settings.max_retries,
        seconds_left=stop.seconds_left,
        limits=limits,
    )


def _calls_of(sender: HttpSender) -> Callable[[str], Mapping[str, int]]:
    return lambda hotel_code: asdict(sender.counts(hotel_code))


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
        calls_per_minute=settings.host_api_rate_limit,
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
