"""From settings to wired objects; the only module that names concrete adapters."""

import os
import random
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TypedDict

from host_pms.clients.connection import build_client
from host_pms.clients.esb import EsbApi
from host_pms.clients.host_api import HostApi, SubscriptionKeys
from host_pms.clients.http import HttpSender
from host_pms.clients.limits import DEFAULT_LIMITS, Limits
from host_pms.config.settings import Settings
from host_pms.errors import StoppedError
from host_pms.events import Event, Notify
from host_pms.ports import Clock, HeadStore, ObjectStore, Queue
from host_pms.services.policy import Policy
from host_pms.services.sync import Neighbours


@dataclass(kw_only=True)
class Stop:
    """Says when a run must stop: somebody asked for it, or its time is up.

    `ends_at` is a moment of `time.monotonic`, after which no new page is read.
    """

    ends_at: float | None = None
    asked: threading.Event = field(default_factory=threading.Event)

    def check(self) -> None:
        """Return if the run may go on.

        Raises:
            StoppedError: it may not.
        """
        left = self.seconds_left()
        if self.asked.is_set() or (left is not None and left <= 0):
            raise StoppedError(
                "Stopped before the hotel was read to its end.",
                remedy="Nothing of it was published; the next run reads it anew.",
            )

    def seconds_left(self) -> float | None:
        """Seconds until the time is up; None if there is no end."""
        return None if self.ends_at is None else self.ends_at - time.monotonic()


@dataclass(frozen=True)
class SystemClock:
    """The machine's clock; a sleep ends at once when the run must stop."""

    stop: Stop

    def now(self) -> datetime:
        """The wall clock, in UTC and aware."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Return after `seconds`.

        Raises:
            StoppedError: the run must stop.
        """
        self.stop.asked.wait(seconds)
        self.stop.check()

    def uniform(self, upper: float) -> float:
        """A number drawn evenly from 0 to `upper`."""
        return random.uniform(0, upper)  # noqa: S311 - jitter, not a secret


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
) -> Iterator[Application]:
    """The connector as `settings` say, for one command; a dry run writes and sends nothing.

    `clock` is the machine's unless another is given, as tests do.
    """
    clock = clock or SystemClock(stop)
    sender = HttpSender(
        client=build_client(connections=2 * settings.max_concurrent_hotels),
        clock=clock,
        max_retries=settings.max_retries,
        seconds_left=stop.seconds_left,
        limits=limits,
    )
    world = Neighbours(
        pms=_host_api(settings, sender, stop),
        esb=_esb(settings, sender),
        store=_store(settings),
        heads=_heads(settings),
        queue=_queue(settings, clock),
        clock=clock,
        notify=notify,
        new_owner=_new_owner,
    )
    try:
        yield Application(
            world=_without_effects(world) if dry_run else world,
            policy=policy(settings),
            at_once=settings.max_concurrent_hotels,
            calls=lambda hotel_code: asdict(sender.counts(hotel_code)),
        )
    finally:
        sender.close()


def policy(settings: Settings) -> Policy:
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


def _aws(settings: Settings) -> _Aws:
    """What every client of AWS takes."""
    return {
        "region": settings.aws_region,
        "endpoint_url": settings.aws_endpoint_url,
        "retries": settings.max_retries,
    }


def _store(settings: Settings) -> ObjectStore:
    if settings.storage == "local":
        from host_pms.local.disk import DiskStore  # noqa: PLC0415 - only what is used is loaded

        return DiskStore(settings.local_root)
    from host_pms.aws.s3 import S3Store  # noqa: PLC0415 - only what is used is loaded

    return S3Store(**_aws(settings), kms_key_id=settings.aws_s3_kms_key_id)


def _heads(settings: Settings) -> HeadStore:
    if settings.storage == "local":
        from host_pms.local.head import DiskHeads  # noqa: PLC0415 - only what is used is loaded

        return DiskHeads(settings.local_root)
    from host_pms.aws.s3_head import S3Heads  # noqa: PLC0415 - only what is used is loaded

    return S3Heads(**_aws(settings), kms_key_id=settings.aws_s3_kms_key_id)


def _new_owner() -> str:
    """Unique to a holder of a lease; the host's name and the process are for people."""
    return f"{socket.gethostname()}/{os.getpid()}/{uuid.uuid4().hex}"


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
