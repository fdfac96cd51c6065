"""What a run that was gone on with asked for again (S5), counted at the simulator."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from kills.attempts import Cut

from host_pms.models.head import Phase
from host_pms.simulator.calls import Call

_Page: TypeAlias = tuple[str, frozenset[tuple[str, str]], int]
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
    """None where the run was not reading, or somebody else was at work. Its pages must be the same again."""
    if cut.phase is not Phase.EXTRACT or not cut.alone:
        return None
    place = [number for number, call in enumerate(calls) if _is_of(call, cut.hotel)]
    mine = [calls[number] for number in place]
    opening = [at for at in range(1, len(mine)) if _opens(mine[at - 1], mine[at])]
    cut_at = sum(number < cut.calls for number in place)
    start = max(at for at in opening if at < cut_at)
    end = next((at for at in opening if at >= cut_at), len(mine))
    asked = _in_order([call for call in mine[start:end] if _kind(call)])
    recorded = sum(cut.pages.values())
    again = {asked.index(_page(call)) + 1 for call in mine[cut_at:end] if _kind(call)}
    return AskedAgain(
        recorded=recorded,
        first=min((number for number in again if number <= recorded), default=None),
        aligned=Counter(_KINDS[path.rpartition("/")[2]] for path, _, _ in asked[:recorded])
        == Counter(cut.pages),
    )


def _is_of(call: Call, hotel: str) -> bool:
    return call.query.get("hotelCode") == hotel or f"/hotels/{hotel}/" in call.path


def _opens(before: Call, call: Call) -> bool:
    """A run asks the ESB for the hotel's parameters, then Host for its configuration."""
    return before.path.endswith("/parameters") and _kind(call) == "config"


def _kind(call: Call) -> str | None:
    return _KINDS.get(call.path.rpartition("/")[2])


def _page(call: Call) -> _Page:
    """The list that a call is about, and the row at which its page starts."""
    rest = frozenset((name, value) for name, value in call.query.items() if name != "start")
    return call.path, rest, int(call.query.get("start", 0))


def _in_order(calls: Sequence[Call]) -> list[_Page]:
    """Each page once, as a run takes them: list by list, by their rows, though some are asked for ahead."""
    pages = dict.fromkeys(map(_page, calls))
    lists = {key: number for number, key in enumerate(dict.fromkeys(page[:2] for page in pages))}
    return sorted(pages, key=lambda page: (lists[page[:2]], page[2]))
