"""Two hundred `kill -9` of `host-pms sync`, and what is there in the end: `make chaos-kills`.

Real processes sync simulated hotels, on disk and on S3 and SQS (moto's server), with a lease of 3 s. They are
killed at moments drawn from a seed: after some time, at some call, in some phase; a quarter of them while a
rival is at work, and some rivals are stopped for longer than their lease and wake. Days pass and bookings
change meanwhile. Then the books are compared with those of a twin that nobody disturbed.
"""

import argparse
import logging
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from kills.aws import AwsServer
from kills.hotels import LARGE, SMALL, Size
from kills.moments import PHASES
from kills.proof import Proof, Result
from kills.traps import Trap
from starlette.requests import ClientDisconnect

KILLS = 200
KILLS_A_HISTORY = 10
STORAGES = ("disk", "aws")
ENOUGH_FOR_EVERY_PHASE = 100
SHOWN = 20
"""So many faults of a history are printed."""


def proved(storage: str, *, kills: int, seed: int) -> Iterator[tuple[str, Result]]:
    """Histories until there were so many kills, each with a line about it; small and large hotels in turn."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kills-")))
        trap = Trap()
        server = stack.enter_context(AwsServer(trap)) if storage == "aws" else None
        proof, total = Proof(folder, trap, server), Result()
        number = 0
        while total.suffered.kills < kills and not total.faults:
            size = (SMALL, LARGE)[number % 2]
            began, wanted = time.monotonic(), min(KILLS_A_HISTORY, kills - total.suffered.kills)
            result = proof.history(size, seed=seed + number, kills=wanted, before=total.suffered)
            total.add(result)
            number += 1
            yield _line(storage, number, size, result, time.monotonic() - began), result


def _line(storage: str, number: int, size: Size, result: Result, seconds: float) -> str:
    done = f"{result.suffered.kills} kills, {result.resumed} runs gone on with, {len(result.faults)} faults"
    return f"{storage} {number}: {size.hotels} x {size.bookings} bookings: {done}, {seconds:.0f} s"


def summary(results: dict[str, Result], seconds: float) -> str:
    """What was done on each storage and in all."""
    total = Result()
    for result in results.values():
        total.add(result)
    columns = {**results, "all": total}
    phases = [phase.value for phase in PHASES]
    rows: dict[str, list[int]] = {
        "kills": [result.suffered.kills for result in columns.values()],
        "  of or beside rivals": [result.suffered.of_rivals for result in columns.values()],
        "  of workers that held no hotel": [result.suffered.holding_none for result in columns.values()],
        "rivals stopped beyond their lease": [result.suffered.stalled for result in columns.values()],
        "syncs that found a hotel busy": [result.suffered.busy for result in columns.values()],
        "hotels cut off": [len(result.suffered.cuts) for result in columns.values()],
    }
    rows |= {
        f"  {phase}": [result.phases[phase] for result in columns.values()]
        for phase in (*phases, "no run open")
    }
    rows |= {
        "runs cut off and gone on with": [result.resumed for result in columns.values()],
        "runs closed": [result.verdict.runs for result in columns.values()],
        "cut off while reading, calls counted": [len(result.again) for result in columns.values()],
        "  with progress recorded": [_progressed(result) for result in columns.values()],
        "  recorded answers asked for again": [_again(result) for result in columns.values()],
        "nights compared": [result.verdict.nights for result in columns.values()],
        "lost": [len(result.verdict.lost) for result in columns.values()],
        "duplicated": [len(result.verdict.duplicated) for result in columns.values()],
        "differences": [len(result.verdict.different) for result in columns.values()],
        "faults in all": [len(result.faults) for result in columns.values()],
    }
    head = f"{'':38}" + "".join(f"{name:>10}" for name in columns)
    lines = [f"{name:38}" + "".join(f"{figure:10,}" for figure in figures) for name, figures in rows.items()]
    return "\n".join([head, *lines, f"{seconds:.0f} s"])


def _progressed(result: Result) -> int:
    return sum(again.recorded > 1 for again in result.again)


def _again(result: Result) -> int:
    return sum(again.first is not None for again in result.again)


def _unhit(results: dict[str, Result]) -> list[str]:
    """Phases in which no process was killed, where there were enough kills for all."""
    return [
        f"{storage}: no process was killed in phase {phase.value}"
        for storage, result in results.items()
        for phase in PHASES
        if result.suffered.kills >= ENOUGH_FOR_EVERY_PHASE and not result.phases[phase.value]
    ]


def main() -> int:
    """Exit code 0 if nothing is wrong, else 1."""
    options = argparse.ArgumentParser(description="Kill host-pms sync, and look what is there in the end.")
    options.add_argument("--kills", type=int, default=KILLS, help="in all (default: %(default)s)")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--storage", choices=STORAGES, help="one of them; default: half the kills on each")
    given = options.parse_args()
    logging.getLogger("uvicorn.error").addFilter(_is_not_of_a_killed_caller)
    storages = [given.storage] if given.storage else STORAGES
    began, results = time.monotonic(), {storage: Result() for storage in storages}
    for number, storage in enumerate(storages):
        share = given.kills // len(storages) + (number < given.kills % len(storages))
        for line, result in proved(storage, kills=share, seed=given.seed + 1000 * number):
            results[storage].add(result)
            _say(line, *(f"FAULT {fault}" for fault in result.faults[:SHOWN]))
    unhit = _unhit(results)
    _say(summary(results, time.monotonic() - began), *unhit)
    return 1 if unhit or any(result.faults for result in results.values()) else 0


def _is_not_of_a_killed_caller(record: logging.LogRecord) -> bool:
    """The simulator's server tells of everyone who was gone in the middle of a call."""
    return not (record.exc_info and isinstance(record.exc_info[1], ClientDisconnect))


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
