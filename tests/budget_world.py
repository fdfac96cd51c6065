"""Processes that share a key and a table, in virtual time; and what arrives at the gateway."""

import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from host_pms.clients.budget import Budget
from host_pms.clients.ledger import WINDOW, Ledger, read_ledger, write_ledger
from host_pms.clients.pacing import Pacing
from host_pms.clients.window import Paces
from host_pms.errors import ConnectorError, TransientError, VersionMismatchError
from host_pms.ports import HeldText

KEY = "host:0123456789abcdef"
SKEW = 0.5  # to either side, so that two clocks are 1 s apart at most
LATE = 0.95  # a call arrives up to so much later than it was let through
SLOW = 2.0  # the table answers within this, or not at all
DAWN = datetime(2024, 1, 15, tzinfo=UTC)


@dataclass
class WorldClock:
    """The port `Clock` of one process, which sees the world's time through a clock of its own."""

    world: "BudgetWorld"
    skew: float
    origin: float

    def now(self) -> datetime:
        return DAWN + timedelta(seconds=self.world.time + self.skew)

    def monotonic(self) -> float:
        return self.world.time + self.origin

    def sleep(self, seconds: float) -> None:
        raise AssertionError(f"a budget never sleeps, nor {seconds} s")

    def uniform(self, upper: float) -> float:
        return self.world.chance.uniform(0, upper)


@dataclass
class Table:
    """The port `RateTable` as one process reaches it: others come between, answers are lost."""

    world: "BudgetWorld"
    process: "Process"

    def read(self, name: str) -> HeldText | None:
        self._reach()
        held = self.world.items.get(name)
        self.world.let_others_go_between(self.process)
        return held

    def swap(self, name: str, body: bytes, *, expected: str | None, expires: float) -> None:
        assert expires > self.world.time
        self._reach()
        held = self.world.items.get(name)
        if (held.version if held else None) != expected:
            self.world.conflicts += 1
            raise VersionMismatchError("another version")
        body = write_ledger(self.world.mistake(read_ledger(body)))
        self.world.items[name] = HeldText(body=body, version=str(next(self.world.versions)))
        if self.world.chance.random() < self.world.lost_answers:
            raise TransientError("the answer was lost")

    def _reach(self) -> None:
        if self.world.is_out or self.process.cut_off_until > self.world.time:
            raise TransientError("the table cannot be reached")


@dataclass
class Process:
    """Calls as fast as it may, unless it is idle.

    Its name and what it remembers last from life to life, as in a warm Lambda.
    """

    world: "BudgetWorld"
    name: str
    processes: int
    cut_off_until: float = 0.0
    idle_until: float = 0.0
    life: int = 0
    paces: Paces = field(default_factory=Paces)
    warned: list[ConnectorError] = field(default_factory=list)

    def start(self) -> None:
        chance = self.world.chance
        clock = WorldClock(self.world, chance.uniform(-SKEW, SKEW), self.origin)
        self.budget = Budget(
            table=Table(self.world, self),
            clock=clock,
            processes=self.processes,
            name=self.name,
            warn=self.warned.append,
        )
        self.pacing = Pacing(
            clock=clock, seconds_left=lambda: None, longest_pause=600, paces=self.paces, budget=self.budget
        )
        self.life = abs(self.life) + 1
        self.world.at(chance.random(), self.step, self.life)

    @property
    def origin(self) -> float:
        return float(len(self.name) * 1000)

    def step(self, life: int) -> None:
        if life != self.life:
            return
        world = self.world
        if world.time < self.idle_until:
            world.at(self.idle_until - world.time, self.step, life)
            return
        wait = self.pacing.ask_turn(KEY, world.limit)
        if wait is None:
            world.called.append(world.time)
            world.arrived.append(world.time + world.chance.uniform(0, LATE))
            world.at(world.chance.uniform(0, 2 * world.think), self.step, life)
        else:
            world.at(min(max(wait.seconds, 0.01), 1.0), self.step, life)

    def leave(self) -> None:
        if self.life > 0:
            self.life = -self.life
            self.budget.leave(self.paces)

    def crash(self) -> None:
        """Nothing is told; it does not come back."""
        self.life = -abs(self.life)


def no_mistake(ledger: Ledger) -> Ledger:
    return ledger


@dataclass
class BudgetWorld:
    """`limit` calls a minute for all; `between` is how often others act while one asks the table."""

    limit: int
    seed: int
    think: float = 0.1
    between: float = 0.0
    lost_answers: float = 0.0
    mistake: Callable[[Ledger], Ledger] = no_mistake
    time: float = 0.0
    is_out: bool = False
    conflicts: int = 0
    items: dict[str, HeldText] = field(default_factory=dict)
    called: list[float] = field(default_factory=list)
    arrived: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.versions = itertools.count()
        self._order = itertools.count()
        self._events: list[tuple[float, int, Callable[..., None], tuple[int, ...]]] = []
        self._nested = False

    def at(self, seconds: float, act: Callable[..., None], *given: int) -> None:
        """Do this so many seconds from now."""
        heapq.heappush(self._events, (self.time + seconds, next(self._order), act, given))

    def run_until(self, end: float) -> None:
        self._end = end
        while self._events and self._events[0][0] <= end:
            self._next()
        self.time = end

    def let_others_go_between(self, process: Process) -> None:
        """Time passes while a process waits for the table, in which the others act; itself it cannot."""
        if self._nested or self.chance.random() >= self.between:
            return
        self._nested, latest = True, min(self.time + SLOW, self._end)
        for _ in range(self.chance.randint(1, 5)):
            if not self._events or self._events[0][0] > latest:
                break
            if getattr(self._events[0][2], "__self__", None) is process:
                break
            self._next()
        self._nested = False

    def most_in_a_minute(self) -> int:
        """As a gateway counts: the calls that arrived in the 60 s up to each of them."""
        arrived, first, most = sorted(self.arrived), 0, 0
        for last, time in enumerate(arrived):
            while arrived[first] <= time - 60:
                first += 1
            most = max(most, last - first + 1)
        return most

    def used(self, windows: int) -> float:
        """The share of the limit that was used in the last whole windows: calls come in bursts."""
        start = self.time - windows * WINDOW
        return sum(time >= start for time in self.called) / (self.limit * windows)

    def ledger(self) -> Ledger:
        return read_ledger(self.items[KEY].body)

    def gives(self, process: Process) -> int:
        """How many calls the table holds for a process."""
        member = self.ledger().members.get(process.name) if KEY in self.items else None
        return member.calls if member else 0

    def _next(self) -> None:
        time, _, act, given = heapq.heappop(self._events)
        self.time = max(self.time, time)
        act(*given)
