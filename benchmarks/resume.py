"""How fast a run that was stopped reads what it had kept; one JSON line.

A first import of some 1,000 pages is stopped before the inventory grid, and gone on with from a store that
takes 20 ms a read, as S3 does. `figure` is the kept pages a second against what the store's latency allows
the threads that read ahead; what is made of the rows on the way is in it.

    python benchmarks/resume.py [bookings]
"""

import json
import sys
import tempfile
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO

from machine import machine
from paging import Reading, in_memory
from simulated import Options, simulated

from host_pms.bootstrap import PAGES_AHEAD, Application, application
from host_pms.clock import Stop
from host_pms.errors import StoppedError
from host_pms.events import Event, EventName
from host_pms.ports import ObjectStore, PmsApi
from host_pms.services.fleet import sync_fleet
from host_pms.services.sync import Neighbours
from host_pms.services.window import Asked

BOOKINGS = 46_500  # for 1,000 pages
LATENCY = 0.020
SHARE_OF_LATENCY = 0.4


@dataclass(frozen=True)
class StopsAtTheGrid:
    """A PMS at which a run stops when it has read the two lists."""

    pms: PmsApi

    def __getattr__(self, name: str) -> Any:
        return getattr(self.pms, name)

    def inventory_grid(self, hotel_code: str, first: date, last: date) -> bytes:
        """Stop."""
        raise StoppedError(f"{hotel_code} is read up to the grid of {first} to {last}.")


@dataclass
class DistantStore:
    """A store whose reads take their time; `most` is how many were under way at once."""

    store: ObjectStore
    under_way: int = 0
    most: int = 0
    lock: Lock = field(default_factory=Lock)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def read(self, bucket: str, key: str) -> AbstractContextManager[BinaryIO]:
        """Read."""
        with self.lock:
            self.under_way += 1
            self.most = max(self.most, self.under_way)
        time.sleep(LATENCY)
        with self.lock:
            self.under_way -= 1
        return self.store.read(bucket, key)


class Resumed(Reading):
    """Listens to the run that is gone on with."""

    def __call__(self, event: Event) -> None:
        """Take an event."""
        super().__call__(event)
        if event.name is EventName.RUN_RESUMED:
            self.began = time.monotonic()


def synced(wired: Application, world: Neighbours) -> None:
    """A run of the only hotel."""
    sync_fleet(wired.world.esb.hotels(), Asked(full=True), wired.policy, world, at_once=1)


def resumed(bookings: int) -> tuple[Resumed, int]:
    """The run that goes on, and the most reads at once."""
    heard = Resumed()
    options = Options(hotels=1, bookings=bookings, latency=0.0)
    with simulated(options) as server, tempfile.TemporaryDirectory(dir=in_memory()) as folder:
        settings = server.settings(Path(folder))
        with application(settings, Stop(), lambda _event: None, dry_run=False) as wired:
            synced(wired, replace(wired.world, pms=StopsAtTheGrid(wired.world.pms)))
        with application(settings, Stop(), heard, dry_run=False) as wired:
            store = DistantStore(wired.world.store)
            synced(wired, replace(wired.world, pms=StopsAtTheGrid(wired.world.pms), store=store))
    return heard, store.most


def report(bookings: int = BOOKINGS) -> dict[str, object]:
    """The pages a second, and what they are held against."""
    heard, most = resumed(bookings)
    figure, reference = heard.pages / heard.seconds, PAGES_AHEAD / LATENCY
    return {
        "benchmark": "resume",
        "figure": round(figure, 1),
        "reference": reference,
        "unit": "kept pages/s",
        "against": f"{PAGES_AHEAD} reads at once at {LATENCY * 1000:g} ms",
        "ratio": round(figure / reference, 3),
        "goal": f">= {SHARE_OF_LATENCY}",
        "pages": heard.pages,
        "reads at once": most,
        "seconds": round(heard.seconds, 2),
        "machine": machine(),
    }


if __name__ == "__main__":
    print(json.dumps(report(*map(int, sys.argv[1:]))))
