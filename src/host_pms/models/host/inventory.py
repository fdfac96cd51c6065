"""The InventoryGrid answer: what each room type holds, day by day."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import msgspec

from host_pms.models.host.json_text import decode, listed
from host_pms.models.host.values import Whole, day, if_whole, text


class GridEntry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One room type on one date; None is what Host did not say."""

    date: date | None
    inventory: int | None
    out_of_inventory: int | None
    out_of_order: int | None


class GridRoom(msgspec.Struct, frozen=True, kw_only=True):
    """One room of the grid and its entries, as they came."""

    room_code: str | None
    entries: tuple[GridEntry, ...]


class _WireEntry(msgspec.Struct, gc=False):
    date: str | None = None
    inventory: Whole | None = None
    out_of_inventory: Whole | None = msgspec.field(default=None, name="inventoryOOI")
    out_of_order: Whole | None = msgspec.field(default=None, name="inventoryOOO")


class _WireRoom(msgspec.Struct):
    room_code: str | None = msgspec.field(default=None, name="roomCode")
    entries: list[_WireEntry] | None = msgspec.field(default=None, name="dailyInventories")


class _WireGrid(msgspec.Struct):
    rooms: list[_WireRoom] = msgspec.field(name="roomInventories")


_WELL_FORMED = msgspec.json.Decoder(_WireGrid | list[_WireRoom])


def read_grid(body: bytes) -> tuple[GridRoom, ...]:
    """The rooms in an answer of `GET /Pms/InventoryGrid`.

    Raises:
        PageError: it is no JSON, or an object without its list.
    """
    try:
        grid = _WELL_FORMED.decode(body)
    except (ValueError, RecursionError):
        return tuple(_loose_room(room) for room in listed(decode(body), ("roomInventories",), bare=True))
    return tuple(_room(room) for room in (grid if isinstance(grid, list) else grid.rooms))


def _room(room: _WireRoom) -> GridRoom:
    entries = [
        GridEntry(
            date=None if entry.date is None else day(entry.date),
            inventory=entry.inventory,
            out_of_inventory=entry.out_of_inventory,
            out_of_order=entry.out_of_order,
        )
        for entry in room.entries or ()
    ]
    return GridRoom(room_code=text(room.room_code), entries=tuple(entries))


def _loose_room(room: Any) -> GridRoom:
    """A room where not all of the answer is well-formed."""
    room = room if isinstance(room, dict) else {}
    return GridRoom(
        room_code=text(room.get("roomCode")), entries=tuple(_loose_entries(room.get("dailyInventories")))
    )


def _loose_entries(entries: Any) -> Iterator[GridEntry]:
    for item in entries if isinstance(entries, list) else ():
        entry = item if isinstance(item, dict) else {}
        found = entry.get("date")
        yield GridEntry(
            date=day(found) if isinstance(found, str) else None,
            inventory=if_whole(entry.get("inventory")),
            out_of_inventory=if_whole(entry.get("inventoryOOI")),
            out_of_order=if_whole(entry.get("inventoryOOO")),
        )
