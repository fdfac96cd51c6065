"""How fast two long lists are read page by page; two figures in one JSON line.

`limited` is the time for all pages against the least that the limit of 200 calls a minute allows; the
minute is scaled, for the server and for the connector alike. `unlimited` is the pages a second with 8 calls
in flight against what the server's latency allows; the server has its pages ready as bytes, as it shares the
machine. Both read a first import from the simulator over HTTP and keep every answer in a folder in memory:
this is about the network, and a disk's two fsyncs an answer are another matter.

    python benchmarks/paging.py [bookings]
"""

import json
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from machine import machine
from simulated import Options, Simulated, simulated

from host_pms.bootstrap import PAGES_AHEAD, application
from host_pms.clock import Stop, SystemClock
from host_pms.events import Event, EventName
from host_pms.services.fleet import sync_fleet
from host_pms.services.window import Asked

BOOKINGS = 23_600  # for 500 pages
LATENCY = 0.050
LIMIT = 200
MINUTE = 60.0
FASTER = 3.0
"""So many seconds of the limited run pass in one."""

TIMES_THE_LIMIT = 1.1
SHARE_OF_LATENCY = 0.75


class FastClock(SystemClock):
    """The machine's clock, whose seconds are shorter."""

    def monotonic(self) -> float:
        """Seconds since some moment."""
        return super().monotonic() * FASTER

    def sleep(self, seconds: float) -> None:
        """Wait."""
        super().sleep(seconds / FASTER)


@dataclass
class Reading:
    """Listens to a run: how many pages it read, and from when to when."""

    pages: int = 0
    began: float = 0.0
    ended: float = 0.0
    cpu: float = 0.0
    failed: list[str] = field(default_factory=list)

    def __call__(self, event: Event) -> None:
        """Take an event."""
        if event.name is EventName.RUN_OPENED:
            self.began, self.cpu = time.monotonic(), -time.process_time()
        elif event.name is EventName.PAGE_READ:
            self.pages += 1
        elif event.name is EventName.REVENUE_EXTRACTED:
            self.ended = time.monotonic()
            self.cpu += time.process_time()
        elif event.name is EventName.HOTEL_FAILED:
            self.failed.append(event.message)

    @property
    def seconds(self) -> float:
        """From the first page's call to the last page's end."""
        return self.ended - self.began


def in_memory() -> Path | None:
    """Where this machine has a folder in memory, if it has one."""
    folder = Path("/dev/shm")  # noqa: S108 - only a folder of its own is made in it
    return folder if folder.is_dir() else None


def read(server: Simulated, *, calls_per_minute: int = 0, clock: SystemClock | None = None) -> Reading:
    """One import of all of one hotel."""
    reading = Reading()
    with tempfile.TemporaryDirectory(dir=in_memory()) as folder:
        settings = server.settings(Path(folder), calls_per_minute=calls_per_minute)
        with application(settings, Stop(), reading, dry_run=False, clock=clock) as wired:
            hotels = wired.world.esb.hotels()
            sync_fleet(hotels, Asked(full=True), wired.policy, wired.world, at_once=1)
    if reading.failed:
        raise SystemExit(reading.failed[0])
    return reading


def limited(bookings: int) -> dict[str, object]:
    """All pages at 200 calls a minute."""
    options = Options(
        hotels=1,
        bookings=bookings,
        latency=LATENCY,
        limited_calls=LIMIT,
        limited_seconds=MINUTE / FASTER,
    )
    with simulated(options) as server:
        reading = read(server, calls_per_minute=LIMIT, clock=FastClock(Stop()))
    least = reading.pages // LIMIT * MINUTE  # with the configuration's call before them
    seconds = reading.seconds * FASTER
    return {
        "figure": round(seconds, 1),
        "reference": least,
        "unit": "seconds",
        "against": f"{LIMIT} calls a minute",
        "ratio": round(seconds / least, 3) if least else None,
        "goal": f"<= {TIMES_THE_LIMIT}",
        "refused": server.refused,
        "pages": reading.pages,
    }


def unlimited(bookings: int) -> dict[str, object]:
    """All pages with 8 calls in flight."""
    with simulated(Options(hotels=1, bookings=bookings, latency=LATENCY, ready=True)) as server:
        read(server)  # makes the server's pages ready
        reading = read(server)
    figure, reference = reading.pages / reading.seconds, PAGES_AHEAD / LATENCY
    return {
        "figure": round(figure, 1),
        "reference": reference,
        "unit": "pages/s",
        "against": f"{PAGES_AHEAD} in flight at {LATENCY * 1000:g} ms",
        "ratio": round(figure / reference, 3),
        "goal": f">= {SHARE_OF_LATENCY}",
        "pages": reading.pages,
        "CPU ms a page": round(1000 * reading.cpu / reading.pages, 2),
    }


def report(bookings: int = BOOKINGS) -> dict[str, object]:
    """Both figures with what they are held against."""
    return {
        "benchmark": "paging",
        "unlimited": unlimited(bookings),
        "limited": limited(bookings),
        "machine": machine(),
    }


if __name__ == "__main__":
    print(json.dumps(report(int(sys.argv[1]) if len(sys.argv) > 1 else BOOKINGS)))
