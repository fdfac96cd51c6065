"""Traps for processes: a moment that their neighbours see come, and what strikes then."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock, Timer
from typing import Literal

from host_pms.models.head import Phase
from host_pms.simulator.calls import Call
from host_pms.simulator.effects import Effect, OnTheWire
from host_pms.simulator.faults import Faults

Neighbour = Literal["simulator", "place"]
"""Who is called: Host and the ESB, or where things are kept."""

SEND = "SendMessage"
"""Part of the path of a call that sends a trigger."""


@dataclass(frozen=True, kw_only=True)
class AtTime:
    """So many seconds after the processes were started."""

    seconds: float


@dataclass(frozen=True, kw_only=True)
class AtCall:
    """The `number`-th call of the simulator or the place whose path holds `path`, counted from 1.

    `answered`: when it was done, and its answer is about to leave; else it is never done. Of a disk only
    triggers are seen, when they are there.
    """

    of: Neighbour
    number: int
    answered: bool
    path: str = ""


@dataclass(frozen=True, kw_only=True)
class InPhase:
    """So many seconds after the head of a hotel was written with this phase; at 0, before the answer."""

    phase: Phase
    seconds: float


Moment = AtTime | AtCall | InPhase


class Trap:
    """Set for one moment at a time; strikes once. Neighbours tell it from their own threads what they see."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._moment: Moment | None = None
        self._strike: Callable[[], None] = _nothing
        self._drops = False
        self._seen = 0
        self._timer: Timer | None = None

    @contextmanager
    def set(self, moment: Moment, strike: Callable[[], None], *, drops: bool) -> Iterator[None]:
        """Call `strike` at the moment, if it comes while the block lasts.

        `drops`: a call that is struck as it arrives is not done; only where nobody waits for its answer.
        """
        with self._lock:
            self._moment, self._strike, self._drops, self._seen = moment, strike, drops, 0
        if isinstance(moment, AtTime):
            self._after(moment.seconds)
        try:
            yield
        finally:
            with self._lock:
                self._moment = None
            if self._timer is not None:
                self._timer.cancel()
                self._timer.join()
                self._timer = None

    def arrives(self, of: Neighbour, path: str) -> bool:
        """A call has come, and nothing is done yet; whether it must not be done."""
        return self._call(of, path, answered=False) and self._drops

    def answered(self, of: Neighbour, path: str) -> None:
        """A call was done."""
        self._call(of, path, answered=True)

    def written(self, phase: Phase | None) -> None:
        """A head was written, with this phase of its open run."""
        with self._lock:
            moment = self._moment
            is_it = isinstance(moment, InPhase) and moment.phase is phase
            later = isinstance(moment, InPhase) and moment.seconds > 0
            if is_it:
                self._moment = None
        if is_it and isinstance(moment, InPhase):
            self._after(moment.seconds) if later else self._strike()

    def _call(self, of: Neighbour, path: str, *, answered: bool) -> bool:
        with self._lock:
            moment = self._moment
            if not isinstance(moment, AtCall) or (moment.of, moment.answered) != (of, answered):
                return False
            self._seen += moment.path in path
            if self._seen < moment.number:
                return False
            self._moment = None
        self._strike()
        return True

    def _after(self, seconds: float) -> None:
        self._timer = Timer(seconds, self._strike)
        self._timer.start()


def _nothing() -> None:
    pass


class TrappedFaults(Faults):
    """The simulator's faults, none of which is in force; asked before a call is done, and counted."""

    def __init__(self, trap: Trap) -> None:
        super().__init__()
        self._trap = trap
        self.asked = 0

    def befalling(self, path: str, hotel: str | None) -> list[Effect]:
        self.asked += 1
        if self._trap.arrives("simulator", path):
            return [OnTheWire(how="no-answer")]
        return super().befalling(path, hotel)


class TrappedCalls(list[Call]):
    """The simulator's list of calls; each is appended when it is done, before its answer leaves."""

    def __init__(self, trap: Trap, seen: Callable[[Call], None]) -> None:
        super().__init__()
        self._trap = trap
        self._seen = seen

    def append(self, call: Call) -> None:
        super().append(call)
        self._seen(call)
        if call.status is not None:
            self._trap.answered("simulator", call.path)
