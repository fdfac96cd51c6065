"""Whether the command always ends as it says; one JSON line.

`host-pms sync` is run again and again, in turn: to its end, with a key that is refused, with a wrong
setting, against an ESB that is down, and stopped by SIGTERM while it reads. Right is a run that exits with
the documented code and leaves no traceback.

    python benchmarks/shutdown.py [runs]
"""

import json
import signal
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen

from machine import machine
from simulated import Options, Simulated, simulated

RUNS = 50
PATIENCE = 60.0
SIGTERM_CODE = 128 + signal.SIGTERM
NOBODY = "http://127.0.0.1:9"
WAYS: Mapping[str, tuple[dict[str, str], int]] = {
    "done": ({}, 0),
    "refused": ({"HOST_API_SUBSCRIPTION_KEY": "another-key"}, 6),
    "misset": ({"MAX_RETRIES": "many"}, 2),
    "down": ({"ESB_BASE_URL": NOBODY, "MAX_RETRIES": "0"}, 4),
    # After its first call the key has no other for a minute, so it is surely still reading.
    "stopped": ({"HOST_API_RATE_LIMIT": "1"}, SIGTERM_CODE),
}
"""By name: the variables that make the command end so, and its exit code then."""


def variables(server: Simulated, folder: Path) -> dict[str, str]:
    """What a user sets."""
    return {
        "PATH": "/usr/bin:/bin",
        "HOST_API_BASE_URL": server.told["host_url"],
        "HOST_API_SUBSCRIPTION_KEY": server.told["host_key"],
        "HOST_API_RATE_LIMIT": "0",
        "ESB_BASE_URL": server.told["esb_url"],
        "ESB_API_KEY": server.told["esb_key"],
        "STORAGE": "local",
        "LOCAL_ROOT": str(folder),
    }


def fault_of_run(way: str, server: Simulated, folder: Path) -> str | None:
    """Run the command once; what was wrong with how it ended."""
    given, expected = WAYS[way]
    command = [Path(sys.executable).with_name("host-pms"), "sync", "--hotel", "HOTEL0001"]
    environment = {**variables(server, folder), **given}
    with Popen(  # noqa: S603 - the product's own command
        command, env=environment, cwd=folder, stdout=DEVNULL, stderr=PIPE, text=True
    ) as process:
        try:
            first = process.stderr.readline() if way == "stopped" and process.stderr else ""
            if first:
                process.send_signal(signal.SIGTERM)
            _, rest = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
    if process.returncode != expected:
        return f"{way}: exit code {process.returncode} instead of {expected}"
    return f"{way}: a traceback" if "Traceback" in rest else None


def report(runs: int = RUNS) -> dict[str, object]:
    """How many runs ended right."""
    began = time.monotonic()
    faults = []
    with simulated(Options(hotels=2, bookings=20, latency=0.0, imported=True)) as server:
        for number in range(runs):
            with tempfile.TemporaryDirectory() as folder:
                faults.append(fault_of_run(list(WAYS)[number % len(WAYS)], server, Path(folder)))
    right = faults.count(None)
    return {
        "benchmark": "shutdown",
        "figure": right,
        "reference": runs,
        "unit": "runs",
        "against": "runs of the command",
        "ratio": round(right / runs, 3),
        "goal": "= 1",
        "faults": sorted({fault for fault in faults if fault}),
        "seconds a run": round((time.monotonic() - began) / runs, 2),
        "machine": machine(),
    }


if __name__ == "__main__":
    print(json.dumps(report(*map(int, sys.argv[1:]))))
