"""S1 and S2: a hotel's head, changed only by compare-and-swap, and the lease on it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import msgspec

from host_pms.errors import (
    BusyError,
    ConnectorError,
    NeedsPersonError,
    StoppedError,
    TransientError,
    VersionMismatchError,
    WriteConflictError,
)
from host_pms.models.head import SCHEMA, Head, HeadError, Lease, OpenRun, Phase, read_head, write_head
from host_pms.models.run import state_of
from host_pms.ports import Clock, HeadStore

SENDS = 5
"""S1: the same body again, 4 times at most."""

# Doubled with each send, full jitter: a store that throttles is not asked five times at once.
_FIRST_PAUSE = 0.5

_RENEW_AT = 1 / 3  # of the lease's length, so when less than 2/3 of it remain
_SLACK = 1 + 1 / 12  # whole seconds of the store's clock, and the time that its answer took


def head_key(hotel_code: str) -> str:
    """Where a hotel's head is, in the raw hotel-configs bucket."""
    return f"{state_of(hotel_code)}head.json"


def trusted_head(body: bytes, bucket: str, hotel_code: str) -> Head:
    """The hotel's head in `body`, which was read from `bucket`.

    Raises:
        NeedsPersonError: it cannot be trusted.
    """
    try:
        return read_head(body, hotel_code)
    except HeadError as fault:
        raise NeedsPersonError(
            f"The state {bucket}/{head_key(hotel_code)} {fault}.",
            remedy="It was left as it is, and nothing was published; never delete it.",
        ) from fault


def is_held(lease: Lease, age: float, *, ttl: float, is_gone: Callable[[str], bool]) -> bool:
    """S2: whether somebody holds a lease that was last written `age` seconds ago and lasts `ttl` seconds."""
    return lease.held and age < ttl * _SLACK and not is_gone(lease.owner)


class Journal:
    """One worker's hold on one hotel's head, from `acquire` to `release`.

    `owner` is unique to this value, also among workers of one process. `ttl` is how long the lease lasts
    after a write; `is_gone` says of another owner that it surely can write no more.
    """

    def __init__(
        self,
        heads: HeadStore,
        bucket: str,
        hotel_code: str,
        *,
        owner: str,
        ttl: timedelta,
        clock: Clock,
        is_gone: Callable[[str], bool],
    ) -> None:
        self._heads = heads
        self._bucket = bucket
        self._key = head_key(hotel_code)
        self.hotel_code = hotel_code
        self._owner = owner
        self._ttl = ttl.total_seconds()
        self._clock = clock
        self._is_gone = is_gone
        self._version: str | None = None
        self._written = 0.0
        self._lost = False
        self._writes = 0
        self.head = Head(
            schema=SCHEMA,
            hotel_code=hotel_code,
            sequence=0,
            put_id="",
            lease=Lease(epoch=0, owner=owner, held=False),
        )

    def acquire(self) -> None:
        """Take the lease: swap in `epoch + 1`.

        Raises:
            BusyError: another worker holds it.
            NeedsPersonError: the head cannot be trusted.
        """
        found = self._heads.read(self._bucket, self._key)
        if found is not None:
            self.head, self._version = self._trusted(found.body), found.version
            if is_held(self.head.lease, found.age, ttl=self._ttl, is_gone=self._is_gone):
                raise self._busy()
        epoch = self.head.lease.epoch + 1
        self.record(lease=Lease(epoch=epoch, owner=self._owner, held=True))

    @property
    def open_run(self) -> OpenRun:
        """The run that is open; only to be asked for where one is."""
        if self.head.open_run is None:
            raise ValueError("no run is open")
        return self.head.open_run

    @property
    def taken_over(self) -> int | None:
        """The epoch of this holder, where the open run was opened by another one."""
        epoch = self.head.lease.epoch
        return None if self.head.open_run is None or self.open_run.epoch == epoch else epoch

    def advance(self, **changes: Any) -> None:
        """Swap the head with these changes in its open run; see `record`."""
        self.record(open_run=msgspec.structs.replace(self.open_run, **changes))

    def record(self, **changes: Any) -> None:
        """Swap the head with these changes in it, which renews the lease.

        Raises:
            BusyError: another worker has the head; nothing was written and nothing may be told.
            TransientError: the store did not answer.
        """
        self._writes += 1
        put_id = f"{self._owner}/{self._writes}"
        head = msgspec.structs.replace(self.head, sequence=self.head.sequence + 1, put_id=put_id, **changes)
        self._version = self._swap(write_head(head), put_id)
        self.head = head
        self._written = self._clock.monotonic()

    def keep(self) -> None:
        """Renew the lease if less than two thirds of it remain.

        Raises:
            BusyError: it was lost.
        """
        if self._clock.monotonic() - self._written >= self._ttl * _RENEW_AT:
            self.record()

    def release(self, failure: str = "") -> None:
        """Free the lease, if it is still this worker's; the head is never deleted.

        A run that stays open remembers the `failure` that ended this worker's part.
        """
        if not self.head.lease.held or self._lost:
            return
        changes: dict[str, Any] = {"lease": msgspec.structs.replace(self.head.lease, held=False)}
        if failure and self.head.open_run is not None and self.open_run.phase is not Phase.ABANDONED:
            changes["open_run"] = msgspec.structs.replace(self.open_run, reason=failure)
        self.record(**changes)

    def _swap(self, body: bytes, put_id: str) -> str:
        """S1: send the same body until it is known what became of it."""
        fault = TransientError(f"{self._key} met another write {SENDS} times.")
        for sent in range(SENDS):
            if sent:
                self._pause(_FIRST_PAUSE * 2 ** (sent - 1))
            try:
                return self._heads.swap(self._bucket, self._key, body, expected=self._version)
            except WriteConflictError:
                continue
            except TransientError as error:
                fault = error
            except VersionMismatchError:
                return self._own_write(put_id)
        if (version := self._landed(put_id)) is None:
            raise fault
        return version

    def _pause(self, longest: float) -> None:
        with suppress(StoppedError):  # what was done is still to be recorded
            self._clock.sleep(self._clock.uniform(longest))

    def _landed(self, put_id: str) -> str | None:
        """The version there, if it is this write's, whose answer got lost."""
        found = self._heads.read(self._bucket, self._key)
        return found.version if found and self._trusted(found.body).put_id == put_id else None

    def _own_write(self, put_id: str) -> str:
        if (version := self._landed(put_id)) is None:
            self._lost = True
            raise self._busy()
        return version

    def _trusted(self, body: bytes) -> Head:
        return trusted_head(body, self._bucket, self.hotel_code)

    def _busy(self) -> BusyError:
        return BusyError(
            f"Another worker holds {self.hotel_code}.",
            remedy="It publishes the hotel; nothing needs to be done.",
        )


@contextmanager
def holding(journal: Journal) -> Iterator[None]:
    """Hold the lease while this lasts. A failure to free it hides nothing of how the work ended.

    Raises:
        BusyError: another worker holds it.
    """
    journal.acquire()
    failure = ""
    try:
        yield
    except ConnectorError as error:
        failure = str(error)
        raise
    finally:
        with suppress(ConnectorError):  # it runs out by itself
            journal.release(failure)
