"""A run's files made again of its raw answers, and compared with those it named; nothing is written.

Neither Host nor the ESB is asked. What comes out depends on the answers, the version and the settings that
shape files (RESERVATION_ID_FORMAT, MAX_RECORDS_PER_FILE, the buckets' names).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Never

from host_pms.errors import ConnectorError, IncompleteListError, NeedsPersonError
from host_pms.models.head import StoredFile
from host_pms.models.host.json_text import PageError
from host_pms.models.manifest import Manifest, RejectedRow
from host_pms.ports import ObjectStore, Wanted
from host_pms.services.answers import Answers
from host_pms.services.archive import Archive
from host_pms.services.damage import Damaged, damage, damaged_answers
from host_pms.services.differences import Difference, first_difference
from host_pms.services.extraction import Extraction
from host_pms.services.history import KnownRun
from host_pms.services.policy import Policy
from host_pms.services.reading import Reading
from host_pms.services.telling import Teller
from host_pms.services.transformation import Extracted, Made, Transformation


class Verdict(StrEnum):
    """What a replay comes to."""

    EQUAL = "equal"
    NOTHING = "nothing to compare"
    DIFFERENT = "different"
    DAMAGED = "damaged"


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplayedFile:
    """A file as the run named it and as it is made now; None where there is none.

    `difference` is known where what was published could be read.
    """

    before: StoredFile | None
    now: StoredFile | None
    difference: Difference | None = None

    @property
    def is_equal(self) -> bool:
        """Byte for byte."""
        return self.before is not None and self.now is not None and self.before.sha256 == self.now.sha256


@dataclass(frozen=True, kw_only=True, slots=True)
class Replay:
    """A replayed run. `reason` says why where the files alone do not.

    `accepted` are rows that the run rejected and that would pass now, `rejected` the other way round.
    """

    verdict: Verdict
    reason: str = ""
    files: tuple[ReplayedFile, ...] = ()
    damaged: tuple[Damaged, ...] = ()
    accepted: tuple[RejectedRow, ...] = ()
    rejected: tuple[RejectedRow, ...] = ()


def replay(
    known: KnownRun, archive: Archive, policy: Policy, *, keep: Callable[[Made], None] = lambda _made: None
) -> Replay:
    """Make the run's files again; `keep` is given each, but for a run that published nothing.

    Raises:
        ConnectorError: the store did not answer, or refused to.
    """
    manifest = known.manifest
    if manifest.answers is None:
        return Replay(verdict=Verdict.NOTHING, reason=_why_not_final(known))
    with ExitStack() as room:
        try:
            extracted, is_whole = _read(known, archive, policy)
            work = Transformation(run=known.run, window=manifest.window, policy=policy)
            made = work.make(extracted, room).made
        except ConnectorError as fault:
            damaged = damaged_answers(manifest, archive.store, policy)
            if not damaged and not _is_about_answers(fault):
                raise
            return _without_files(manifest, fault, damaged)
        if not is_whole and (damaged := damaged_answers(manifest, archive.store, policy)):
            return Replay(verdict=Verdict.DAMAGED, damaged=damaged)
        result = _judged(known, archive.store, made, extracted)
        if result.files or not manifest.counts:
            for file in made:
                keep(file)
        accepted = _only_in(manifest.rejected, extracted.rejected)
        return replace(result, accepted=accepted, rejected=_only_in(extracted.rejected, manifest.rejected))


def _why_not_final(known: KnownRun) -> str:
    if known.phase is None:
        return f"It was given up before all was read: {known.manifest.reason}"
    return "It is open and has not read all yet."


def _read(known: KnownRun, archive: Archive, policy: Policy) -> tuple[Extracted, bool]:
    """All that the run read, from its kept answers, and whether all of these were needed for it."""
    manifest = known.manifest
    answers = Answers(
        known.run,
        archive.store,
        archive.clock,
        kept=manifest.progress,
        opened_by=manifest.epoch,
        epoch=manifest.epoch,
        final=True,
        ahead=None,
        checkpoint=lambda: None,
        keep_lease=lambda: None,
        record=lambda _progress: None,
    )
    source = Extraction(
        run=known.run,
        pms=_NoPms(),
        answers=answers,
        buckets=policy.buckets,
        teller=Teller(run=known.run, notify=lambda _event: None),
    )
    reading = Reading(
        source=source,
        config=source.config(),
        window=manifest.window,
        last_night=manifest.last_night,
        temporary=policy.temporary,
    )
    return reading.hotel(), answers.progress().digest == manifest.progress.digest


class _NoPms:
    """The port `PmsApi` for a run whose answers are final: there is nothing left to ask."""

    def config(self, hotel_code: str) -> Never:
        raise LookupError(hotel_code)

    def reservations(self, hotel_code: str, update_from: datetime, start: int) -> Never:
        raise LookupError(hotel_code, update_from, start)

    def revenue(self, hotel_code: str, update_from: datetime, start: int) -> Never:
        raise LookupError(hotel_code, update_from, start)

    def inventory_grid(self, hotel_code: str, first: date, last: date) -> Never:
        raise LookupError(hotel_code, first, last)

    def ahead(self, wanted: Wanted) -> Never:
        raise LookupError(wanted)


def _is_about_answers(fault: ConnectorError) -> bool:
    """Whether it is this version that does not take the answers, and not the store that fails."""
    return isinstance(fault, NeedsPersonError | IncompleteListError) or isinstance(fault.__cause__, PageError)


def _without_files(manifest: Manifest, fault: ConnectorError, damaged: tuple[Damaged, ...]) -> Replay:
    """It cannot be made again. A run that came to no files itself ended so then."""
    if damaged:
        return Replay(verdict=Verdict.DAMAGED, reason=fault.message, damaged=damaged)
    verdict = Verdict.DIFFERENT if manifest.counts else Verdict.NOTHING
    return Replay(verdict=verdict, reason=f"This version comes to no files: {fault.message}")


def _judged(known: KnownRun, store: ObjectStore, made: Sequence[Made], extracted: Extracted) -> Replay:
    """What was made again beside what the run named."""
    manifest = known.manifest
    if not manifest.files:
        return _of_no_files(known, extracted)
    published = manifest.files[: manifest.registered]
    damaged = tuple(found for file in published for found in damage(store, *_place(file)))
    files = tuple(_compared(manifest, made, store))
    is_equal = all(file.is_equal for file in files)
    verdict = Verdict.DAMAGED if damaged else Verdict.EQUAL if is_equal else Verdict.DIFFERENT
    return Replay(verdict=verdict, files=files, damaged=damaged)


def _of_no_files(known: KnownRun, extracted: Extracted) -> Replay:
    manifest = known.manifest
    if not manifest.counts:  # then it came to no plan
        why = f"It was given up: {manifest.reason}" if known.phase is None else "It is open."
        return Replay(verdict=Verdict.NOTHING, reason=f"Its files were not named yet. {why}")
    rows = extracted.reservations.read + extracted.revenue.read
    if rows:
        return Replay(verdict=Verdict.DIFFERENT, reason=f"It read no rows, and this version reads {rows}.")
    return Replay(verdict=Verdict.NOTHING, reason="Nothing had changed, so it published nothing.")


def _compared(manifest: Manifest, made: Sequence[Made], store: ObjectStore) -> Iterator[ReplayedFile]:
    """Every file that was named then or is made now."""
    before = {file.key: file for file in manifest.files}
    now = {file.file.key: file for file in made}
    for key in {**before, **now}:
        old, new = before.get(key), now.get(key)
        compared = ReplayedFile(before=old, now=new.file if new else None)
        if old and new and not compared.is_equal:
            yield replace(compared, difference=_difference(old, new, store))
        else:
            yield compared


def _difference(old: StoredFile, new: Made, store: ObjectStore) -> Difference | None:
    """None where what was named is not there to be compared."""
    if damage(store, *_place(old)):
        return None
    new.body.seek(0)
    with store.read(old.bucket, old.key) as stream:
        return first_difference(stream, new.body)


def _place(file: StoredFile) -> tuple[str, str, str]:
    return file.bucket, file.key, file.sha256


def _only_in(rows: Sequence[RejectedRow], others: Sequence[RejectedRow]) -> tuple[RejectedRow, ...]:
    """R18: the rows that the others do not reject."""
    known = {_row(rejected) for rejected in others}
    return tuple(rejected for rejected in rows if _row(rejected) not in known)


def _row(rejected: RejectedRow) -> tuple[str, str, int]:
    return rejected.dataset, rejected.raw_key, rejected.row
