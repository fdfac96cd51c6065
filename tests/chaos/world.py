"""The world of a simulated history: one clock, the hotel, the ESB, the stores, and what lands late."""

import hashlib
import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import Any

import msgspec
from chaos.hotel import HOTEL, Hotel
from fakes import MemoryHeads, MemoryQueue, MemoryStore, Shuffled

from host_pms.models.run import Buckets
from host_pms.ports import ImportParameters, Registration
from host_pms.services.lookahead import Ahead
from host_pms.services.policy import Policy

START = datetime(2024, 1, 15, 2, 0, tzinfo=UTC)
LOOKBACK = timedelta(hours=2)
POLICY = Policy(
    buckets=Buckets(raw_prefix="raw-", processed_prefix="out-"),
    lookback=LOOKBACK,
    inventory_horizon=timedelta(days=40),
    records_per_file=10,
    reject_limit=0.05,
    id_format="composite",
    lease_ttl=timedelta(seconds=120),
)


class Time:
    """The port `Clock` of every worker; it passes with every call and every sleep, and nowhere else."""

    def __init__(self) -> None:
        self.elapsed = 0.0
        self._late: list[tuple[float, int, Callable[[], object]]] = []
        self._order = count()

    def now(self) -> datetime:
        return START + timedelta(seconds=self.elapsed)

    def monotonic(self) -> float:
        return self.elapsed

    def sleep(self, seconds: float) -> None:
        self.passes(seconds)

    def uniform(self, upper: float) -> float:
        return upper

    def later(self, seconds: float, effect: Callable[[], object]) -> None:
        heapq.heappush(self._late, (self.elapsed + seconds, next(self._order), effect))

    def passes(self, seconds: float) -> None:
        end = self.elapsed + seconds
        while self._late and self._late[0][0] <= end:
            self.elapsed, _, effect = heapq.heappop(self._late)
            effect()
        self.elapsed = end


@dataclass(frozen=True, kw_only=True)
class Registered:
    """What the ESB was told of a file, and what the file held then."""

    at: datetime
    registration: Registration
    content: bytes


@dataclass
class SimulatedEsb:
    """The port `Esb`. It takes every watermark that is put, in the order in which they land."""

    store: MemoryStore
    time: Time
    last_import: datetime | None = None
    registered: list[Registered] = field(default_factory=list)
    moves: list[tuple[datetime, datetime]] = field(default_factory=list)
    put_by_hand: list[tuple[datetime, datetime]] = field(default_factory=list)

    def hotels(self) -> tuple[str, ...]:
        return (HOTEL,)

    def parameters(self, hotel_code: str) -> ImportParameters:
        assert hotel_code == HOTEL
        return ImportParameters(last_import=self.last_import)

    def register(self, registration: Registration, *, idempotency_key: str) -> None:
        assert idempotency_key
        content = self.store.objects.get((registration.bucket, registration.file_key), b"missing")
        self.registered.append(Registered(at=self.time.now(), registration=registration, content=content))

    def move_watermark(self, hotel_code: str, last_import: datetime, *, idempotency_key: str) -> None:
        assert (hotel_code, bool(idempotency_key)) == (HOTEL, True)
        self.last_import = last_import
        self.moves.append((self.time.now(), last_import))

    def reset_by_hand(self, last_import: datetime) -> None:
        self.last_import = last_import
        self.put_by_hand.append((self.time.now(), last_import))


class World:
    """All of it; `trace` is what the workers did, in order."""

    def __init__(self, seed: int, *, disk: bool) -> None:
        self.chance = Random(seed)
        self.disk = disk
        self.pages_ahead = 3 if seed > 2 else 0
        self.time = Time()
        self.hotel = Hotel(chance=self.chance, by_update=seed % 2 == 1, now=self.local_time())
        self.store = MemoryStore()
        self.heads = MemoryHeads(self.time)  # type: ignore[arg-type]
        self.queue = MemoryQueue()
        self.esb = SimulatedEsb(store=self.store, time=self.time)
        self.trace: list[tuple[Any, ...]] = []
        self.quiet = False
        self.names = count(1)
        self.gone: set[str] = set()
        self.rivals: list[Exception | None] = []

    def ahead(self) -> Ahead | None:
        """What one worker fetches ahead, in an order of its own."""
        if not self.pages_ahead:
            return None
        return Ahead(threads=Shuffled(Random(self.chance.random())), answers=self.pages_ahead)

    def local_time(self) -> datetime:
        """The hotel's clock: the world's own, without a zone."""
        return self.time.now().replace(tzinfo=None)

    def passes(self, seconds: float) -> None:
        """Time passes for all."""
        self.time.passes(seconds)
        self.hotel.now = self.local_time()

    def digest(self) -> str:
        """Stands for all that happened and all that was left behind."""
        left = (
            self.trace,
            sorted((bucket, key, hashlib.sha256(body).hexdigest()) for (bucket, key), body in self.objects()),
            [message.body for message in self.queue.sent],
            self.esb.moves,
        )
        return hashlib.sha256(msgspec.json.encode(left)).hexdigest()

    def objects(self) -> list[tuple[tuple[str, str], bytes]]:
        heads = [(place, head[0]) for place, head in self.heads.heads.items()]
        return [*self.store.objects.items(), *heads]
