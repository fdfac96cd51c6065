"""What a run that was gone on with asked for again (S5), counted at the simulator."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from kills.attempts import Cut

from host_pms.models.head import Phase
from host_pms.simulator.calls import Call

_KINDS = {
    "Config": "config",
    "Reservation": "reservation",
    "Revenue": "revenue",
    "InventoryGrid": "inventory",
}


@dataclass(frozen=True, kw_only=True)
class AskedAgain:
    """Of a run's recorded answers: how many there were, and the first that was asked for again, from 1.

    `first` None: none was. `aligned`: the recorded ones are those that the calls say.
    """

    recorded: int
    first: int | None
    aligned: bool

    @property
    def is_wrong(self) -> bool:
        """One before the last recorded one but one was."""
        return not self.aligned or (self.first is not None and self.first < self.recorded - 1)


def asked_again(cut: Cut, calls: Sequence[Call]) -> AskedAgain | None:
    """None where the run was not reading, or its pages may differ when they are asked for again."""
    if cut.phase is not Phase.EXTRACT or not cut.alone:
        return None
    place = [number for number, call in enumerate(calls) if _is_of(call, cut.hotel)]
    mine = [calls[number] for number in place]
    opening = [at for at in range(1, len(mine)) if _opens(mine[at - 1], mine[at])]
    cut_at = sum(number < cut.calls for number in place)
    start = max(at for at in opening if at < cut_at)
    end = next((at for at in opening if at >= cut_at), len(mine))
    asked = list(dict.fromkeys(map(_page, (call for call in mine[start:end] if _kind(call)))))
    recorded = sum(cut.pages.values())
    again = {asked.index(_page(call)) + 1 for call in mine[cut_at:end] if _kind(call)}
    return AskedAgain(
        recorded=recorded,
        first=min((number for number in again if number <= recorded), default=None),
        aligned=Counter(_KINDS[path.rpartition("/")[2]] for path, _ in asked[:recorded])
        == Counter(cut.pages),
    )


def _is_of(call: Call, hotel: str) -> bool:
    return call.query.get("hotelCode") == hotel or f"/hotels/{hotel}/" in call.path


def _opens(before: Call, call: Call) -> bool:
    """A run asks the ESB for the hotel's parameters, then Host for its configuration."""
    return before.path.endswith("/parameters") and _kind(call) == "config"


def _kind(call: Call) -> str | None:
    return _KINDS.get(call.path.rpartition("/")[2])


def _page(call: Call) -> tuple[str, frozenset[tuple[str, str]]]:
    return call.path, frozenset(call.query.items())
