"""From settings to wired objects; the only module that names concrete adapters."""

import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import TypedDict

from host_pms.clients.connection import build_client
from host_pms.clients.esb import EsbApi
from host_pms.clients.host_api import HostApi, SubscriptionKeys
from host_pms.clients.http import HttpSender
from host_pms.clients.limits import DEFAULT_LIMITS, Limits
from host_pms.clock import Stop, SystemClock
from host_pms.config.settings import ArchiveSettings, Settings
from host_pms.events import Event, Notify
from host_pms.local.processes import is_gone, this_process
from host_pms.ports import Clock, HeadStore, ObjectStore, Queue
from host_pms.services.archive import Archive
from host_pms.services.lookahead import Ahead
from host_pms.services.policy import Policy
from host_pms.services.sync import Neighbours

PAGES_AHEAD = 8
"""So many pages of a list are fetched ahead, and so many of all lists are on their way at once."""


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
    clock: Clock | None = None,
    limits: Limits = DEFAULT_LIMITS,
    pages_ahead: int = PAGES_AHEAD,
) -> Iterator[Application]:
    """The connector as `settings` say, for one command; a dry run writes and sends nothing.

    `clock` is the machine's unless another is given, as tests do.
    """
    clock = clock or SystemClock(stop)
    sender = HttpSender(
        client=build_client(connections=2 * settings.max_concurrent_hotels + PAGES_AHEAD),
        clock=clock,
        max_retries=settings.max_retries,
        seconds_left=stop.seconds_left,
        limits=limits,
    )
    threads = ThreadPoolExecutor(max_workers=PAGES_AHEAD, thread_name_prefix="page")
    ahead = Ahead(threads=threads, answers=pages_ahead) if pages_ahead else None
    world = _neighbours(settings, sender, stop=stop, clock=clock, ahead=ahead, notify=notify)
    try:
        yield Application(
            world=_without_effects(world) if dry_run else world,
            policy=policy(settings),
            at_once=settings.max_concurrent_hotels,
            calls=lambda hotel_code: asdict(sender.counts(hotel_code)),
        )
    finally:
        threads.shutdown(cancel_futures=True)
        sender.close()


def _neighbours(
    settings: Settings, sender: HttpSender, *, stop: Stop, clock: Clock, ahead: Ahead | None, notify: Notify
) -> Neighbours:
    return Neighbours(
        pms=_host_api(settings, sender, stop),
        esb=_esb(settings, sender),
        store=_store(settings),
        heads=_heads(settings),
        queue=_queue(settings, clock),
        clock=clock,
        ahead=ahead,
        checkpoint=stop.check,
        notify=notify,
        new_owner=_new_owner,
        is_gone=_is_gone(settings),
    )


def archive(settings: ArchiveSettings, stop: Stop, notify: Notify) -> Archive:
    """The stores as `settings` say, for commands that need neither Host nor the ESB."""
    return Archive(
        store=_store(settings),
        heads=_heads(settings),
        clock=SystemClock(stop),
        notify=notify,
        new_owner=_new_owner,
        is_gone=_is_gone(settings),
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


def _host_api(settings: Settings, sender: HttpSender, stop: Stop) -> HostApi:
    return HostApi(
        sender=sender,
        base_url=settings.host_api_base_url,
        keys=SubscriptionKeys(
            shared=settings.host_api_subscription_key, own=settings.host_api_subscription_keys
        ),
        calls_per_minute=settings.host_api_rate_limit,
        checkpoint=stop.check,
    )


def _esb(settings: Settings, sender: HttpSender) -> EsbApi:
    return EsbApi(
        sender=sender,
        base_url=settings.esb_base_url,
        key=settings.esb_api_key,
        key_header=settings.esb_api_key_header,
    )


class _Aws(TypedDict):
    region: str
    endpoint_url: str | None
    retries: int


def _aws(settings: ArchiveSettings) -> _Aws:
    """What every client of AWS takes."""
    return {
        "region": settings.aws_region,
        "endpoint_url": settings.aws_endpoint_url,
        "retries": settings.max_retries,
    }


def _store(settings: ArchiveSettings) -> ObjectStore:
    if settings.storage == "local":
        from host_pms.local.disk import DiskStore  # noqa: PLC0415 - only what is used is loaded

        return DiskStore(settings.local_root)
    from host_pms.aws.s3 import S3Store  # noqa: PLC0415 - only what is used is loaded

    return S3Store(**_aws(settings), kms_key_id=settings.aws_s3_kms_key_id)


def _heads(settings: ArchiveSettings) -> HeadStore:
    if settings.storage == "local":
        from host_pms.local.head import DiskHeads  # noqa: PLC0415 - only what is used is loaded

        return DiskHeads(settings.local_root)
    from host_pms.aws.s3_head import S3Heads  # noqa: PLC0415 - only what is used is loaded

    return S3Heads(**_aws(settings), kms_key_id=settings.aws_s3_kms_key_id)


def _new_owner() -> str:
    """Unique to a holder of a lease; it begins with its process."""
    return f"{this_process()}/{uuid.uuid4().hex}"


def _is_gone(settings: ArchiveSettings) -> Callable[[str], bool]:
    """S2: who shares a disk can be a process of this machine, and then it is known when it is gone."""
    if settings.storage == "local":
        return lambda owner: is_gone(owner.partition("/")[0])
    return lambda _owner: False


def _queue(settings: Settings, clock: Clock) -> Queue:
    if settings.storage == "local":
        from host_pms.local.queue import DiskQueue  # noqa: PLC0415 - only what is used is loaded

        return DiskQueue(settings.local_root, settings.queue_name, clock)
    from host_pms.aws.sqs import SqsQueue  # noqa: PLC0415 - only what is used is loaded

    return SqsQueue(settings.queue_name, **_aws(settings))


def _without_effects(world: Neighbours) -> Neighbours:
    from host_pms.local import dry  # noqa: PLC0415 - as above

    def notify(event: Event) -> None:
        # Whoever counts `trigger_sent` must not count what was never sent.
        world.notify(replace(event, context={**event.context, "dry_run": True}))

    return replace(
        world,
        store=dry.DiscardingStore(),
        heads=dry.DiscardingHeads(),
        queue=dry.DiscardingQueue(),
        esb=dry.ReadOnlyEsb(world.esb),
        notify=notify,
    )
