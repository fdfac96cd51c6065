"""The InventoryGrid answer: what each room type holds, day by day."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from host_pms.models.host.json_text import decode, listed
from host_pms.models.host.values import day, if_whole, text


@dataclass(frozen=True, kw_only=True, slots=True)
class GridEntry:
    """One room type on one date; None is what Host did not say."""

    date: date | None
    inventory: int | None
    out_of_inventory: int | None
    out_of_order: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class GridRoom:
    """One room of the grid and its entries, as they came."""

    room_code: str | None
    entries: tuple[GridEntry, ...]


def read_grid(body: bytes) -> tuple[GridRoom, ...]:
    """The rooms in an answer of `GET /Pms/InventoryGrid`.

    Raises:
        PageError: it is no JSON, or an object without its list.
    """
    rooms = listed(decode(body), ("roomInventories",), bare=True)
    return tuple(_room(room) for room in rooms)


def _room(room: Any) -> GridRoom:
    room = room if isinstance(room, dict) else {}
    return GridRoom(
        room_code=text(room.get("roomCode")), entries=tuple(_entries(room.get("dailyInventories")))
    )


def _entries(entries: Any) -> Iterator[GridEntry]:
    for item in entries if isinstance(entries, list) else ():
        entry = item if isinstance(item, dict) else {}
        found = entry.get("date")
        yield GridEntry(
            date=day(found) if isinstance(found, str) else None,
            inventory=if_whole(entry.get("inventory")),
            out_of_inventory=if_whole(entry.get("inventoryOOI")),
            out_of_order=if_whole(entry.get("inventoryOOO")),
        )
