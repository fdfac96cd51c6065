"""What is kept of a run for good: the list of its raw answers, and the manifest of a run that is closed."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeVar

import msgspec

from host_pms.models.head import Cursors, Frozen, OpenRun, Phase, Progress, StoredFile, Window
from host_pms.models.run import Run


class KeptError(ValueError):
    """Something kept for good that cannot be trusted; says why, never what stands in it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RejectedRow:
    """R18: a row that was set aside: the raw object and place where it stands, the fault, the reason."""

    dataset: str
    raw_key: str
    row: int
    path: str
    reason: str


Kept = TypeVar("Kept")


class RawObject(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One raw answer."""

    bucket: str
    key: str
    sha256: str


class AnswerList(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The raw answers that a frozen run is made of, in the order in which they were asked for."""

    answers: tuple[RawObject, ...]


class Outcome(StrEnum):
    """How a run ended."""

    PUBLISHED = "published"
    UNCHANGED = "unchanged"
    ABANDONED = "abandoned"


class Manifest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A closed run. All of it stands in the head before it is written, so that a repeat writes the same.

    `answers` is the object that lists its raw answers, None where it was given up before they were final.
    `watermark` is what the ESB held after it, None where that is not known, and `cursors` are those that it
    left.
    """

    hotel_code: str
    started: datetime
    outcome: Outcome
    reason: str
    window: Window
    last_night: date
    progress: Progress
    answers: Frozen | None
    files: tuple[StoredFile, ...]
    registered: int
    watermark: datetime | None
    cursors: Cursors
    counts: Mapping[str, int]
    books: Mapping[str, Mapping[str, str]]
    rejected: tuple[RejectedRow, ...]
    epoch: int


# Made here, by one thread: msgspec crashes the process when two threads are the first to decode a struct.
MANIFEST = msgspec.json.Decoder(Manifest)
ANSWER_LIST = msgspec.json.Decoder(AnswerList)
REJECTED_ROWS = msgspec.json.Decoder(tuple[RejectedRow, ...])


def manifest_of(hotel_code: str, open_run: OpenRun, rejected: tuple[RejectedRow, ...]) -> Manifest:
    """The manifest of a run that is about to be closed."""
    plan = open_run.plan
    return Manifest(
        hotel_code=hotel_code,
        started=open_run.started,
        outcome=_outcome(open_run),
        reason=open_run.reason,
        window=open_run.window,
        last_night=open_run.last_night,
        progress=open_run.progress,
        answers=open_run.frozen,
        files=plan.files if plan else (),
        registered=open_run.registered,
        watermark=plan.holds if plan else None,
        cursors=plan.cursors if plan and _moved(open_run) else open_run.window.cursors,
        counts=plan.counts if plan else {},
        books=plan.books if plan else {},
        rejected=rejected,
        epoch=open_run.epoch,
    )


def read_manifest(body: bytes, run: Run) -> Manifest:
    """The manifest of `run` in `body`.

    Raises:
        KeptError: it is damaged, of another version, or another run's.
    """
    manifest = read_kept(body, MANIFEST)
    if Run(hotel_code=manifest.hotel_code, started=manifest.started) != run:
        raise KeptError("is another run's")
    return manifest


def read_kept(body: bytes, decoder: "msgspec.json.Decoder[Kept]") -> Kept:
    """What `encode_kept` wrote, by the decoder of its kind.

    Raises:
        KeptError: it is damaged or of another version.
    """
    try:
        return decoder.decode(body)
    except (ValueError, RecursionError):
        raise KeptError("is damaged or of another version") from None


def encode_kept(value: Any) -> tuple[bytes, str]:
    """What is kept for good, as JSON that a person can read, and its SHA-256."""
    body = msgspec.json.format(msgspec.json.encode(value), indent=1)
    return body, hashlib.sha256(body).hexdigest()


def _moved(open_run: OpenRun) -> bool:
    """Whether the cursors moved: a run that is given up leaves them, also where the watermark was put."""
    return open_run.phase is not Phase.ABANDONED and open_run.plan is not None and open_run.plan.moved


def _outcome(open_run: OpenRun) -> Outcome:
    if open_run.phase is Phase.ABANDONED:
        return Outcome.ABANDONED
    return Outcome.PUBLISHED if open_run.plan and open_run.plan.files else Outcome.UNCHANGED
