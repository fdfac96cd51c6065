"""What is remembered of a hotel between its runs: one small object, the head."""

import hashlib
from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

import msgspec

SCHEMA = 1

Local = Annotated[datetime, msgspec.Meta(tz=False)]  # by the hotel's clock
Moment = Annotated[datetime, msgspec.Meta(tz=True)]  # by ours
Count = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]  # of answers, which have up to 100 rows each


class HeadError(ValueError):
    """A head that cannot be trusted; says why, never what stands in it."""


class Lease(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Who holds the hotel (S2). `epoch` grows with every holder."""

    epoch: int
    owner: str
    held: bool


class Cursors(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """S9: up to when each list was read, by the hotel's clock; None where it never was."""

    reservations: Local | None = None
    postings: Local | None = None


class Window(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a run reads. `held` is the watermark that the ESB held when it opened."""

    update_from: Local
    revenue_from: Local
    complete: bool
    held: Local | None
    cursors: Cursors
    moves_watermark: bool


class Span(msgspec.Struct, frozen=True, array_like=True):
    """So many answers one after the other, all kept by the holder of one epoch."""

    epoch: int
    answers: Count


class Progress(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The answers that a run has kept, in the order in which it asked for them.

    `digest` is a rolling SHA-256 over them; `pages` counts them by list.
    """

    spans: tuple[Span, ...] = ()
    digest: str = ""
    pages: Mapping[str, int] = {}

    @property
    def answers(self) -> int:
        """How many there are."""
        return sum(span.answers for span in self.spans)


class StoredFile(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A file to publish: its type as the ESB knows it, where it is, how many records, and its SHA-256."""

    file_type: str
    bucket: str
    key: str = msgspec.field(name="fileKey")
    record_count: int
    sha256: str

    def told(self) -> Mapping[str, str | int]:
        """As the trigger and the report name it."""
        return {
            "fileType": self.file_type,
            "bucket": self.bucket,
            "fileKey": self.key,
            "recordCount": self.record_count,
        }


class Frozen(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The final list of a run's raw answers: the object that holds it, and how many rows were rejected."""

    key: str
    sha256: str
    rejected: int


class Plan(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a run will do from STAGED on, named before it is tried (S5), and how far it came.

    `watermark` is the one to put, None where it stays; after it was `moved` or not, `holds` is what the ESB
    holds. `fingerprint` stands for what the files hold beside the rows (S6).
    """

    files: tuple[StoredFile, ...]
    cursors: Cursors
    watermark: Local | None
    fingerprint: str
    counts: Mapping[str, int]
    books: Mapping[str, Mapping[str, str]]
    registered: int = 0
    moved: bool = False
    holds: Local | None = None


class Phase(StrEnum):
    """How far an open run has come: what it is doing, and what is recorded as done before that."""

    EXTRACT = "extract"
    FROZEN = "frozen"
    STAGED = "staged"
    REGISTER = "register"
    WATERMARK = "watermark"
    TRIGGER = "trigger"
    CLOSED = "closed"
    ABANDONED = "abandoned"


NEEDS_ANSWERS = frozenset({Phase.EXTRACT, Phase.FROZEN, Phase.STAGED})
"""Phases after which a run needs its answers again."""

TOLD = frozenset({Phase.WATERMARK, Phase.TRIGGER, Phase.CLOSED})
"""Phases in which the watermark may have been put."""


class OpenRun(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A run that has begun, in `epoch`, and is not closed; `reason` is what it failed at last."""

    phase: Phase
    started: Moment
    epoch: int
    window: Window
    last_night: date
    progress: Progress
    frozen: Frozen | None = None
    plan: Plan | None = None
    reason: str = ""

    @property
    def files(self) -> tuple[StoredFile, ...]:
        """The files that it publishes; none before they are named, and where nothing changed."""
        return self.plan.files if self.plan else ()

    @property
    def registered(self) -> int:
        """How many of its files the ESB knows."""
        return self.plan.registered if self.plan else 0


class Head(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The head. `put_id` is unique to a write, so that a worker knows its own (S1).

    `watermarks` are those last put to the ESB: one, or also that of a run which was given up and may
    have put it. `fingerprint` is the last closed run's (S6).
    """

    schema: int
    hotel_code: str
    sequence: int
    put_id: str
    lease: Lease
    last_started: Moment | None = None
    cursors: Cursors = Cursors()
    watermarks: tuple[Local, ...] = ()
    fingerprint: str = ""
    open_run: OpenRun | None = None


class _Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """A head with its own SHA-256: a flipped bit in a date would move a watermark."""

    sha256: str
    head: msgspec.Raw


def write_head(head: Head) -> bytes:
    """The bytes that `read_head` reads."""
    body = msgspec.json.encode(head)
    return msgspec.json.encode(_Sealed(sha256=hashlib.sha256(body).hexdigest(), head=msgspec.Raw(body)))


def read_head(body: bytes, hotel_code: str) -> Head:
    """The head in `body`.

    Raises:
        HeadError: it is damaged, of another schema, or another hotel's.
    """
    try:
        sealed = _SEALED.decode(body)
        known = _KNOWN.decode(sealed.head)
    except (ValueError, RecursionError):
        raise HeadError("is damaged") from None
    if hashlib.sha256(sealed.head).hexdigest() != sealed.sha256:
        raise HeadError("is damaged: its content does not have its SHA-256")
    if known.schema != SCHEMA:
        raise HeadError(f"has schema {known.schema}, and this version knows {SCHEMA}")
    if known.hotel_code != hotel_code:
        raise HeadError("is another hotel's")
    try:
        head = _HEAD.decode(sealed.head)
    except (ValueError, RecursionError):
        raise HeadError("is damaged or of another version") from None
    if head.open_run is not None and not _agrees(head.open_run, head):
        raise HeadError("contradicts itself")
    return head


def _agrees(run: OpenRun, head: Head) -> bool:
    """Whether `head` can hold `run`, and it has what its phase has and no more."""
    epochs = (run.epoch, *(span.epoch for span in run.progress.spans))
    if run.started != head.last_started or max(epochs) > head.lease.epoch:
        return False
    plan, before = run.plan, Phase.FROZEN if run.frozen else Phase.EXTRACT
    if plan is None:
        return run.phase in {before, Phase.ABANDONED}
    if not plan.files and (run.window.complete or plan.fingerprint != head.fingerprint):
        return False  # only what did not change has no files (S6)
    ours = all(file.key.startswith(f"{head.hotel_code}/") for file in plan.files)
    return ours and run.frozen is not None and run.phase in _phases_of(plan)


def _phases_of(plan: Plan) -> set[Phase]:
    """Those in which a run can have registered as many of its files as this one."""
    untold = {Phase.STAGED, Phase.REGISTER} if plan.registered == 0 else set()
    begun = {Phase.REGISTER} if 0 < plan.registered < len(plan.files) else set()
    told = TOLD if plan.registered == len(plan.files) else set()
    return untold | begun | told | {Phase.ABANDONED}  # a person may give up any


class _Known(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What every schema's head begins with."""

    schema: int
    hotel_code: str


# Made here, by one thread: msgspec crashes the process when two threads are the first to decode a struct.
_SEALED = msgspec.json.Decoder(_Sealed)
_KNOWN = msgspec.json.Decoder(_Known)
_HEAD = msgspec.json.Decoder(Head)
