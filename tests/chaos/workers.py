"""Workers on the real services, and the faults that hit one of their calls."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from functools import partial
from io import BytesIO
from types import SimpleNamespace
from typing import Any

from chaos.world import POLICY, World

from host_pms.errors import ConnectorError, RateLimitedError, StoppedError, TransientError, WriteConflictError
from host_pms.ports import Wanted
from host_pms.services.archive import Archive
from host_pms.services.fleet import chosen_hotels, sync_fleet
from host_pms.services.history import known_hotels, runs_of_hotels
from host_pms.services.sync import Neighbours
from host_pms.services.window import Asked

HOST_SECONDS, OTHER_SECONDS = 7.0, 0.5
LATE_SECONDS = 45.0
FROZEN_SECONDS = 3600.0
UNTIL_IT_HEALS = 7200.0
CHANGE = 0.3
"""How often the hotel changes while a page of it is asked for."""


class Fault(StrEnum):
    """What can happen at a call."""

    CRASH_BEFORE = "crash before"
    CRASH_AFTER = "crash after"
    LOST_ANSWER = "lost answer"
    NEVER_LANDED = "never landed"
    LANDED_LATE = "landed late"
    FAILS_ONCE = "500 once"
    FAILS_ON = "500 for ever"
    THROTTLED = "429"
    STOP = "graceful stop"
    RIVAL = "second worker"
    FROZEN = "frozen worker"
    RESET = "watermark reset by hand"
    CONFLICT = "409"


ABSORBED = frozenset({Fault.LOST_ANSWER, Fault.NEVER_LANDED, Fault.FAILS_ONCE, Fault.CONFLICT})
"""S1: what a swap of the head must survive within the run."""


class Crash(BaseException):
    """The process is gone: no handler and no `finally` of it does anything any more."""


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A fault at the call of this number, counted over the history."""

    call: int
    fault: Fault


@dataclass
class Faults:
    """The faults of one history. `hit` remembers which call each met."""

    planned: tuple[Hit, ...] = ()
    calls: int = 0
    hit: list[tuple[Fault, str]] = field(default_factory=list)
    failing: dict[str, float] = field(default_factory=dict)

    def at_this_call(self, method: str) -> Fault | None:
        self.calls += 1
        fault = next((hit.fault for hit in self.planned if hit.call == self.calls), None)
        if fault is not None:
            self.hit.append((fault, method))
        return fault


WRITES = frozenset({"store.put_new", "heads.swap", "esb.register", "esb.move_watermark", "queue.send"})
CALLS = WRITES | {
    *("pms.config", "pms.reservations", "pms.revenue", "pms.inventory_grid"),
    *("esb.hotels", "esb.parameters", "store.read", "heads.read", "store.keys", "store.folders"),
}
"""Every call of a port that a sync makes, or who looks at its runs."""


class Worker:
    """One process that syncs, through ports that the history's faults may hit."""

    def __init__(self, world: World, faults: Faults) -> None:
        self._world = world
        self._faults = faults
        self.name = f"worker-{next(world.names)}"
        self._dead = False
        self._stopping = False

    def sync(self) -> Exception | None:
        """A `host-pms sync`: why it failed, or None where it did not.

        Raises:
            Crash: the process is gone.
        """
        try:
            neighbours = self._neighbours()
            hotels = chosen_hotels((), neighbours.esb)
            (result,) = sync_fleet(hotels, Asked(), POLICY, neighbours, at_once=1)
        except ConnectorError as error:
            return error
        finally:
            self._world.gone.add(self.name)
        return result.error

    def look(self) -> None:
        """A `host-pms runs`, which changes nothing, whatever happens to it."""
        ports = self._neighbours()
        archive = Archive(
            store=ports.store,
            heads=ports.heads,
            clock=ports.clock,
            notify=ports.notify,
            new_owner=ports.new_owner,
            is_gone=ports.is_gone,
        )
        with suppress(ConnectorError, Crash):
            runs_of_hotels(known_hotels(archive, POLICY), archive, POLICY, last=2, at_once=1)

    def _neighbours(self) -> Neighbours:
        world = self._world
        return Neighbours(
            pms=self._pms(),
            esb=self._through("esb", world.esb),
            store=self._through("store", world.store),
            heads=self._through("heads", world.heads),
            queue=self._through("queue", world.queue),
            clock=world.time,
            ahead=world.ahead(),
            checkpoint=self._check_stop,
            notify=lambda _event: None,
            new_owner=lambda: self.name,
            is_gone=lambda owner: world.disk and owner in world.gone,
        )

    def _pms(self, wanted: Wanted = lambda: True) -> Any:
        pms = self._through("pms", self._world.hotel)
        calls = {method: partial(self._if, wanted, call) for method, call in vars(pms).items()}
        return SimpleNamespace(**calls, ahead=self._pms)

    def _if(self, wanted: Wanted, call: Callable[..., Any], *given: Any, **named: Any) -> Any:
        if not wanted():
            raise TransientError("it is not wanted any more")
        return call(*given, **named)

    def _check_stop(self) -> None:
        if self._stopping:
            raise StoppedError("asked to stop")

    def _through(self, port: str, real: Any) -> Any:
        """`real` with all its methods, each of which may be hit."""
        return SimpleNamespace(
            **{
                method: partial(self._call, f"{port}.{method}", getattr(real, method))
                for name, _, method in (call.partition(".") for call in sorted(CALLS))
                if name == port
            }
        )

    def _call(self, name: str, real: Callable[..., Any], *given: Any, **named: Any) -> Any:
        if self._dead:
            raise Crash
        world = self._world
        is_host = name.startswith("pms.")
        world.passes(HOST_SECONDS if is_host else OTHER_SECONDS)
        if is_host:
            self._check_stop()
        if is_host and not world.quiet and world.chance.random() < CHANGE:
            world.hotel.something_happens()
        fault = self._faults.at_this_call(name)
        world.trace.append((self.name, name, fault, world.time.elapsed))
        if self._faults.failing.get(name, 0.0) > world.time.elapsed:
            raise TransientError(f"{name} still fails")
        call = partial(real, *_lasting(given), **named)
        return call() if fault is None else self._hit(fault, name, call)

    def _hit(self, fault: Fault, name: str, call: Callable[[], Any]) -> Any:
        match fault:
            case Fault.CRASH_BEFORE | Fault.CRASH_AFTER:
                self._dead = True
                if fault is Fault.CRASH_AFTER:
                    call()
                raise Crash
            case Fault.LOST_ANSWER:
                call()
                raise TransientError(f"the answer of {name} got lost")
            case Fault.LANDED_LATE if name in WRITES:
                self._world.time.later(LATE_SECONDS, partial(_landed, call))
                raise TransientError(f"{name} timed out")
            case Fault.FAILS_ONCE if name != "heads.swap":
                self._world.passes(1)  # the adapters try again by themselves; for a swap the journal does
                return call()
            case Fault.FAILS_ON:
                self._faults.failing[name] = self._world.time.elapsed + UNTIL_IT_HEALS
            case Fault.THROTTLED if name.startswith(("pms.", "esb.")):
                raise RateLimitedError("429", not_before=self._world.time.now() + timedelta(minutes=5))
            case Fault.CONFLICT if name == "heads.swap":
                raise WriteConflictError("409")
            case Fault.STOP | Fault.RIVAL | Fault.FROZEN | Fault.RESET | Fault.CONFLICT:
                self._meanwhile(fault)
                return call()
        raise TransientError(f"{name} failed")

    def _meanwhile(self, fault: Fault) -> None:
        """What others do while this call is under way."""
        world = self._world
        if fault is Fault.STOP:
            self._stopping = True
        elif fault is Fault.RESET and world.esb.last_import is not None:
            world.esb.reset_by_hand(world.esb.last_import - timedelta(days=3))
        elif fault in {Fault.RIVAL, Fault.FROZEN}:
            if fault is Fault.FROZEN:
                world.passes(FROZEN_SECONDS)
            world.rivals.append(Worker(world, self._faults).sync())


def _lasting(given: tuple[Any, ...]) -> tuple[Any, ...]:
    """What can be sent later, too: a body that is a stream is read now."""
    return tuple(BytesIO(value.read()) if hasattr(value, "read") else value for value in _rewound(given))


def _rewound(given: tuple[Any, ...]) -> tuple[Any, ...]:
    for value in given:
        if hasattr(value, "seek"):
            value.seek(0)
    return given


def _landed(call: Callable[[], Any]) -> None:
    """Nobody is there any more to hear what a late call comes to."""
    with suppress(ConnectorError):
        call()
