"""The three files that Climber takes, strict: what is built here is what is written."""

from datetime import date
from decimal import Decimal

import msgspec


class RoomInventory(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A room type's inventory over a range of dates, `[2024-05-01,2024-05-03)` or `[2024-05-01,)`."""

    calendar_date: str = msgspec.field(name="calendarDate")
    inventory: int
    inventory_ooi: int = msgspec.field(name="inventoryOOI")
    inventory_ooo: int = msgspec.field(name="inventoryOOO")
    room_code: str = msgspec.field(name="roomCode")


class HotelConfiguration(msgspec.Struct, frozen=True, kw_only=True):
    """The hotel configuration file."""

    room_inventory: tuple[RoomInventory, ...] = msgspec.field(name="roomInventory")


class Code(msgspec.Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """An item of a list of the segments file."""

    code: str
    name: str
    enabled_otb: bool = True
    enabled_revenue: bool = True
    position: int = 9999


class Segments(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The segments file: ten lists of codes."""

    agencies: tuple[Code, ...]
    channels: tuple[Code, ...]
    companies: tuple[Code, ...]
    cros: tuple[Code, ...]
    groups: tuple[Code, ...]
    packages: tuple[Code, ...]
    rates: tuple[Code, ...]
    rooms: tuple[Code, ...]
    segments: tuple[Code, ...]
    sub_segments: tuple[Code, ...]

    @property
    def count(self) -> int:
        """Items in all lists."""
        return sum(len(getattr(self, field)) for field in self.__struct_fields__)


class ReservationNight(msgspec.Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """One night of one reservation row, in the file's key order; amounts have two decimals."""

    record_date: str
    calendar_date: date
    calendar_date_start: date
    calendar_date_end: date
    created_date: date
    pax: int
    reservation_id: str
    reservation_id_external: str
    revenue_fb: Decimal
    revenue_fb_invoice: Decimal
    revenue_others: Decimal
    revenue_others_invoice: Decimal
    revenue_room: Decimal
    revenue_room_invoice: Decimal
    rooms: int
    status: int
    agency_code: str
    channel_code: str
    company_code: str
    cro_code: str
    group_code: str
    package_code: str
    rate_code: str
    room_code: str
    segment_code: str
    sub_segment_code: str


encode = msgspec.json.Encoder(decimal_format="number").encode
"""A value of this module as JSON; amounts as numbers, digit for digit."""
