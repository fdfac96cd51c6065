"""What the Host API needs of a hotel, and how a list of rows is cut into pages."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, Protocol, TypeVar

from host_pms.simulator.clock import HotelClock

JsonObject = dict[str, Any]
Order = Literal["id", "last_update", "newest"]
"""How rows are ordered: by id, by `LastUpdate`, or by `LastUpdate` with the newest first."""

MAX_PAGE = 100  # host-api.md: a page holds at most 100 rows whatever `limit` says
_Row = TypeVar("_Row")


@dataclass(frozen=True, kw_only=True, slots=True)
class PageRequest:
    """Rows changed at or after `update_from`; at most `limit` of them, from row `start` (from 0)."""

    update_from: datetime
    start: int = 0
    limit: int = MAX_PAGE


class PmsHotel(Protocol):
    """One hotel's PMS: the bodies that it answers when its wall clock shows `now`."""

    @property
    def code(self) -> str:
        """`HOTEL001`."""

    @property
    def name(self) -> str:
        """What people call it."""

    def config(self, now: datetime) -> Any:
        """The answer to Config."""

    def reservations(self, now: datetime, request: PageRequest) -> Any:
        """The answer to Reservation."""

    def revenue(self, now: datetime, request: PageRequest, sales_group: int | None) -> Any:
        """The answer to Revenue; `sales_group` None asks for all groups."""

    def inventory_grid(self, now: datetime, first: date, last: date) -> Any:
        """The answer to InventoryGrid, both dates included."""


BetweenPages = Callable[[PmsHotel, HotelClock], None]
"""Called before each page of rows or postings is made, so that a list may change while it is read."""


def page_of(rows: Sequence[_Row], request: PageRequest, render: Callable[[_Row], Any]) -> list[Any]:
    """The rows asked for, rendered, each with its `RowNumber` (from 1) and the `TotalRows` of the list."""
    limit = min(request.limit, MAX_PAGE)
    page = rows[request.start : request.start + limit]
    return [
        _numbered(render(row), row_number=number, total_rows=len(rows))
        for number, row in enumerate(page, start=request.start + 1)
    ]


def _numbered(row: Any, *, row_number: int, total_rows: int) -> Any:
    """`row` with its numbers; what is no object (a canned row that is to be rejected) stays as it is."""
    if not isinstance(row, dict):
        return row
    return row | {"RowNumber": row_number, "TotalRows": total_rows}
