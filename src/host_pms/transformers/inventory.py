"""R17: from the grid and the catalogue to ranges of room inventory without gap or overlap."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from host_pms.models.climber.files import HotelConfiguration, RoomInventory
from host_pms.models.host.config import ConfigItem
from host_pms.models.host.inventory import GridEntry, GridRoom
from host_pms.transformers.codes import Catalogue

_DAY = timedelta(days=1)


class Level(NamedTuple):
    """What one room type holds on a date."""

    inventory: int
    out_of_inventory: int = 0
    out_of_order: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class InventoryResult:
    """The hotel configuration file; what was left out of it is counted."""

    configuration: HotelConfiguration
    unmatched_rooms: int
    undated_entries: int


class _Grid:
    """The grid's entries by room and date: of two entries for one the first counts."""

    def __init__(self, rooms: Iterable[GridRoom], catalogue: Catalogue) -> None:
        self.unmatched_rooms = 0
        self.undated_entries = 0
        self.entries: dict[str, dict[date, GridEntry]] = {}
        for room in rooms:
            code = catalogue.lists["rooms"].resolve(room.room_code)
            if code is None:
                self.unmatched_rooms += 1
                continue
            days = self.entries.setdefault(code, {})
            for entry in room.entries:
                if entry.date is None:
                    self.undated_entries += 1
                else:
                    days.setdefault(entry.date, entry)


def room_inventory(
    catalogue: Catalogue, rooms: Iterable[GridRoom], *, today: date, first: date
) -> InventoryResult:
    """Every room of the catalogue from `first`, which is not after `today`, without end."""
    grid = _Grid(rooms, catalogue)
    return InventoryResult(
        configuration=HotelConfiguration(
            room_inventory=tuple(
                found
                for item in catalogue.lists["rooms"].items
                for found in _ranges(item, grid.entries.get(item.code or "", {}), today=today, first=first)
            )
        ),
        unmatched_rooms=grid.unmatched_rooms,
        undated_entries=grid.undated_entries,
    )


def inventory_start(today: date, update_from: date, *, first_import: bool) -> date:
    """R17: today, on a first import the window's start if that is earlier."""
    return min(today, update_from) if first_import else today


def _ranges(
    item: ConfigItem, entries: Mapping[date, GridEntry], *, today: date, first: date
) -> Iterator[RoomInventory]:
    usual = Level(max(item.inventory or 0, 0) if item.active else 0)
    runs = _runs({day: _level(entry, usual) for day, entry in entries.items() if day >= today}, usual, first)
    ends = [f"{start}" for _, start in runs[1:]]
    for (level, start), end in zip(runs, [*ends, ""], strict=True):
        yield RoomInventory(
            calendar_date=f"[{start},{end})",
            inventory=level.inventory,
            inventory_ooi=level.out_of_inventory,
            inventory_ooo=level.out_of_order,
            room_code=item.code or "",
        )


def _runs(levels: Mapping[date, Level], usual: Level, first: date) -> list[tuple[Level, date]]:
    """Each level with the day it begins on, from `first` on; on a day without one it is the usual one."""
    turns: list[tuple[Level, date]] = [(usual, first)]
    after = first
    for day in sorted(levels):
        if day > after:
            turns.append((usual, after))
        turns.append((levels[day], day))
        after = day + _DAY if day < date.max else day
    if after not in levels:
        turns.append((usual, after))
    runs: list[tuple[Level, date]] = []
    for level, start in turns:
        if runs and runs[-1][1] == start:
            runs.pop()
        if not runs or runs[-1][0] != level:
            runs.append((level, start))
    return runs


def _level(entry: GridEntry, usual: Level) -> Level:
    inventory = usual.inventory if entry.inventory is None else max(entry.inventory, 0)
    return Level(inventory, entry.out_of_inventory or 0, entry.out_of_order or 0)
