"""A hotel that answers fixed bodies, whatever the clock says and however often it is asked."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from host_pms.simulator.pms import JsonObject, PageRequest, page_of


class CannedHotel:
    """Serves the given config, rows, postings and grid; rows are paged, `updateFrom` is not looked at.

    The first window that is asked for gets the whole grid, each time; every other window an empty one.
    """

    def __init__(
        self,
        *,
        code: str,
        config: JsonObject,
        reservations: Sequence[Any],
        revenue: Sequence[Any],
        inventory: JsonObject | list[Any],
    ) -> None:
        self.code = code
        self.name = f"Canned {code}"
        self._config = config
        self._reservations = reservations
        self._revenue = revenue
        self._inventory = inventory
        self._first_window: tuple[date, date] | None = None

    def config(self, _now: datetime) -> JsonObject:
        """As given."""
        return self._config

    def reservations(self, _now: datetime, request: PageRequest) -> JsonObject:
        """A page of the rows given."""
        return {"Reservations": page_of(self._reservations, request, _as_given)}

    def revenue(self, _now: datetime, request: PageRequest, _sales_group: int | None) -> JsonObject:
        """A page of the postings given, of all sales groups: an installation may ignore the parameter."""
        return {"Revenue": page_of(self._revenue, request, _as_given)}

    def inventory_grid(self, _now: datetime, first: date, last: date) -> Any:
        """The grid given, in the window asked for first."""
        if self._first_window is None:
            self._first_window = (first, last)
        if (first, last) == self._first_window:
            return self._inventory
        empty: list[Any] = []
        return empty if isinstance(self._inventory, list) else self._inventory | {"roomInventories": empty}


def _as_given(row: Any) -> Any:
    return row
