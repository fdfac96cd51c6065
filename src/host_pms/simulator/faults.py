"""Faults that the simulator makes on purpose, each written as one line.

    KIND[=VALUE][@CONDITION[,CONDITION]…]

    status=503@call=7                     the seventh call
    status=500@path=Reservation,p=0.1     a tenth of the calls to Reservation
    delay=2s@hotel=HOTEL002,call=3-5      the third to fifth call for this hotel
    reset@path=register,call=1            the first registration at the ESB
    no-total-rows                         every page of rows, for ever

Conditions, all of which must hold: `path=TEXT` is part of the path, `hotel=CODE` is the call's hotel;
of the calls that these two let through, `call=N`, `call=N-M` or `call=N-` takes some by number, from 1,
and `p=SHARE` takes a share at random, drawn from the simulator's seed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from host_pms.simulator.chance import seeded
from host_pms.simulator.effects import Effect
from host_pms.simulator.fault_kinds import KINDS, number


class FaultSpecError(ValueError):
    """A fault that is not understood, in one line that says how to write it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class When:
    """Which calls a fault befalls; `last` None is without end."""

    path: str = ""
    hotel: str | None = None
    first: int = 1
    last: int | None = None
    share: float = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One fault: its line, what it does, and when; `places` are its kind's."""

    spec: str
    effect: Effect
    when: When
    places: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Happened:
    """A fault that befell a call, and the call's path."""

    spec: str
    path: str


def parse_fault(spec: str) -> Fault:
    """The fault that `spec` writes.

    Raises:
        FaultSpecError: it is not understood.
    """
    what, conditions = _parts(spec, "@")
    name, value = _parts(what, "=")
    kind = KINDS.get(name)
    if kind is None:
        raise FaultSpecError(f"{spec!r} is no fault: {name!r} is none of {', '.join(KINDS)}")
    try:
        effect, when = kind.read(value), _when(conditions)
    except (ValueError, OverflowError) as fault:
        raise FaultSpecError(f"{spec!r} is no fault: {fault}; write {kind.written}") from fault
    return Fault(spec=spec, effect=effect, when=when, places=kind.places)


def _parts(text: str, separator: str) -> tuple[str, str]:
    """What stands before and after the separator; one that nothing follows belongs to the first part."""
    before, found, after = text.partition(separator)
    return (before, after) if after else (before + found, "")


def _when(conditions: str) -> When:
    given: dict[str, Any] = {}
    for condition in conditions.split(",") if conditions else ():
        name, _, value = condition.partition("=")
        if name not in _CONDITIONS or not value:
            raise ValueError(f"{condition!r} is none of the conditions path=, hotel=, call=, p=")
        given |= _CONDITIONS[name](value)
    return When(**given)


def _calls(text: str) -> Mapping[str, int | None]:
    first, dash, last = text.partition("-")
    numbers = number(first), number(last or first) if last or not dash else None
    if numbers[0] < 1 or (numbers[1] is not None and numbers[1] < numbers[0]):
        raise ValueError(f"call={text} takes no call; they are numbered from 1")
    return {"first": numbers[0], "last": numbers[1]}


def _share(text: str) -> Mapping[str, float]:
    share = float(text)
    if not 0 < share <= 1:
        raise ValueError(f"p={text} is not above 0 and at most 1")
    return {"share": share}


_CONDITIONS: Mapping[str, Callable[[str], Mapping[str, Any]]] = {
    "path": lambda text: {"path": text},
    "hotel": lambda text: {"hotel": text},
    "call": _calls,
    "p": _share,
}


class Faults:
    """The faults in force. Any thread may add and remove them while the simulator runs.

    `happened` are those that befell a call, in order.
    """

    def __init__(self, specs: Sequence[str | Fault] = (), *, seed: int = 1) -> None:
        """Raise FaultSpecError where one is not understood."""
        self.happened: list[Happened] = []
        self._chance = seeded(seed, "faults")
        self._in_force: tuple[_InForce, ...] = ()
        for spec in specs:
            self.add(spec)

    def add(self, spec: str | Fault) -> Fault:
        """Put one in force; its calls are counted from now on.

        Raises:
            FaultSpecError: it is not understood.
        """
        fault = parse_fault(spec) if isinstance(spec, str) else spec
        self._in_force = (*self._in_force, _InForce(fault))
        return fault

    def remove(self, fault: Fault) -> None:
        """Take it out of force, if it is."""
        self._in_force = tuple(active for active in self._in_force if active.fault != fault)

    def clear(self) -> None:
        """Take all out of force."""
        self._in_force = ()

    @property
    def any_by_hotel(self) -> bool:
        """Whether one of them asks for a call's hotel."""
        return any(active.fault.when.hotel is not None for active in self._in_force)

    def befalling(self, path: str, hotel: str | None) -> list[Effect]:
        """What befalls this call, in the order the faults were added; asked once a call, as it is counted."""
        effects: list[Effect] = []
        for active in self._in_force:
            if active.befalls(path, hotel) and self._chance.random() < active.fault.when.share:
                self.happened.append(Happened(spec=active.fault.spec, path=path))
                effects.append(active.fault.effect)
        return effects


class _InForce:
    """A fault and the number of calls that its path and hotel let through."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self._calls = 0

    def befalls(self, path: str, hotel: str | None) -> bool:
        """Count the call, and say whether its number is one of the fault's."""
        when = self.fault.when
        elsewhere = self.fault.places and not any(place in path for place in self.fault.places)
        if elsewhere or when.path not in path or when.hotel not in {None, hotel}:
            return False
        self._calls += 1
        return when.first <= self._calls and (when.last is None or self._calls <= when.last)
