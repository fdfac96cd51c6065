"""The least that any transform must do: decode what was read and encode what is published, typed, by msgspec.

No rule, no check, no paging: what is above this is the product's own.
"""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from host_pms.models.climber.files import ReservationNight, encode


class Price(msgspec.Struct, rename="pascal", gc=False):
    """A price; its amount exact, as the rules need it."""

    date: str
    sales_group: int
    amount: Decimal


class Row(msgspec.Struct, rename="pascal", gc=False):
    """What the rules read of a reservation row."""

    res_no: int | str
    res_id: int | str
    global_res_guest_id: int | str
    detail_id: int
    master_detail: int
    created_on: str
    last_update: str
    check_in: str
    check_out: str
    rooms: int | None
    pax: int | None
    res_status: int
    category: str | None
    segment_description: str | None
    sub_segment_description: str | None
    channel_description: str | None
    pack: str | None
    price_list: str | None
    agency: str | None
    company: str | None
    cro: str | None
    group_name: str | None
    prices: list[Price]
    total_rows: int


class Posting(msgspec.Struct, rename="pascal", gc=False):
    """What the rules read of a posting."""

    res_id: int | str
    global_res_guest_id: int | str
    hotel_date: str
    sales_group: int
    revenue_net: Decimal
    last_update: str
    total_rows: int


class Rows(msgspec.Struct, rename="pascal"):
    """A page of reservations."""

    reservations: list[Row]


class Postings(msgspec.Struct, rename="pascal"):
    """A page of postings."""

    revenue: list[Posting]


_ROWS = msgspec.json.Decoder(Rows)
_POSTINGS = msgspec.json.Decoder(Postings)


def nights(published: bytes) -> list[ReservationNight]:
    """The records of a reservations file, to encode them again."""
    return msgspec.json.decode(published, type=list[ReservationNight])


def decode_and_encode(
    reservations: Iterable[bytes], revenue: Iterable[bytes], published: Iterable[ReservationNight]
) -> None:
    """Decode all pages, encode all nights; all of it is held, as a transform would."""
    rows = [_ROWS.decode(page) for page in reservations]
    postings = [_POSTINGS.decode(page) for page in revenue]
    records = [encode(night) for night in published]
    del rows, postings, records
