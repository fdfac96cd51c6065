"""What must hold after every history, read off the world alone: what was published, told and put."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec
from chaos.history import History
from chaos.hotel import HOTEL, ROOM_PRICE, Version
from chaos.workers import ABSORBED, Crash, Fault
from chaos.world import LOOKBACK, Registered, World

from host_pms.errors import BusyError, ConnectorError, NeedsPersonError, TransientError
from host_pms.models.head import HeadError, read_head
from host_pms.models.manifest import Manifest
from host_pms.models.run import manifests_of

Shown = Mapping[int, int]
"""The version of every booking that a published file shows, by booking."""


class _Night(msgspec.Struct, rename="camel"):
    reservation_id: str
    revenue_room: float


class _Trigger(msgspec.Struct, rename="camel"):
    timestamp: str
    files: list[dict[str, str | int]]


@dataclass(frozen=True, kw_only=True)
class RunShown:
    """What the processor was triggered with: a run, when it began by the hotel's clock, and what it shows."""

    timestamp: str
    began: datetime
    shown: Shown


def findings(history: History) -> list[str]:
    """Everything that is wrong; empty if all is well."""
    world = history.world
    return [
        *_ends(history),
        *_absorbed(history),
        *_lost(world),
        *_registered_twice(world),
        *_watermark_ahead(world),
        *_published_twice(world),
        *_out_of_order(world),
        *_reset_overwritten(history),
        *_left_open(history),
        *_first_is_complete(world),
    ]


def runs_shown(world: World) -> list[RunShown]:
    """The runs in the order in which their first triggers came."""
    shown: dict[str, RunShown] = {}
    for message in world.queue.sent:
        trigger = msgspec.json.decode(message.body, type=_Trigger)
        keys = {(file["bucket"], file["fileKey"]) for file in trigger.files}
        files = [world.store.objects[place] for place in sorted(keys) if "reservation" in str(place[0])]
        shown[trigger.timestamp] = RunShown(
            timestamp=trigger.timestamp,
            began=datetime.strptime(trigger.timestamp, "%Y%m%dT%H%M%SZ"),  # noqa: DTZ007 - the hotel's
            shown={booking: number for file in files for booking, number in _shown(file).items()},
        )
    return list(shown.values())


def _shown(body: bytes) -> Shown:
    nights = msgspec.json.decode(body, type=list[_Night])
    return {
        int(night.reservation_id): round(night.revenue_room) - ROOM_PRICE * int(night.reservation_id)
        for night in nights
        if night.revenue_room  # else a posting made it (R7)
    }


def _version(world: World, booking: int, number: int) -> Version:
    return world.hotel.versions[booking][number - 1]


def _ends(history: History) -> Iterator[str]:
    for tries in history.tries:
        if tries[-1] is not None:
            yield f"a sync never came to its end: {tries[-1]!r} after {len(tries)} tries"
        for error in [*tries, *history.world.rivals]:
            if isinstance(error, NeedsPersonError) or not isinstance(
                error, ConnectorError | Crash | type(None)
            ):
                yield f"nothing here needs a person, and yet: {error!r}"


def _absorbed(history: History) -> Iterator[str]:
    """S1: a swap of the head survives a lost answer, and the run goes on as if nothing had been."""
    if history.faults.hit and all(
        method == "heads.swap" and fault in ABSORBED for fault, method in history.faults.hit
    ):
        failed = [error for tries in history.tries for error in tries if error is not None]
        if failed:
            yield f"a fault that S1 absorbs ended a sync: {failed[0]!r}"


def _lost(world: World) -> Iterator[str]:
    """Every version that the last run could see is what the processor was last told of its booking."""
    told: dict[int, int] = {}
    for run in runs_shown(world):
        told.update(run.shown)
    for version in world.hotel.seen(world.local_time()):
        if told.get(version.booking) != version.number:
            yield f"lost: {version} is published as version {told.get(version.booking)}"


def _registered_twice(world: World) -> Iterator[str]:
    first: dict[str, Registered] = {}
    for found in world.esb.registered:
        known = first.setdefault(found.registration.file_key + found.registration.bucket, found)
        if (known.registration, known.content) != (found.registration, found.content):
            yield f"registered twice, differently: {found.registration.file_key}"
        if found.content == b"missing":
            yield f"registered before it was stored: {found.registration.file_key}"


def _watermark_ahead(world: World) -> Iterator[str]:
    """When a watermark is put, what could be seen at that time of the hotel's clock is registered."""
    for at, watermark in world.esb.moves:
        registered: dict[int, int] = defaultdict(int)
        for found in world.esb.registered:
            if found.at <= at and found.registration.file_type == "reservation":
                for booking, number in _shown(found.content).items():
                    registered[booking] = max(registered[booking], number)
        for version in world.hotel.seen(watermark):
            later = world.hotel.versions[version.booking][version.number :]
            if registered[version.booking] < version.number and not any(
                next_one.visible <= at.replace(tzinfo=None) for next_one in later
            ):
                yield f"the watermark {watermark} is ahead of {version}"


def _published_twice(world: World) -> Iterator[str]:
    """A version is published by a second run only if the look-back before the first one reaches it.

    But for what docs/delivery.md does not promise: a person's reset, and a watermark whose put was frozen
    until a later one had landed, which sets it back.
    """
    put = [watermark for _, watermark in world.esb.moves]
    resets = world.esb.put_by_hand or put != sorted(put)
    first: dict[tuple[int, int], RunShown] = {}
    for run in runs_shown(world):
        for booking, number in run.shown.items():
            known = first.setdefault((booking, number), run)
            version = _version(world, booking, number)
            if known is not run and version.updated < known.began - LOOKBACK and not resets:
                yield f"published twice: {version} by {known.timestamp} and {run.timestamp}"


def _out_of_order(world: World) -> Iterator[str]:
    timestamps = [run.timestamp for run in runs_shown(world)]
    if timestamps != sorted(timestamps):
        yield f"triggered out of order: {timestamps}"
    bodies: dict[str, str] = {}
    for message in world.queue.sent:
        stamp = message.attributes["Timestamp"]
        if stamp in bodies:  # the queue drops a repeat of the same name
            yield f"triggered twice, under two names: {stamp}"
        bodies[stamp] = message.body
        registered = {
            found.registration.file_key
            for found in world.esb.registered
            if stamp in found.registration.file_key
        }
        told = {str(file["fileKey"]) for file in msgspec.json.decode(message.body, type=_Trigger).files}
        if told != registered:
            yield f"{stamp} was triggered with {told}, and {registered} are registered"


def _reset_overwritten(history: History) -> Iterator[str]:
    """What a person sets is where the next run begins.

    The ESB has no compare-and-swap: what is set between the last look and the put cannot be seen.
    """
    if (Fault.RESET, "esb.move_watermark") in history.faults.hit:
        return
    runs = _closed_runs(history.world)
    for at, reset in history.world.esb.put_by_hand:
        obeyed = [run for run in runs if run.window.held == reset]
        if not obeyed and any(run.started > at for run in runs):
            yield f"no run began at {reset}, which a person had put at {at}"
        for run in obeyed:
            if run.window.update_from > reset - LOOKBACK:
                yield f"{run.started} read from {run.window.update_from} although {reset} was put"


def _closed_runs(world: World) -> list[Manifest]:
    return [
        msgspec.json.decode(body, type=Manifest)
        for (_, key), body in world.store.objects.items()
        if key.startswith(manifests_of(HOTEL))
    ]


def _first_is_complete(world: World) -> Iterator[str]:
    """Only a first import is told as complete: the others hold what changed."""
    complete = {found.registration.record_date: found.registration.complete for found in world.esb.registered}
    if [complete[date] for date in sorted(complete)] != [True, *[False] * (len(complete) - 1)]:
        yield f"told as complete: {complete}"


def _left_open(history: History) -> Iterator[str]:
    """No run is open, and nobody holds the lease, unless the very swap that frees it was hit."""
    ((body, _, _),) = history.world.heads.heads.values()
    try:
        head = read_head(body, HOTEL)
    except HeadError as fault:
        yield f"left behind a head that {fault}"
        return
    may_be_held = any(method == "heads.swap" for _, method in history.faults.hit)
    if head.open_run is not None or (head.lease.held and not may_be_held):
        yield f"left behind: {head}"


def explained(error: BaseException | None) -> str:
    """How a try ended, for a person."""
    if isinstance(error, BusyError):
        return "busy"
    return "done" if error is None else "tried again" if isinstance(error, TransientError) else repr(error)
