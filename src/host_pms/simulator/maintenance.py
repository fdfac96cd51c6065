"""Rooms that a hotel takes out of its inventory, and the grid of what is left."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from host_pms.simulator.catalogue import SELLABLE, RoomType
from host_pms.simulator.chance import one_in, seeded
from host_pms.simulator.pms import JsonObject

_BLOCKS = 10
_SPAN_DAYS = 365
_WEEKEND = (4, 5)


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """`rooms` of a type that are out of order, or else out of inventory, from `first` to `last`.

    Known from `planned` on.
    """

    planned: datetime
    room_type: str
    first: date
    last: date
    rooms: int
    out_of_order: bool


def draw_blocks(*, seed: int, hotel_code: str, around: datetime) -> tuple[Block, ...]:
    """Some blocks over a year round the start; the same arguments give the same blocks."""
    rng = seeded(seed, f"{hotel_code}/rooms")
    return tuple(_block(rng, around) for _ in range(_BLOCKS))


def _block(rng: Random, around: datetime) -> Block:
    room = rng.choice(SELLABLE)
    first = around.date() + timedelta(days=rng.randrange(_SPAN_DAYS) - _SPAN_DAYS // 4)
    return Block(
        planned=datetime.combine(first, around.time()) - timedelta(days=rng.randint(5, 90)),
        room_type=room.code,
        first=first,
        last=first + timedelta(days=rng.randint(0, 12)),
        rooms=rng.randint(1, room.rooms // 4 + 1),
        out_of_order=not one_in(rng, 3),
    )


def room_inventories(
    rooms: Sequence[RoomType], blocks: Sequence[Block], *, now: datetime, first: date, last: date
) -> list[JsonObject]:
    """The grid's rows, as planned at `now`, both dates included."""
    known = [block for block in blocks if block.planned <= now]
    days = [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
    return [
        {
            "roomCode": room.code,
            "roomName": room.description,
            "dailyInventories": [_daily(room, known, day) for day in days],
        }
        for room in rooms
    ]


def _daily(room: RoomType, blocks: Sequence[Block], day: date) -> JsonObject:
    here = [block for block in blocks if block.room_type == room.code and block.first <= day <= block.last]
    out_of_order = min(room.rooms, sum(block.rooms for block in here if block.out_of_order))
    out_of_inventory = sum(block.rooms for block in here if not block.out_of_order)
    left = max(0, room.rooms - out_of_order - out_of_inventory)
    return {
        "date": day.isoformat(),
        "inventory": left,
        "inventoryOOI": out_of_inventory,
        "inventoryOOO": out_of_order,
        "rate": room.rate + (15.0 if day.weekday() in _WEEKEND else 0.0),
        "status": "AVAILABLE" if left else "CLOSED",
    }
