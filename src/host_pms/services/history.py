"""The runs of a hotel as its state tells them, the open one and the closed ones; nothing is written."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from host_pms.errors import ConnectorError, NeedsPersonError, UsageError
from host_pms.models.head import Head, Lease, Phase
from host_pms.models.manifest import KeptError, Manifest, manifest_of, read_manifest
from host_pms.models.run import TIMESTAMP, Run, is_hotel_code, manifests_of
from host_pms.services.archive import Archive
from host_pms.services.closing import kept_rejects
from host_pms.services.fleet import refuse_bad_code
from host_pms.services.journal import head_key, is_held, trusted_head
from host_pms.services.policy import Policy


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownRun:
    """A run. `phase` is where an open one stands; its manifest is what that of today would be."""

    manifest: Manifest
    phase: Phase | None

    @property
    def run(self) -> Run:
        """Whose and when."""
        return Run(hotel_code=self.manifest.hotel_code, started=self.manifest.started)

    @property
    def stage(self) -> str:
        """The phase of an open run, how a closed one ended."""
        return (self.phase or self.manifest.outcome).value


@dataclass(frozen=True, kw_only=True, slots=True)
class Holder:
    """Who holds a hotel's lease, and for how many seconds nothing was heard of it."""

    owner: str
    silent: float


@dataclass(frozen=True, kw_only=True, slots=True)
class HotelRuns:
    """A hotel's runs, newest first; `older` closed ones were not looked at.

    `faults` are the objects that cannot be trusted; what they would tell is missing.
    """

    hotel_code: str
    runs: tuple[KnownRun, ...]
    older: int = 0
    holder: Holder | None = None
    faults: tuple[ConnectorError, ...] = ()


def known_hotels(archive: Archive, policy: Policy) -> tuple[str, ...]:
    """The codes of the hotels of which anything is kept; no neighbour is asked."""
    return tuple(code for code in archive.store.folders(policy.buckets.raw_configs) if is_hotel_code(code))


def runs_of_hotels(
    hotel_codes: Sequence[str], archive: Archive, policy: Policy, *, last: int, at_once: int
) -> list[HotelRuns]:
    """The open run and the `last` closed ones of every hotel, in the order given.

    Raises:
        UsageError: one is no hotel code.
    """
    for code in hotel_codes:
        refuse_bad_code(code)
    with ThreadPoolExecutor(max_workers=at_once, thread_name_prefix="hotel") as workers:
        return list(workers.map(lambda code: _guarded_runs(code, archive, policy, last=last), hotel_codes))


def _guarded_runs(hotel_code: str, archive: Archive, policy: Policy, *, last: int) -> HotelRuns:
    """One hotel's fault hides no other's runs."""
    try:
        return runs_of_hotel(hotel_code, archive, policy, last=last)
    except ConnectorError as fault:
        return HotelRuns(hotel_code=hotel_code, runs=(), faults=(fault,))


def runs_of_hotel(hotel_code: str, archive: Archive, policy: Policy, *, last: int) -> HotelRuns:
    """The hotel's open run and its `last` closed ones.

    Raises:
        ConnectorError: the store did not answer.
    """
    faults: list[ConnectorError] = []
    holder, opened = None, None
    try:
        holder, opened = _from_head(hotel_code, archive, policy)
    except NeedsPersonError as fault:
        faults.append(fault)
    closed = _closed(hotel_code, archive, policy)
    if opened is not None and opened.run in closed:  # its manifest is written, but it is still open
        closed.remove(opened.run)
    runs = [opened] if opened else []
    for run in closed[:last]:
        try:
            runs.append(_closed_run(run, archive, policy))
        except FileNotFoundError:  # deleted since it was listed
            continue
        except NeedsPersonError as fault:
            faults.append(fault)
    return HotelRuns(
        hotel_code=hotel_code,
        runs=tuple(sorted(runs, key=lambda known: known.run.started, reverse=True)),
        older=len(closed[last:]),
        holder=holder,
        faults=tuple(faults),
    )


def _from_head(hotel_code: str, archive: Archive, policy: Policy) -> tuple[Holder | None, KnownRun | None]:
    bucket = policy.buckets.raw_configs
    found = archive.heads.read(bucket, head_key(hotel_code))
    if found is None:
        return None, None
    head = trusted_head(found.body, bucket, hotel_code)
    return _holder(head.lease, found.age, archive, policy), _open_run(head)


def _holder(lease: Lease, age: float, archive: Archive, policy: Policy) -> Holder | None:
    held = is_held(lease, age, ttl=policy.lease_ttl.total_seconds(), is_gone=archive.is_gone)
    return Holder(owner=lease.owner, silent=age) if held else None


def _open_run(head: Head) -> KnownRun | None:
    """The rejected rows are only counted in it."""
    open_run = head.open_run
    if open_run is None:
        return None
    return KnownRun(manifest=manifest_of(head.hotel_code, open_run, rejected=()), phase=open_run.phase)


def _closed(hotel_code: str, archive: Archive, policy: Policy) -> list[Run]:
    """Every closed run, newest first."""
    prefix = manifests_of(hotel_code)
    names = (key.removeprefix(prefix) for key in archive.store.keys(policy.buckets.raw_configs, prefix))
    moments = (read_timestamp(name.removesuffix(".json")) for name in names if name.endswith(".json"))
    return [Run(hotel_code=hotel_code, started=moment) for moment in sorted(filter(None, moments))[::-1]]


def _closed_run(run: Run, archive: Archive, policy: Policy) -> KnownRun:
    bucket = policy.buckets.raw_configs
    try:
        with archive.store.read(bucket, run.manifest_key) as stream:
            return KnownRun(manifest=read_manifest(stream.read(), run), phase=None)
    except KeptError as fault:
        raise NeedsPersonError(
            f"The manifest {bucket}/{run.manifest_key} {fault}.",
            remedy="It was left as it is; put back its last good version.",
        ) from fault


def asked_run(hotel_code: str, timestamp: str) -> Run:
    """The run that somebody names.

    Raises:
        UsageError: there can be none of that name.
    """
    refuse_bad_code(hotel_code)
    moment = read_timestamp(timestamp)
    if moment is None:
        raise UsageError(
            f"{timestamp[:40]!a} is no timestamp of a run, such as 20240115T103045Z.",
            remedy=f"`host-pms runs --hotel {hotel_code}` lists them.",
        )
    return Run(hotel_code=hotel_code, started=moment)


def read_timestamp(text: str) -> datetime | None:
    """The moment that a run's timestamp stands for; None where `text` is none."""
    try:
        moment = datetime.strptime(text, TIMESTAMP).replace(tzinfo=UTC)
    except ValueError:
        return None
    return moment if f"{moment:{TIMESTAMP}}" == text else None  # strptime takes 2024115T… too


def find_run(run: Run, archive: Archive, policy: Policy) -> KnownRun:
    """The run as a whole, its rejected rows too.

    Raises:
        UsageError: there is none.
        NeedsPersonError: what is kept of it cannot be trusted.
    """
    try:
        return _closed_run(run, archive, policy)
    except FileNotFoundError:
        _, opened = _from_head(run.hotel_code, archive, policy)
    if opened is None or opened.run != run:
        raise UsageError(
            f"No run {run.timestamp} of {run.hotel_code} is known.",
            remedy=f"`host-pms runs --hotel {run.hotel_code}` lists those that are.",
        )
    rejected = kept_rejects(archive.store, policy.buckets, run, opened.manifest.answers)
    return KnownRun(manifest=msgspec.structs.replace(opened.manifest, rejected=rejected), phase=opened.phase)
