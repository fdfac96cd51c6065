"""A financial posting: as Host sends it, and as the rules take it."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import msgspec

from host_pms.models.host.amounts import Amount, required_amount, required_sales_group, written_amount
from host_pms.models.host.prices import ROOM
from host_pms.models.host.reading import RowReader, WireRow
from host_pms.models.host.values import (
    if_text,
    moment,
    plain_date,
    plain_identifier,
    required_day,
    required_identifier,
    whole,
)


class HostPosting(WireRow, rename="pascal", gc=False):
    """A well-formed posting; `revenue_net` is a whole number, or text where it has a fraction."""

    res_id: int | str | None = None
    global_res_guest_id: int | str | None = None
    hotel_date: str | None = None
    sales_group: int | None = None
    revenue_net: Any = None
    last_update: str | None = None


class Posting(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An exact net amount on a business date, of one guest of one booking row."""

    res_id: str
    guest_id: str
    date: date
    room: bool
    net: Amount
    last_update: datetime | None


def _clean(row: HostPosting) -> Posting:
    return Posting(
        res_id=required_identifier(row.res_id, "ResId"),
        guest_id=required_identifier(row.global_res_guest_id, "GlobalResGuestId"),
        date=required_day(row.hotel_date, "HotelDate"),
        room=required_sales_group(row.sales_group, "SalesGroup") == ROOM,
        net=required_amount(row.revenue_net, "RevenueNet"),
        last_update=None if row.last_update is None else moment(row.last_update),
    )


def _loosely(row: Mapping[str, Any]) -> HostPosting:
    return HostPosting(
        res_id=plain_identifier(row.get("ResId"), "ResId"),
        global_res_guest_id=plain_identifier(row.get("GlobalResGuestId"), "GlobalResGuestId"),
        hotel_date=plain_date(row.get("HotelDate"), "HotelDate"),
        sales_group=whole(row.get("SalesGroup"), "SalesGroup"),
        revenue_net=written_amount(row.get("RevenueNet")),
        last_update=if_text(row.get("LastUpdate")),
    )


class _Envelope(msgspec.Struct):
    revenue_upper: list[msgspec.Raw] | None = msgspec.field(default=None, name="Revenue")
    revenue: list[msgspec.Raw] | None = None
    transactions_upper: list[msgspec.Raw] | None = msgspec.field(default=None, name="Transactions")
    transactions: list[msgspec.Raw] | None = None


_ANSWER: "msgspec.json.Decoder[_Envelope | list[msgspec.Raw]]" = msgspec.json.Decoder(
    _Envelope | list[msgspec.Raw]
)


def _rows(body: bytes) -> list[msgspec.Raw] | None:
    answer = _ANSWER.decode(body)
    if isinstance(answer, list):
        return answer
    lists = (answer.revenue_upper, answer.revenue, answer.transactions_upper, answer.transactions)
    return next((rows for rows in lists if rows is not None), None)


POSTINGS: RowReader[HostPosting, Posting] = RowReader(
    names=("Revenue", "revenue", "Transactions", "transactions"),
    bare=True,
    envelope=_rows,
    wire=msgspec.json.Decoder(HostPosting, float_hook=str).decode,
    loosely=_loosely,
    clean=_clean,
)
"""How the answers of `GET /ExternalRms/Revenue` are read."""
