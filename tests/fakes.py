"""Doubles that remember: a test asserts the state of the world, not the calls that made it."""

import hashlib
import io
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from threading import Lock
from typing import Any, BinaryIO

from host_pms.errors import DivergentObjectError, VersionMismatchError
from host_pms.ports import HeldHead


class MemoryStore:
    """The port `ObjectStore`; `objects` holds the bytes by bucket and key."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], bytes] = {}
        self._lock = Lock()

    def put_new(self, bucket: str, key: str, body: BinaryIO) -> None:
        body.seek(0)
        content = b"".join(iter(lambda: body.read(1 << 16), b""))
        with self._lock:
            if self.objects.setdefault((bucket, key), content) != content:
                raise DivergentObjectError(f"{bucket}/{key} exists already with other bytes.")

    def read(self, bucket: str, key: str) -> AbstractContextManager[BinaryIO]:
        if (bucket, key) not in self.objects:
            raise FileNotFoundError(f"There is no {bucket}/{key}.")
        return io.BytesIO(self.objects[bucket, key])

    def keys(self, bucket: str, prefix: str) -> tuple[str, ...]:
        with self._lock:
            return tuple(sorted(key for at, key in self.objects if at == bucket and key.startswith(prefix)))

    def folders(self, bucket: str) -> tuple[str, ...]:
        return tuple(sorted({key.split("/")[0] for key in self.keys(bucket, "") if "/" in key}))


@dataclass(frozen=True, kw_only=True, slots=True)
class SentMessage:
    """What a queue was given."""

    body: str
    group: str
    deduplication_id: str
    attributes: Mapping[str, str]


class MemoryQueue:
    """The port `Queue`; `sent` holds the messages in order. A deduplication id is remembered for good."""

    def __init__(self) -> None:
        self.sent: list[SentMessage] = []
        self._lock = Lock()

    def send(self, body: str, *, group: str, deduplication_id: str, attributes: Mapping[str, str]) -> None:
        message = SentMessage(
            body=body, group=group, deduplication_id=deduplication_id, attributes=dict(attributes)
        )
        with self._lock:
            if all(earlier.deduplication_id != deduplication_id for earlier in self.sent):
                self.sent.append(message)


class Shuffled(Executor):
    """Threads that are none: what is submitted is done some time, in an order drawn by `chance`.

    It may be done before `submit` returns, while another is submitted or waited for, when its own result is
    asked for, or never, where nobody asks. What is cancelled may have begun just then.
    """

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._waiting: list[_Drawn] = []

    def submit(self, call: Callable[..., Any], /, *given: Any, **named: Any) -> Future[Any]:
        drawn = _Drawn(self, partial(call, *given, **named))
        self._waiting.append(drawn)
        self.some_time_passes()
        return drawn

    def some_time_passes(self) -> None:
        while self._waiting and self.happens():
            self._chance.choice(self._waiting).do()

    def happens(self) -> bool:
        return self._chance.random() < 0.5

    def takes(self, drawn: "_Drawn") -> bool:
        """Whether it was still waiting."""
        if drawn not in self._waiting:
            return False
        self._waiting.remove(drawn)
        return True


class _Drawn(Future[Any]):
    """What was submitted to `Shuffled`."""

    def __init__(self, threads: Shuffled, call: Callable[[], Any]) -> None:
        super().__init__()
        self._threads = threads
        self._call = call

    def do(self) -> None:
        if self._threads.takes(self) and not self.cancelled():
            try:
                self.set_result(self._call())
            except Exception as error:  # noqa: BLE001 - as an executor does
                self.set_exception(error)

    def cancel(self) -> bool:
        return self._threads.happens() and super().cancel()

    def result(self, timeout: float | None = None) -> Any:
        self._threads.some_time_passes()
        self.do()
        return super().result(timeout)


class FakeClock:
    """The port `Clock`, for any number of threads; its time passes only in `sleep`.

    `sleeps` holds every sleep, in order. `uniform` answers `jitter` times what it was given, which
    `uppers` holds.
    """

    def __init__(
        self, start: datetime = datetime(2024, 1, 15, 10, 30, 45, tzinfo=UTC), *, jitter: float = 1.0
    ) -> None:
        self.sleeps: list[float] = []
        self.uppers: list[float] = []
        self._start = start
        self._jitter = jitter
        self._elapsed = 0.0
        self._lock = Lock()

    def now(self) -> datetime:
        with self._lock:
            return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        with self._lock:
            return 1000.0 + self._elapsed

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.sleeps.append(seconds)
            self._elapsed += seconds

    def uniform(self, upper: float) -> float:
        with self._lock:
            self.uppers.append(upper)
            return upper * self._jitter


class MemoryHeads:
    """The port `HeadStore`; `heads` holds body, version and the time of the write, by bucket and key.

    A version is a hash of the body, as S3's is: a body that comes back brings its old version back.
    """

    def __init__(self, clock: FakeClock) -> None:
        self.heads: dict[tuple[str, str], tuple[bytes, str, float]] = {}
        self._clock = clock
        self._lock = Lock()

    def read(self, bucket: str, key: str) -> HeldHead | None:
        with self._lock:
            if (bucket, key) not in self.heads:
                return None
            body, version, written = self.heads[bucket, key]
            return HeldHead(body=body, version=version, age=self._clock.monotonic() - written)

    def swap(self, bucket: str, key: str, body: bytes, *, expected: str | None) -> str:
        with self._lock:
            _, version, _ = self.heads.get((bucket, key), (b"", None, 0.0))
            if version != expected:
                raise VersionMismatchError(f"{bucket}/{key} has another version.")
            version = hashlib.sha256(body).hexdigest()
            self.heads[bucket, key] = (body, version, self._clock.monotonic())
            return version
