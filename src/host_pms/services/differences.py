"""Where two versions of a published file first differ; nights are named, values never told."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import BinaryIO

import msgspec

NIGHT = ("reservationId", "calendarDate")
"""What names a night in the reservations file."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """The first place that differs: `record 17`, from 1, or `roomInventory[3]`, from 0 as JSON counts.

    `before` and `now` name the nights that stand there, by `NIGHT`; empty where there is none. `fields`
    are those in which two versions of one record differ.
    """

    place: str
    before: tuple[str, ...] = ()
    now: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Item:
    place: str
    body: bytes


def first_difference(before: BinaryIO, now: BinaryIO) -> Difference | None:
    """Of two files of one type, both at their start; None where all their records are the same."""
    try:
        for old, new in zip_longest(_items(before), _items(now)):
            if old != new:
                return _difference(old, new)
    except msgspec.DecodeError:
        return Difference(place="another form")
    return None


def _items(file: BinaryIO) -> Iterator[_Item]:
    """A line a night of the reservations file, in constant memory; the items of another file's lists."""
    first = file.readline()
    if first.startswith(b"["):
        nights = (line.rstrip(b",\n") for line in file if line.startswith(b"{"))
        yield from (_Item(place=f"record {number}", body=body) for number, body in enumerate(nights, start=1))
        return
    lists = msgspec.json.decode(first + file.read(), type=dict[str, list[msgspec.Raw]])
    for name, items in lists.items():
        yield from (_Item(place=f"{name}[{place}]", body=bytes(body)) for place, body in enumerate(items))


def _difference(old: _Item | None, new: _Item | None) -> Difference:
    before, now = _fields(old), _fields(new)
    comparable = old is not None and new is not None and old.place == new.place
    is_same_record = comparable and _night(before) == _night(now)
    names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    return Difference(
        place=old.place if old else new.place if new else "",
        before=_night(before),
        now=_night(now),
        fields=tuple(names) if is_same_record else (),
    )


def _fields(item: _Item | None) -> dict[str, bytes]:
    if item is None:
        return {}
    fields = msgspec.json.decode(item.body, type=dict[str, msgspec.Raw])
    return {name: bytes(value) for name, value in fields.items()}


def _night(fields: dict[str, bytes]) -> tuple[str, ...]:
    return tuple(str(msgspec.json.decode(fields[name])) for name in NIGHT if name in fields)
