"""What a hotel's run asks of the world, counted: calls to Host, the ESB, S3 and SQS, and bytes kept.

Counts, not times: they are what docs/scale.md reckons with, and the same on every machine. `night` is an
ordinary increment, `first import` a whole history; one JSON line.

    python benchmarks/calls.py [hotels] [bookings of the first import]
"""

import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from io import SEEK_END
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from machine import machine
from simulated import Options, simulated

from host_pms.bootstrap import Application, application, ignore
from host_pms.clock import Stop
from host_pms.ports import Esb, HeadStore, HeldHead, ImportParameters, ObjectStore, Queue, Registration
from host_pms.services.fleet import Outcome, sync_fleet
from host_pms.services.window import Asked

HOTELS, BOOKINGS = 20, 2000
HISTORY = 20_000


@dataclass
class Tally:
    """Counts from any thread."""

    counts: Counter[str] = field(default_factory=Counter)
    lock: Lock = field(default_factory=Lock)

    def add(self, name: str, number: int = 1) -> None:
        """Count."""
        with self.lock:
            self.counts[name] += number


@dataclass
class CountedStore:
    """A store whose calls are S3's: a put is one, whatever its size."""

    store: ObjectStore
    tally: Tally

    def put_new(self, bucket: str, key: str, body: BinaryIO) -> None:
        """Count and put."""
        size = body.seek(0, SEEK_END)
        body.seek(0)
        self.tally.add("S3 PUT")
        self.tally.add("bytes raw" if "-raw-" in bucket else "bytes processed", size)
        self.store.put_new(bucket, key, body)

    @contextmanager
    def read(self, bucket: str, key: str) -> Iterator[BinaryIO]:
        """Count and read."""
        self.tally.add("S3 GET")
        with self.store.read(bucket, key) as stream:
            yield stream

    def keys(self, bucket: str, prefix: str) -> tuple[str, ...]:
        """Count and list."""
        self.tally.add("S3 LIST")
        return self.store.keys(bucket, prefix)

    def folders(self, bucket: str) -> tuple[str, ...]:
        """Count and list."""
        self.tally.add("S3 LIST")
        return self.store.folders(bucket)


@dataclass
class CountedHeads:
    """Heads whose calls are S3's."""

    heads: HeadStore
    tally: Tally

    def read(self, bucket: str, key: str) -> HeldHead | None:
        """Count and read."""
        self.tally.add("S3 GET")
        return self.heads.read(bucket, key)

    def swap(self, bucket: str, key: str, body: bytes, *, expected: str | None) -> str:
        """Count and swap."""
        self.tally.add("S3 PUT")
        return self.heads.swap(bucket, key, body, expected=expected)


@dataclass
class CountedEsb:
    """An ESB whose calls are counted."""

    esb: Esb
    tally: Tally

    def hotels(self) -> tuple[str, ...]:
        """Count and ask."""
        self.tally.add("ESB")
        return self.esb.hotels()

    def parameters(self, hotel_code: str) -> ImportParameters:
        """Count and ask."""
        self.tally.add("ESB")
        return self.esb.parameters(hotel_code)

    def register(self, registration: Registration, *, idempotency_key: str) -> None:
        """Count and tell."""
        self.tally.add("ESB")
        self.esb.register(registration, idempotency_key=idempotency_key)

    def move_watermark(self, hotel_code: str, last_import: datetime, *, idempotency_key: str) -> None:
        """Count and tell."""
        self.tally.add("ESB")
        self.esb.move_watermark(hotel_code, last_import, idempotency_key=idempotency_key)


@dataclass
class CountedQueue:
    """A queue whose messages are counted."""

    queue: Queue
    tally: Tally

    def send(self, body: str, *, group: str, deduplication_id: str, attributes: Mapping[str, str]) -> None:
        """Count and send."""
        self.tally.add("SQS")
        self.queue.send(body, group=group, deduplication_id=deduplication_id, attributes=attributes)


def counted(wired: Application) -> dict[str, float]:
    """One run of all hotels; its counts, a hotel."""
    world, tally = wired.world, Tally()
    codes = world.esb.hotels()
    before = sum(wired.calls(code)["calls"] for code in codes)
    watched = replace(
        world,
        store=CountedStore(world.store, tally),
        heads=CountedHeads(world.heads, tally),
        esb=CountedEsb(world.esb, tally),
        queue=CountedQueue(world.queue, tally),
    )
    results = sync_fleet(codes, Asked(), wired.policy, watched, at_once=wired.at_once)
    if failed := [result.reason for result in results if result.outcome is not Outcome.DONE]:
        raise SystemExit(failed[0])
    tally.add("Host", sum(wired.calls(code)["calls"] for code in codes) - before)
    nights = sum(result.published.counts["nights"] for result in results if result.published)
    tally.add("nights", nights)
    return {name: round(count / len(codes), 1) for name, count in sorted(tally.counts.items())}


def night(hotels: int) -> dict[str, float]:
    """An ordinary night."""
    options = Options(hotels=hotels, bookings=BOOKINGS, latency=0, imported=True)
    with simulated(options) as server, tempfile.TemporaryDirectory() as folder:
        settings = server.settings(Path(folder))
        with application(settings, Stop(), ignore, dry_run=False) as wired:
            counted(wired)
            server.next_day()
            return counted(wired)


def first_import(bookings: int) -> dict[str, float]:
    """A whole history."""
    options = Options(hotels=1, bookings=bookings, latency=0)
    with simulated(options) as server, tempfile.TemporaryDirectory() as folder:
        settings = server.settings(Path(folder))
        with application(settings, Stop(), ignore, dry_run=False) as wired:
            return counted(wired)


def report(hotels: int = HOTELS, bookings: int = HISTORY) -> dict[str, object]:
    """Both, a hotel."""
    return {
        "benchmark": "calls",
        "night": night(hotels),
        "first import": {**first_import(bookings), "bookings": bookings},
        "machine": machine(),
    }


if __name__ == "__main__":
    print(json.dumps(report(*map(int, sys.argv[1:]))))
