"""Histories by the thousand: every fault at every call, then a second fault while the first one is mended.

    python tests/chaos/campaign.py                 all of it
    python tests/chaos/campaign.py --every 30      each thirtieth history
    python tests/chaos/campaign.py --until-wrong   stop at the first history that is wrong

Prints what was tried and what was found; exits with 10 if anything was.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from chaos.checker import findings
from chaos.history import RESTART_SECONDS, Plan, lived
from chaos.workers import Fault, Hit

WRONG = 10
"""The exit code where a history is wrong; a traceback's is 1."""

SEEDS = (1, 2, 3, 4)
"""Odd ones list bookings by their last update, even ones as they were made; 3 and 4 fetch pages ahead."""

TOLD_EVERY = 1000
"""Progress is told after so many histories of a process."""

FIRST_FAULTS = (Fault.CRASH_BEFORE, Fault.CRASH_AFTER, Fault.LANDED_LATE, Fault.STOP)
EVERY_FIRST, EVERY_SECOND, CALLS_TO_MEND = 11, 3, 60


@dataclass
class Tally:
    """What came of many histories."""

    histories: int = 0
    faulted: Counter[tuple[str, str]] = field(default_factory=Counter)
    wrong: list[tuple[Plan, list[str]]] = field(default_factory=list)

    def counted(self, word: str) -> int:
        """Findings that begin so."""
        return sum(found.startswith(word) for _, all_found in self.wrong for found in all_found)

    @property
    def methods(self) -> set[str]:
        """The calls that were hit by any fault."""
        return {method for _, method in self.faulted}


def calls_of(seed: int) -> int:
    """How many calls an undisturbed history makes."""
    return lived(Plan(seed=seed)).faults.calls


def single_faults(seed: int) -> Iterator[Plan]:
    """Every fault at every call, with every wait before a restart; every other one as on disk."""
    for call in range(1, calls_of(seed) + 1):
        for fault in Fault:
            for restart in RESTART_SECONDS:
                hit = Hit(call=call, fault=fault)
                yield Plan(seed=seed, hits=(hit,), restart=restart, disk=call % 2 == 0)


def double_faults(seed: int) -> Iterator[Plan]:
    """A second fault while the run that the first one left open is being finished."""
    for call in range(1, calls_of(seed) + 1, EVERY_FIRST):
        first = FIRST_FAULTS[call // EVERY_FIRST % len(FIRST_FAULTS)]
        for fault in Fault:
            for later in range(1, CALLS_TO_MEND, EVERY_SECOND):
                hits = (Hit(call=call, fault=first), Hit(call=call + later, fault=fault))
                restart = RESTART_SECONDS[(call + later) % len(RESTART_SECONDS)]
                yield Plan(seed=seed, hits=hits, restart=restart, disk=later % 2 == 0)


def all_plans(seeds: Sequence[int] = SEEDS) -> Iterator[Plan]:
    """All that is tried."""
    for seed in seeds:
        yield from single_faults(seed)
        yield from double_faults(seed)


def tallied(plans: Iterable[Plan], *, until_wrong: bool = False) -> Tally:
    """Live the histories of `plans`, one after the other."""
    tally = Tally()
    for plan in plans:
        history = lived(plan)
        tally.histories += 1
        if tally.histories % TOLD_EVERY == 0:
            print(f"{tally.histories} histories, {len(tally.wrong)} wrong", file=sys.stderr, flush=True)  # noqa: T201
        tally.faulted.update((fault.value, method) for fault, method in history.faults.hit)
        found = findings(history)
        if found:
            tally.wrong.append((plan, found))
            if until_wrong:
                break
    return tally


def together(tallies: Iterable[Tally]) -> Tally:
    """One tally of several."""
    whole = Tally()
    for tally in tallies:
        whole.histories += tally.histories
        whole.faulted += tally.faulted
        whole.wrong += tally.wrong
    return whole


def _slice(every: int, offset: int, *, until_wrong: bool) -> Tally:
    return tallied(islice(all_plans(), offset, None, every), until_wrong=until_wrong)


def main() -> int:
    options = argparse.ArgumentParser(description="Faults at every call of simulated histories.")
    options.add_argument("--every", type=int, default=1, help="live each N-th history only")
    options.add_argument("--workers", type=int, default=2, help="processes that work side by side")
    options.add_argument("--until-wrong", action="store_true", help="stop at the first that is wrong")
    asked = options.parse_args()
    began = time.monotonic()
    workers = 1 if asked.until_wrong else asked.workers
    steps = [(asked.every * workers, asked.every * number) for number in range(workers)]
    if workers == 1:
        tally = _slice(*steps[0], until_wrong=asked.until_wrong)
    else:
        with ProcessPoolExecutor(workers) as pool:
            running = [pool.submit(_slice, *step, until_wrong=False) for step in steps]
            tally = together(future.result() for future in running)
    _report(tally, time.monotonic() - began)
    return WRONG if tally.wrong else 0


def _report(tally: Tally, seconds: float) -> None:
    points = sum(calls_of(seed) for seed in SEEDS)
    for plan, found in tally.wrong[:10]:
        print(f"{plan}\n  {found[0]}")  # noqa: T201 - a script
    by_method = Counter[str]()
    for (_, method), times in tally.faulted.items():
        by_method[method] += times
    print("faults by call: " + ", ".join(f"{name} {times}" for name, times in sorted(by_method.items())))  # noqa: T201
    print(  # noqa: T201
        f"points {points}, histories {tally.histories}, lost {tally.counted('lost')}, "
        f"duplicated {tally.counted('published twice')}, otherwise wrong "
        f"{len(tally.wrong) - tally.counted('lost') - tally.counted('published twice')}, {seconds:.0f} s"
    )


if __name__ == "__main__":
    sys.exit(main())
