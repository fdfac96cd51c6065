"""What an ordinary night of many hotels costs; one JSON line.

Every hotel was read the day before; on the measured night there are some 17 calls a hotel, its few changed
rows and a year of inventory among them. `figure` is the CPU of this process alone, a hotel; `growth` holds
the largest fleet's against it.

    python benchmarks/fleet.py [hotels] [hotels of the largest fleet]
"""

import json
import sys
import tempfile
import time
from pathlib import Path

from machine import machine
from simulated import Options, simulated

from host_pms.bootstrap import Application, application
from host_pms.clock import Stop
from host_pms.config.logging import configure_logging, log_event
from host_pms.services.fleet import Outcome, sync_fleet
from host_pms.services.window import Asked

HOTELS, MOST_HOTELS = 200, 1000
BOOKINGS = 1500
LATENCY = 0.020
CPU_SECONDS = 0.060
GROWTH = 1.1


def night(wired: Application) -> tuple[float, float, int]:
    """One fleet run: its CPU seconds, its wall seconds, its calls to Host."""
    codes = wired.world.esb.hotels()
    before = sum(wired.calls(code)["calls"] for code in codes)
    cpu, wall = time.process_time(), time.monotonic()
    results = sync_fleet(codes, Asked(), wired.policy, wired.world, at_once=wired.at_once)
    cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    if failed := [result.reason for result in results if result.outcome is not Outcome.DONE]:
        raise SystemExit(failed[0])
    return cpu, wall, sum(wired.calls(code)["calls"] for code in codes) - before


def measured(hotels: int) -> dict[str, float]:
    """An ordinary night of so many hotels, a hotel."""
    options = Options(hotels=hotels, bookings=BOOKINGS, latency=LATENCY, imported=True)
    with simulated(options) as server, tempfile.TemporaryDirectory() as folder:
        settings = server.settings(Path(folder))
        with application(settings, Stop(), log_event, dry_run=False) as wired:
            night(wired)
            server.next_day()
            cpu, wall, calls = night(wired)
    return {"cpu": cpu / hotels, "wall": wall, "calls": calls / hotels}


def report(hotels: int = HOTELS, most: int = MOST_HOTELS) -> dict[str, object]:
    """The CPU of a hotel, and how it grows."""
    with Path("/dev/null").open("w") as nowhere:
        configure_logging(level="INFO", log_format="json", stream=nowhere)
        fleet, largest = measured(hotels), measured(most)
    return {
        "benchmark": "fleet",
        "figure": round(fleet["cpu"] * 1000, 1),
        "reference": CPU_SECONDS * 1000,
        "unit": "CPU ms a hotel",
        "against": "the goal",
        "ratio": round(fleet["cpu"] / CPU_SECONDS, 2),
        "goal": "<= 1",
        "growth": {
            "figure": round(largest["cpu"] * 1000, 1),
            "reference": round(fleet["cpu"] * 1000, 1),
            "unit": "CPU ms a hotel",
            "against": f"{most} hotels instead of {hotels}",
            "ratio": round(largest["cpu"] / fleet["cpu"], 2),
            "goal": f"<= {GROWTH}",
        },
        "hotels": hotels,
        "calls a hotel": round(fleet["calls"], 1),
        "seconds": round(fleet["wall"], 1),
        "machine": machine(),
    }


if __name__ == "__main__":
    print(json.dumps(report(*map(int, sys.argv[1:]))))
