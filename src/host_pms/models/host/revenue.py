"""A financial posting: as Host sends it, and as the rules take it."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from host_pms.models.host.reading import RowReader, WireRow
from host_pms.models.host.values import (
    FaultError,
    amount,
    checked_amount,
    if_text,
    moment,
    plain_date,
    plain_identifier,
    required_day,
    required_identifier,
    whole,
)

ROOM_SALES_GROUP = 0


class HostPosting(WireRow, rename="pascal"):
    """A well-formed posting; `res_no` serves only to tell one row from another."""

    res_no: int | str | None = None
    res_id: int | str | None = None
    global_res_guest_id: int | str | None = None
    detail_id: int | str | None = None
    hotel_date: str | None = None
    charge_code: str | None = None
    sales_group: int | None = None
    revenue_net: Decimal | None = None
    last_update: str | None = None


class Posting(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An exact net amount on a business date, of one guest of one booking row."""

    res_id: str
    guest_id: str
    date: date
    room: bool
    net: Decimal
    last_update: datetime | None


def _clean(row: HostPosting) -> Posting:
    if row.revenue_net is None:
        raise FaultError("RevenueNet", "is missing")
    if row.sales_group is None or row.sales_group < 0:
        raise FaultError("SalesGroup", "is missing or negative")
    return Posting(
        res_id=required_identifier(row.res_id, "ResId"),
        guest_id=required_identifier(row.global_res_guest_id, "GlobalResGuestId"),
        date=required_day(row.hotel_date, "HotelDate"),
        room=row.sales_group == ROOM_SALES_GROUP,
        net=checked_amount(row.revenue_net, "RevenueNet"),
        last_update=None if row.last_update is None else moment(row.last_update),
    )


def _loosely(row: Mapping[str, Any]) -> HostPosting:
    return HostPosting(
        res_no=_if_plain(row.get("ResNo")),
        res_id=plain_identifier(row.get("ResId"), "ResId"),
        global_res_guest_id=plain_identifier(row.get("GlobalResGuestId"), "GlobalResGuestId"),
        detail_id=_if_plain(row.get("DetailId")),
        hotel_date=plain_date(row.get("HotelDate"), "HotelDate"),
        charge_code=if_text(row.get("ChargeCode")),
        sales_group=whole(row.get("SalesGroup"), "SalesGroup"),
        revenue_net=amount(row.get("RevenueNet"), "RevenueNet"),
        last_update=if_text(row.get("LastUpdate")),
    )


def _if_plain(value: Any) -> int | str | None:
    return value if isinstance(value, int | str) and not isinstance(value, bool) else None


class _Envelope(msgspec.Struct):
    revenue_upper: list[HostPosting] | None = msgspec.field(default=None, name="Revenue")
    revenue: list[HostPosting] | None = None
    transactions_upper: list[HostPosting] | None = msgspec.field(default=None, name="Transactions")
    transactions: list[HostPosting] | None = None


_ANSWER: "msgspec.json.Decoder[_Envelope | list[HostPosting]]" = msgspec.json.Decoder(
    _Envelope | list[HostPosting]
)


def _rows(body: bytes) -> list[HostPosting] | None:
    answer = _ANSWER.decode(body)
    if isinstance(answer, list):
        return answer
    lists = (answer.revenue_upper, answer.revenue, answer.transactions_upper, answer.transactions)
    return next((rows for rows in lists if rows is not None), None)


POSTINGS: RowReader[HostPosting, Posting] = RowReader(
    names=("Revenue", "revenue", "Transactions", "transactions"),
    bare=True,
    envelope=_rows,
    loosely=_loosely,
    clean=_clean,
)
"""How the answers of `GET /ExternalRms/Revenue` are read."""
