"""How much memory and time a first import takes, as its history grows four times as long; one JSON line.

`memory` is the peak of the process `host-pms sync`, storage on the disk, over HTTP from another process.
`time` is wall time a night, most of it waiting for the disk, and `cpu` is the command's own. All are held
against the shorter history. Wall time means something on a machine that does nothing else: see `load`.

    python benchmarks/memory.py [nights [nights]]
"""

import json
import os
import platform
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from subprocess import DEVNULL, Popen
from tempfile import TemporaryDirectory

import whole_history

NIGHTS = (250_000, 1_000_000)
AT_MOST_MB = 200
AT_MOST_GROWTH = 1.2
AT_MOST_SLOWER = 1.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Import:
    """One first import: `peak` in MB, `seconds` of the clock and of both processors."""

    nights: int
    peak: float
    seconds: float
    cpu_seconds: float

    def a_night(self, seconds: float) -> float:
        """So many seconds of it as microseconds a night."""
        return seconds / self.nights * 1e6


@contextmanager
def hotel(nights: int) -> Iterator[str]:
    """The URL of a hotel with such a history, in a process of its own."""
    context = get_context("spawn")
    told, tells = context.Pipe(duplex=False)
    process = context.Process(target=whole_history.serve, args=(nights, tells))
    process.start()
    try:
        yield f"http://127.0.0.1:{told.recv()}"
    finally:
        process.terminate()
        process.join()


def first_import(nights: int) -> Import:
    """Run the real command."""
    nights -= nights % whole_history.NIGHTS_OF_FIVE
    with hotel(nights) as url, TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        start = time.monotonic()
        used = _run(("sync", "--hotel", whole_history.HOTEL, "--quiet", "--json", str(report)), url, folder)
        seconds = time.monotonic() - start
        published = json.loads(report.read_bytes())["hotels"][0]["counts"]["nights"]
    if published != nights:
        raise SystemExit(f"{published} nights were published, not {nights}.")
    return Import(
        nights=nights,
        peak=used.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3),
        seconds=seconds,
        cpu_seconds=used.ru_utime + used.ru_stime,
    )


def _run(arguments: Sequence[str], url: str, folder: str) -> resource.struct_rusage:
    """What the command used."""
    given = {
        "HOST_API_BASE_URL": f"{url}/rms-v2",
        "HOST_API_SUBSCRIPTION_KEY": "invented",
        "HOST_API_RATE_LIMIT": "0",
        "ESB_BASE_URL": f"{url}/api",
        "ESB_API_KEY": "invented",
        "STORAGE": "local",
        "LOCAL_ROOT": str(Path(folder, "data")),
        "LOG_LEVEL": "ERROR",
    }
    command = [str(Path(sys.executable).with_name("host-pms")), *arguments]
    process = Popen(command, env={**os.environ, **given}, cwd=folder, stdout=DEVNULL)  # noqa: S603 - our own command
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"host-pms ended with {process.returncode}.")
    return used


def report(sizes: Sequence[int]) -> dict[str, object]:
    """Both figures with what they are held against."""
    short, long = map(first_import, sizes)
    return {
        "benchmark": "memory",
        "nights": [short.nights, long.nights],
        "memory": {
            "figure": round(long.peak, 1),
            "reference": round(short.peak, 1),
            "unit": "MB at the peak",
            "ratio": round(long.peak / short.peak, 2),
            "goal": f"<= {AT_MOST_MB}, ratio <= {AT_MOST_GROWTH}",
        },
        "time": _times(long.a_night(long.seconds), short.a_night(short.seconds)),
        "cpu": _times(long.a_night(long.cpu_seconds), short.a_night(short.cpu_seconds)),
        "machine": {
            "python": platform.python_version(),
            "system": f"{platform.system()} {platform.machine()}",
            "cores": os.cpu_count(),
            "load": round(os.getloadavg()[2], 1),
        },
    }


def _times(figure: float, reference: float) -> dict[str, object]:
    return {
        "figure": round(figure, 1),
        "reference": round(reference, 1),
        "unit": "microseconds a night",
        "ratio": round(figure / reference, 2),
        "goal": f"ratio <= {AT_MOST_SLOWER}",
    }


if __name__ == "__main__":
    given = tuple(map(int, sys.argv[1:])) or NIGHTS
    print(json.dumps(report(given[:1] * 2 if len(given) == 1 else given[:2])))
