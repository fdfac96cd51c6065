"""What the services need from the world, each method with its promise.

`clients`, `aws` and `local` implement these; `tests/fakes.py` has doubles that remember.
Every method may raise `TransientError` or `NeedsPersonError`, and nothing else that is expected but what it
names itself.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import BinaryIO, Protocol

Wanted = Callable[[], bool]
"""Whether what is fetched ahead of its turn may still be asked for."""


class Clock(Protocol):
    """Time and chance, so that both can be given in a test."""

    def now(self) -> datetime:
        """The wall clock, in UTC and aware."""

    def monotonic(self) -> float:
        """Seconds that never go back, for measuring."""

    def sleep(self, seconds: float) -> None:
        """Return after `seconds`."""

    def uniform(self, upper: float) -> float:
        """A number drawn evenly from 0 to `upper`, for jitter."""


class PmsApi(Protocol):
    """Host PMS, one call a method; answers are the bodies, byte for byte.

    Raises:
        AccessDeniedError: the hotel's key was refused.
        RateLimitedError: the key's quota is spent.
        TransientError: no good answer after all retries.
    """

    def config(self, hotel_code: str) -> bytes:
        """The hotel's configuration and clock."""

    def reservations(self, hotel_code: str, update_from: datetime, start: int) -> bytes:
        """At most 100 rows, from row `start` (from 0) of those changed at or after `update_from`."""

    def revenue(self, hotel_code: str, update_from: datetime, start: int) -> bytes:
        """At most 100 postings, from row `start`, of those changed at or after `update_from`."""

    def inventory_grid(self, hotel_code: str, first: date, last: date) -> bytes:
        """The room inventory of `first` to `last`, both included; at most 30 days."""

    def ahead(self, wanted: Wanted) -> "PmsApi":
        """The same API for what is fetched ahead of its turn.

        A call has one try, which is not begun any more when `wanted()` is false, and it waits for nothing
        but its place within the key's limit.
        """


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportParameters:
    """What the ESB holds for a hotel, hotel-local; `last_import` is None before a first import."""

    last_import: datetime | None
    min_import: datetime | None = None
    max_import: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Registration:
    """A published file, as the ESB is told of it."""

    hotel_code: str
    file_type: str
    bucket: str
    file_key: str
    record_count: int
    complete: bool
    record_date: str

    @property
    def file_url(self) -> str:
        """Where the file is."""
        return f"s3://{self.bucket}/{self.file_key}"


class Esb(Protocol):
    """Climber's ESB.

    Raises:
        AccessDeniedError: the ESB's key was refused; nothing can be done for any hotel.
        UsageError: the ESB does not know the hotel.
        TransientError: no good answer after all retries.
    """

    def hotels(self) -> tuple[str, ...]:
        """The codes of the active hotels, in the ESB's order."""

    def parameters(self, hotel_code: str) -> ImportParameters:
        """The hotel's watermark and the limits of its import."""

    def register(self, registration: Registration, *, idempotency_key: str) -> None:
        """Make a file known; a second time with the same body changes nothing."""

    def move_watermark(self, hotel_code: str, last_import: datetime, *, idempotency_key: str) -> None:
        """Put `lastImportDate`."""


class SecretStore(Protocol):
    """Texts that nobody else may see, by their names."""

    def read(self, name: str) -> str:
        """The secret's current text.

        Raises:
            NeedsPersonError: there is no such secret, a right is missing, or it holds no text.
        """


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldText:
    """A text as a table holds it; `version` is what `swap` must name and means nothing else."""

    body: bytes
    version: str


class RateTable(Protocol):
    """One small text a key, which all processes that call with it change, and only by compare-and-swap."""

    def read(self, name: str) -> HeldText | None:
        """What was swapped in last; None where there is nothing yet, or not any more."""

    def swap(self, name: str, body: bytes, *, expected: str | None, expires: float) -> None:
        """Replace the version `expected`, or create where that is None; it may vanish after `expires`.

        One try: nothing is sent twice. `expires` is a wall-clock time in seconds.

        Raises:
            VersionMismatchError: another version is there, or one at all, or none; nothing was written.
            TransientError: no good answer; the text may have been written or not.
            NeedsPersonError: a right or the table is missing.
        """


class ObjectStore(Protocol):
    """Buckets of objects that are written once and never changed.

    `body` is read from its start to its end and left open.
    """

    def put_new(self, bucket: str, key: str, body: BinaryIO) -> None:
        """Create the object, whole or not at all; it lasts when this returns.

        An object that is there already with the same bytes counts as done.

        Raises:
            DivergentObjectError: it is there with other bytes, which stay.
        """

    def read(self, bucket: str, key: str) -> AbstractContextManager[BinaryIO]:
        """The object's bytes, as a stream to be closed.

        Raises:
            FileNotFoundError: there is no such object.
        """

    def keys(self, bucket: str, prefix: str) -> tuple[str, ...]:
        """The keys that start with `prefix`, sorted; none where the bucket is not there."""

    def folders(self, bucket: str) -> tuple[str, ...]:
        """What the bucket's keys have before their first slash, sorted; none where it is not there."""


class Queue(Protocol):
    """A FIFO queue, with one group a hotel."""

    def send(self, body: str, *, group: str, deduplication_id: str, attributes: Mapping[str, str]) -> None:
        """Send once: a repeat with the same `deduplication_id` within 5 minutes is dropped."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldHead:
    """A head as its store holds it.

    `version` is what `swap` must name and means nothing else. `age` is in seconds since the head was
    written, all by the store's own clock and never below 0; S3 knows whole seconds only, so it may be
    off by one.
    """

    body: bytes
    version: str
    age: float


class HeadStore(Protocol):
    """The small objects that change, one a hotel, and only by compare-and-swap.

    Every body ever written under a key must differ from all before it: S3's versions are hashes of the
    content, and a body that comes back would bring its old version back.
    """

    def read(self, bucket: str, key: str) -> HeldHead | None:
        """What was swapped in last; None where there is nothing yet."""

    def swap(self, bucket: str, key: str, body: bytes, *, expected: str | None) -> str:
        """Replace the version `expected`, or create where that is None; the new version is returned.

        One try: nothing is sent twice. The head is whole and lasts when this returns.

        Raises:
            VersionMismatchError: another version is there, or one at all, or none; nothing was written.
            WriteConflictError: another write was under way and this one lost; the same may be sent again.
            TransientError: no good answer; the body may have been written or not.
            NeedsPersonError: a right or the bucket is missing.
        """
