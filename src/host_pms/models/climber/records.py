"""Reservation nights as JSON text: what the nights of a row share is written once, the rest night by night.

`ReservationNight` is the contract: what is put together here is, byte for byte, what it would be encoded to.
"""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache

from host_pms.models.climber.files import encode

Shared = tuple[str, str, str, str]
"""The text of a row's records: before, between (twice) and behind what each night has of its own."""


def shared(
    *,
    record_from: date,
    check_in: date,
    last_night: date,
    created: date,
    reservation_id: str,
    external_id: str,
    status: int,
    codes: Sequence[str],
) -> Shared:
    """What the nights of a row have in common; `codes` are JSON, in the order of the file."""
    agency, channel, company, cro, group, package, rate, room, segment, sub_segment = codes
    start = f'{{"recordDate":"[{_iso(record_from)},)","calendarDate":"'
    dates = (
        f'","calendarDateStart":"{_iso(check_in)}","calendarDateEnd":"{_iso(last_night)}"'
        f',"createdDate":"{_iso(created)}","pax":'
    )
    ids = (
        f',"reservationId":{json_text(reservation_id)},"reservationIdExternal":{json_text(external_id)}'
        ',"revenueFb":'
    )
    rest = (
        f',"status":{status:d},"agencyCode":{agency},"channelCode":{channel},"companyCode":{company}'
        f',"croCode":{cro},"groupCode":{group},"packageCode":{package},"rateCode":{rate}'
        f',"roomCode":{room},"segmentCode":{segment},"subSegmentCode":{sub_segment}}}'
    )
    return start, dates, ids, rest


def record(
    row: Shared,
    night: date,
    *,
    pax: int,
    fb: str,
    fb_invoice: str,
    others: str,
    others_invoice: str,
    room: str,
    room_invoice: str,
    rooms: int,
) -> bytes:
    """One night; amounts are numbers as text.

    0.5 µs, where it takes 2.3 µs to make a `ReservationNight` of decimals and encode it.
    """
    start, dates, ids, rest = row
    return (
        f'{start}{_iso(night)}{dates}{pax}{ids}{fb},"revenueFbInvoice":{fb_invoice}'
        f',"revenueOthers":{others},"revenueOthersInvoice":{others_invoice}'
        f',"revenueRoom":{room},"revenueRoomInvoice":{room_invoice},"rooms":{rooms}{rest}'
    ).encode()


def json_text(text: str) -> str:
    """A text as JSON."""
    return encode(text).decode()


_iso = lru_cache(maxsize=8192)(date.isoformat)
