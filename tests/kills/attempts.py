"""One try to sync: a worker, two rivals, or one that is stopped and comes back; and who is killed."""

import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Event, Timer

from commands import PATIENCE
from kills.hotels import Hotels
from kills.places import head_of
from kills.traps import Moment, Trap
from kills.workers import BUSY, WELL, Worker

from host_pms.models.head import OpenRun, Phase
from host_pms.models.run import Run

LEASE_OVER = 4.3
"""Seconds after which a lease of 3 s is over: 3.25, by a clock that S3 tells in whole seconds."""

Outcomes = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Cut:
    """A hotel whose worker was killed: how far its head says that it was, and how many calls there had been.

    `alone`: nobody else was at work or will be until the run is gone on with.
    """

    hotel: str
    phase: Phase | None
    timestamp: str
    pages: Mapping[str, int]
    calls: int
    alone: bool


@dataclass(kw_only=True)
class Suffered:
    """What was done to the processes, and what was wrong with how others ended."""

    kills: int = 0
    of_rivals: int = 0
    stalled: int = 0
    holding_none: int = 0
    busy: int = 0
    cuts: list[Cut] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def add(self, other: "Suffered") -> None:
        """Both together."""
        self.kills += other.kills
        self.of_rivals += other.of_rivals
        self.stalled += other.stalled
        self.holding_none += other.holding_none
        self.busy += other.busy
        self.cuts += other.cuts
        self.faults += other.faults


class Attempts:
    """Each returns when all of its processes are gone, with what those that lived reported."""

    def __init__(self, hotels: Hotels, trap: Trap) -> None:
        self.suffered = Suffered()
        self._hotels = hotels
        self._trap = trap

    def undisturbed(self) -> Outcomes:
        """One worker."""
        return self._ended(self._hotels.start(), alone=True)

    def lone(self, moment: Moment) -> Sequence[Outcomes]:
        """One worker, killed at the moment."""
        with self._hotels.place.watched(self._hotels.codes, self._trap):
            worker = self._hotels.start()
            with self._trap.set(moment, lambda: self._kill([worker], alone=True), drops=True):
                worker.finish()
        return [self._ended(worker, alone=True)]

    def rivals(self, moment: Moment, victims: Sequence[int]) -> Sequence[Outcomes]:
        """Two at a time; one of them is killed at the moment (0 or 1), or both (0 and 1)."""
        before = self.suffered.kills
        with self._hotels.place.watched(self._hotels.codes, self._trap):
            workers = [self._hotels.start(), self._hotels.start()]
            struck = [workers[victim] for victim in victims]
            strike: Callable[[], None] = lambda: self._kill(struck, alone=False)  # noqa: E731
            with self._trap.set(moment, strike, drops=len(struck) == len(workers)):
                for worker in workers:
                    worker.finish()
        outcomes = [self._ended(worker, alone=False) for worker in workers]
        self.suffered.of_rivals += self.suffered.kills - before
        return outcomes

    def stalled(self, stop_at: Moment, kill_at: Moment, wakes_after: float) -> Sequence[Outcomes]:
        """One is stopped for longer than its lease; while another is at work, and may be killed, it wakes."""
        stopped = Event()
        with self._hotels.place.watched(self._hotels.codes, self._trap):
            first = self._hotels.start()

            def stop() -> None:
                first.strike(signal.SIGSTOP)
                stopped.set()

            with self._trap.set(stop_at, stop, drops=False):
                _wait(lambda: stopped.is_set() or first.is_over)
        if first.is_over or not stopped.is_set():
            return [self._ended(first, alone=True)]
        self.suffered.stalled += 1
        time.sleep(LEASE_OVER)
        waking = Timer(wakes_after, first.go_on)
        waking.start()
        before = self.suffered.kills
        with self._hotels.place.watched(self._hotels.codes, self._trap):
            second = self._hotels.start()
            with self._trap.set(kill_at, lambda: self._kill([second], alone=False), drops=False):
                second.finish()
                waking.join()
                first.finish()
        outcomes = [self._ended(second, alone=False), self._ended(first, alone=False)]
        self.suffered.of_rivals += self.suffered.kills - before
        return outcomes

    def _kill(self, workers: Sequence[Worker], *, alone: bool) -> None:
        for worker in workers:
            worker.strike(signal.SIGKILL)
        cuts = self._cuts({worker.pid for worker in workers}, alone=alone)
        self.suffered.cuts += cuts
        self.suffered.holding_none += not cuts

    def _cuts(self, pids: set[int], *, alone: bool) -> list[Cut]:
        """Every hotel that one of these processes held."""
        cuts = []
        calls = len(self._hotels.simulator.calls)
        for hotel in self._hotels.codes:
            head = head_of(self._hotels.place, hotel)
            if head is None or not head.lease.held or _pid(head.lease.owner) not in pids:
                continue
            run = head.open_run
            cuts.append(
                Cut(
                    hotel=hotel,
                    phase=run.phase if run else None,
                    timestamp=timestamp_of(hotel, run) if run else "",
                    pages=run.progress.pages if run else {},
                    calls=calls,
                    alone=alone,
                )
            )
        return cuts

    def _ended(self, worker: Worker, *, alone: bool) -> Outcomes:
        code = worker.finish()
        if code == -signal.SIGKILL:
            self.suffered.kills += 1
            return {}
        outcomes = worker.outcomes()
        is_busy = "busy" in outcomes.values()
        self.suffered.busy += is_busy
        if code not in {WELL, BUSY} or set(outcomes.values()) - {"done", "busy"}:
            self.suffered.faults.append(f"exit code {code}: {worker.last_words()}")
        if is_busy and alone and self._hotels.place.frees_at_once:
            self.suffered.faults.append("a hotel was busy although its worker was dead")
        return outcomes


def timestamp_of(hotel: str, run: OpenRun) -> str:
    """As it stands in names."""
    return Run(hotel_code=hotel, started=run.started).timestamp


def _pid(owner: str) -> int:
    """Of the process in the name of a lease's owner."""
    return int(owner.partition("/")[0].split(".")[-2])


def _wait(until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not until() and time.monotonic() < deadline:
        time.sleep(0.01)
