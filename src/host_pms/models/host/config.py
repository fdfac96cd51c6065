"""The Config answer: the hotel's clock, and the items of its catalogue."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import msgspec

from host_pms.models.host.json_text import PageError, decode, listed
from host_pms.models.host.values import FaultError, day, description, encodable, if_whole, moment, text


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfigItem:
    """One item as the rules take it; `kind` is its type without case, None where it is missing.

    `inventory` is None where it is missing or no number. `raw` is the item byte for byte.
    """

    kind: str | None
    config_id: int | None
    code: str | None
    description: str | None
    inventory: int | None
    active: bool
    raw: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class HostConfig:
    """A hotel's configuration. `today` is its business date, `local_time` its wall clock if Host told it."""

    hotel_code: str | None
    today: date
    local_time: datetime | None
    items: tuple[ConfigItem, ...]


def folded(value: str) -> str:
    """`value` without case: Unicode case folding, runs of white space as one."""
    return " ".join(value.split()).casefold()


LAST_YEAR = 9000
"""A hotel's date beyond it is none: dates after it, and a horizon of years, must still be dates."""


class UndatedHotelError(PageError):
    """The configuration tells neither a hotel date nor a local time, so no rule can be applied."""


def read_config(body: bytes) -> HostConfig:
    """The configuration in an answer of `GET /ExternalRms/Config`.

    Raises:
        PageError: it is no JSON, or has no `ConfigInfo`.
        UndatedHotelError: it has neither a hotel date nor a local time.
    """
    answer = decode(body)
    items = listed(answer, ("ConfigInfo",))
    hotel = answer.get("HotelInfo")
    hotel = hotel if isinstance(hotel, dict) else {}
    local_time = _if_moment(hotel.get("LocalTime"))
    today = _if_day(hotel.get("HotelDate")) or _if_day(hotel.get("LocalTime"))
    if today is None or max(today.year, local_time.year if local_time else 0) > LAST_YEAR:
        raise UndatedHotelError("has neither a HotelDate nor a LocalTime")
    return HostConfig(
        hotel_code=text(hotel.get("HotelCode")),
        today=today,
        local_time=local_time,
        items=tuple(_item(item, raw) for item, raw in zip(items, _raw_items(body, items), strict=True)),
    )


def _item(item: Any, raw: bytes) -> ConfigItem:
    item = item if isinstance(item, dict) else {}
    kind = _written(text(item.get("ConfigType")))
    return ConfigItem(
        kind=None if kind is None else folded(kind),
        config_id=if_whole(item.get("ConfigId")),
        code=_written(text(item.get("Code"))),
        description=_written(description(item.get("Description"))),
        inventory=if_whole(item.get("Inventory")),
        active=_is_active(item),
        raw=raw,
    )


def _is_active(item: Mapping[str, Any]) -> bool:
    """R1: not active is false, 0 or "false"; anything else, or nothing, is active."""
    value = item.get("Active")
    if isinstance(value, str):
        return folded(value) != "false"
    return value is None or value != 0


def _raw_items(body: bytes, items: Sequence[Any]) -> list[bytes]:
    try:
        return [bytes(raw) for raw in _RAW_ITEMS.decode(body).items]
    except (msgspec.DecodeError, UnicodeDecodeError):
        return [json.dumps(item, default=float).encode() for item in items]


class _RawItems(msgspec.Struct):
    items: list[msgspec.Raw] = msgspec.field(name="ConfigInfo")


_RAW_ITEMS = msgspec.json.Decoder(_RawItems)


def _written(value: str | None) -> str | None:
    try:
        return encodable(value, "")
    except FaultError:
        return None


def _if_day(value: Any) -> date | None:
    return day(value) if isinstance(value, str) else None


def _if_moment(value: Any) -> datetime | None:
    return moment(value) if isinstance(value, str) else None
