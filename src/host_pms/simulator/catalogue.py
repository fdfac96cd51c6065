"""The configuration items of a synthetic hotel, and the texts that its bookings use for them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from host_pms.simulator.pms import JsonObject


@dataclass(frozen=True, kw_only=True, slots=True)
class RoomType:
    """A category: its number of rooms, and its usual rate a night in whole currency units."""

    code: str
    description: str
    rooms: int
    rate: int
    active: bool = True


ROOM_TYPES = (
    RoomType(code="SGL", description="Single room", rooms=8, rate=72),
    RoomType(code="DBL", description="Double room", rooms=42, rate=95),
    RoomType(code="TWN", description="Twin room, sea view", rooms=18, rate=108),
    RoomType(code="FAM", description="Família & Co", rooms=6, rate=149),
    RoomType(code="STE", description="Suite", rooms=5, rate=236),
    RoomType(code="ANX", description="Annex, closed", rooms=4, rate=60, active=False),
)
SELLABLE = tuple(room for room in ROOM_TYPES if room.active)

SEGMENTS = {"LEIS": "Leisure", "CORP": "Corporate", "GRP": "Groups", "CREW": "Airline crew"}
SUB_SEGMENTS = {"FIT": "Individual", "MICE": "Meetings and events", "TOUR": "Tour series"}
CHANNELS = {
    "OTA": "Online travel agency",
    "DIR": "Direct",
    "GDS": "Global distribution system",
    "WEB": "Web site",
}
PACKAGES = {"RO": "Room only", "BB": "Bed and breakfast", "HB": "Half board"}
PRICE_LISTS = {"BAR": "Best available rate", "NRF": "Non-refundable", "CORP24": "Corporate 2024"}
RATE_CODES = {"BARFLEX": "Best available, flexible", "NRF10": "Non-refundable, 10 % off"}
CHARGES = {"ALOJ": ("Accommodation", "ROOM"), "PA": ("Breakfast", "F&B"), "GAR": ("Garage", "OTHER")}
STATUSES = {
    0: "STANDARD",
    2: "OPTION",
    3: "WAITLIST",
    4: "GROUPBLOCK",
    5: "OOO",
    6: "CXL",
    7: "NOSHOW",
    8: "OOI",
    10: "CI",
    20: "CO",
}

_CODE_LISTS = {
    "SEGMENT": SEGMENTS,
    "SUB-SEGMENT": SUB_SEGMENTS,
    "DIST CHANNEL": CHANNELS,
    "PACKAGE": PACKAGES,
    "PRICELIST": PRICE_LISTS,
    "RATECODE": RATE_CODES,
    "MARKET REGION": {"EU": "Europe"},  # a type that nobody asked for
}


def config_items() -> list[JsonObject]:
    """`ConfigInfo`: every type that host-api.md lists and one more, with nested codes and inactive items."""
    return [*room_items(ROOM_TYPES), *_coded(), *charge_items(), *status_items()]


def room_items(rooms: Sequence[RoomType]) -> Iterator[JsonObject]:
    """`CATEGORY`."""
    for config_id, room in enumerate(rooms, start=1):
        yield config_item(
            "CATEGORY", config_id, room.code, room.description, inventory=room.rooms, active=room.active
        )


def _coded() -> Iterator[JsonObject]:
    for config_type, names in _CODE_LISTS.items():
        for config_id, (code, name) in enumerate(names.items(), start=1):
            nested = code in {"GRP", "GDS"}
            yield config_item(
                config_type, config_id, _nested(config_id, code, name) if nested else code, name
            )
    yield config_item("SEGMENT", 99, "OLD", _nested(99, "OLD", "Former segment"), active=False)


def charge_items() -> Iterator[JsonObject]:
    """`CHARGE`."""
    for config_id, (code, (name, sales_group)) in enumerate(CHARGES.items(), start=1):
        yield config_item("CHARGE", config_id, code, name, sales_group=sales_group)


def status_items() -> Iterator[JsonObject]:
    """`RESERVATION STATUS`."""
    for config_id, code in STATUSES.items():
        yield config_item("RESERVATION STATUS", config_id, code, code.capitalize())


def _nested(item_id: int, code: str, name: str) -> JsonObject:
    """The object that stands for a text on some installations."""
    return {"id": item_id, "code": code, "name": name}


def config_item(
    config_type: str,
    config_id: int,
    code: str | JsonObject,
    description: str | JsonObject,
    *,
    inventory: int = 0,
    sales_group: str = "N/A",
    active: bool = True,
) -> JsonObject:
    """An item of `ConfigInfo`."""
    return {
        "ConfigType": config_type,
        "ConfigId": config_id,
        "Code": code,
        "Description": description,
        "Inventory": inventory,
        "SalesGroup": sales_group,
        "Active": active,
    }
