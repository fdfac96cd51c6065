"""A reservation row: as Host sends it, and as the rules take it."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import msgspec

from host_pms.models.host.prices import HostPrice, Prices, loose_prices, night_prices
from host_pms.models.host.reading import RowReader, WireRow
from host_pms.models.host.values import (
    TRIMMED,
    Count,
    FaultError,
    Whole,
    count,
    encodable,
    identifier,
    if_text,
    moment,
    plain_date,
    plain_identifier,
    required_day,
    required_identifier,
    text,
    whole,
)

LONGEST_STAY = 1000
"""R18: nights."""


class HostReservation(WireRow, rename="pascal", gc=False):
    """A well-formed row. Guests, and all else that no rule reads, is skipped unread.

    The fields stand as Host writes them: found in this order, they are decoded a tenth faster.
    """

    res_no: int | str | None = None
    res_id: int | str | None = None
    global_res_guest_id: int | str | None = None
    detail_id: int | str | None = None
    master_detail: Count | None = None
    created_on: str | None = None
    last_update: str | None = None
    check_in: str | None = None
    check_out: str | None = None
    rooms: Count | None = None
    category: str | None = None
    agency: str | None = None
    company: str | None = None
    cro: str | None = None
    group_name: str | None = None
    pax: Count | None = None
    pack: str | None = None
    price_list: str | None = None
    segment_description: str | None = None
    sub_segment_description: str | None = None
    channel_description: str | None = None
    res_status: Whole | None = None
    prices: list[HostPrice] | None = None


class Texts(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a row names: six things of the catalogue (R2) and four that have none (R3)."""

    room: str | None
    segment: str | None
    sub_segment: str | None
    channel: str | None
    package: str | None
    rate: str | None
    agency: str | None
    company: str | None
    cro: str | None
    group: str | None


class Reservation(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """A readable reservation row: one guest's stay, or one part of a stay that is split.

    Dates are the hotel's. `master` is False for a part that follows a room move.
    """

    res_no: str
    res_id: str
    guest_id: str
    detail_id: str
    master: bool
    created: date
    check_in: date
    check_out: date
    last_update: datetime | None
    status_id: int
    rooms: int
    pax: int
    texts: Texts
    prices: Prices


def _clean(row: HostReservation) -> Reservation:
    check_in = required_day(row.check_in, "CheckIn")
    check_out = required_day(row.check_out, "CheckOut")
    if check_out < check_in:
        raise FaultError("CheckOut", "is before CheckIn")
    if (check_out - check_in).days > LONGEST_STAY:
        raise FaultError("CheckOut", f"is more than {LONGEST_STAY:,} nights after CheckIn")
    if row.res_status is None:
        raise FaultError("ResStatus", "is missing")
    return Reservation(
        res_no=required_identifier(row.res_no, "ResNo"),
        res_id=required_identifier(row.res_id, "ResId"),
        guest_id=required_identifier(row.global_res_guest_id, "GlobalResGuestId"),
        detail_id=identifier(row.detail_id, "DetailId") or "0",
        master=not row.master_detail,
        created=required_day(row.created_on, "CreatedOn"),
        check_in=check_in,
        check_out=check_out,
        last_update=None if row.last_update is None else moment(row.last_update),
        status_id=row.res_status,
        rooms=1 if row.rooms is None else row.rooms,
        pax=row.pax or 0,
        texts=_texts(row),
        prices=night_prices(row.prices or ()),
    )


def _texts(row: HostReservation) -> Texts:
    return Texts(
        TRIMMED[row.category],
        TRIMMED[row.segment_description],
        TRIMMED[row.sub_segment_description],
        TRIMMED[row.channel_description],
        TRIMMED[row.pack],
        TRIMMED[row.price_list],
        TRIMMED[row.agency],
        TRIMMED[row.company],
        TRIMMED[row.cro],
        TRIMMED[row.group_name],
    )


def _loosely(row: Mapping[str, Any]) -> HostReservation:
    """A row with variants in it: codes as objects, whole numbers as text, a LastUpdate that is none."""
    return HostReservation(
        res_no=plain_identifier(row.get("ResNo"), "ResNo"),
        res_id=plain_identifier(row.get("ResId"), "ResId"),
        global_res_guest_id=plain_identifier(row.get("GlobalResGuestId"), "GlobalResGuestId"),
        detail_id=plain_identifier(row.get("DetailId"), "DetailId"),
        master_detail=count(row.get("MasterDetail"), "MasterDetail"),
        created_on=plain_date(row.get("CreatedOn"), "CreatedOn"),
        last_update=if_text(row.get("LastUpdate")),
        check_in=plain_date(row.get("CheckIn"), "CheckIn"),
        check_out=plain_date(row.get("CheckOut"), "CheckOut"),
        rooms=count(row.get("Rooms"), "Rooms"),
        pax=count(row.get("Pax"), "Pax"),
        res_status=whole(row.get("ResStatus"), "ResStatus"),
        prices=loose_prices(row.get("Prices")),
        category=_loose_text(row, "Category"),
        segment_description=_loose_text(row, "SegmentDescription"),
        sub_segment_description=_loose_text(row, "SubSegmentDescription"),
        channel_description=_loose_text(row, "ChannelDescription"),
        pack=_loose_text(row, "Pack"),
        price_list=_loose_text(row, "PriceList"),
        agency=_loose_text(row, "Agency"),
        company=_loose_text(row, "Company"),
        cro=_loose_text(row, "Cro"),
        group_name=_loose_text(row, "GroupName"),
    )


def _loose_text(row: Mapping[str, Any], name: str) -> str | None:
    value = row.get(name)
    return encodable(value if isinstance(value, str) else text(value), name)


class _Envelope(msgspec.Struct):
    rows: list[msgspec.Raw] = msgspec.field(name="Reservations")


_ENVELOPE = msgspec.json.Decoder(_Envelope)

RESERVATIONS: RowReader[HostReservation, Reservation] = RowReader(
    names=("Reservations",),
    bare=False,
    envelope=lambda body: _ENVELOPE.decode(body).rows,
    wire=msgspec.json.Decoder(HostReservation, float_hook=str).decode,
    loosely=_loosely,
    clean=_clean,
)
"""How the answers of `GET /ExternalRms/Reservation` are read."""
