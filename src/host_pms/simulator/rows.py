"""How bookings and postings are written as rows of the API, odd fields included."""

from collections.abc import Callable
from datetime import datetime, timedelta

from host_pms.simulator.bookings import Booking, Price, RowState
from host_pms.simulator.catalogue import (
    CHANNELS,
    PACKAGES,
    PRICE_LISTS,
    ROOM_TYPES,
    SEGMENTS,
    SUB_SEGMENTS,
)
from host_pms.simulator.clock import at_midnight
from host_pms.simulator.pms import JsonObject
from host_pms.simulator.postings import Posting

Ids = Callable[[Booking], JsonObject]
"""`ResNo`, `ResId` and `GlobalResGuestId` of a booking, as its hotel writes them."""

_ROOM_NAMES = {room.code: room.description for room in ROOM_TYPES}
_SALES_GROUPS = {0: "ROOM", 1: "F&B"}
_FAMILY_NAMES = ("Amostra", "Exemplo", "Invented", "Muster", "Prøve", "Sample")
_ODD_FIELDS: tuple[tuple[int, JsonObject], ...] = (
    (17, {"Agency": "  "}),
    (23, {"SegmentDescription": "Walk-in 1997"}),
    (29, {"Pax": None}),
    (31, {"Rooms": None}),
    (37, {"SubSegmentDescription": None, "ChannelDescription": ""}),
    (41, {"Category": "Presidential villa"}),
    (43, {"PriceList": None, "Pack": "ALL-IN 2019"}),
    (47, {"Guests": None, "GuestId": None}),
)
"""Fields of every n-th booking that are not as one would wish, as real PMS data has them."""


def number_ids(booking: Booking) -> JsonObject:
    """Ids that are numbers."""
    return {
        "ResNo": 50_000 + booking.group_number,
        "ResId": 70_000 + booking.number,
        "GlobalResGuestId": 90_000 + booking.number,
    }


def text_ids(booking: Booking) -> JsonObject:
    """Alphanumeric ids, with characters that matter where ids are put together."""
    return {
        "ResNo": f"W{booking.group_number:06}",
        "ResId": f"R{booking.number:06}-A",
        "GlobalResGuestId": f"G{booking.number}%1",
    }


def reservation_row(state: RowState, ids: Ids) -> JsonObject:
    """A row of Reservation."""
    booking, terms = state.booking, state.terms
    row = {
        **ids(booking),
        "DetailId": state.part + 1,
        "MasterDetail": 1 if state.part else 0,
        "CreatedOn": booking.created.isoformat(),
        "LastUpdate": terms.last_update.isoformat(),
        "CheckIn": _check_time(booking, state.check_in),
        "CheckOut": _check_time(booking, state.check_out),
        "OptionDate": _option_date(booking),
        **_sold_fields(booking, state.room_type),
        "ResStatus": int(terms.status),
        "Guests": _guests(booking),
        "Prices": [price_fields(price, ids(booking)["GlobalResGuestId"]) for price in state.prices],
    }
    for every, fields in _ODD_FIELDS:
        if not booking.number % every:
            row |= fields
    return row


def posting_row(posting: Posting, ids: Ids) -> JsonObject:
    """A row of Revenue."""
    return {
        **ids(posting.booking),
        "DetailId": posting.part + 1,
        "MasterDetail": 1 if posting.part else 0,
        "HotelDate": at_midnight(posting.business_date),
        "ChargeCode": posting.charge,
        "SalesGroup": posting.sales_group,
        "SalesGroupDesc": _SALES_GROUPS[posting.sales_group],
        "RevenueGross": posting.gross / 1000,
        "RevenueNet": posting.net / 1000,
        "LastUpdate": posting.last_update.isoformat(),
    }


def _sold_fields(booking: Booking, room_type: str) -> JsonObject:
    sold = booking.sold
    return {
        "Rooms": sold.rooms,
        "Category": _ROOM_NAMES[room_type] if not booking.number % 9 else room_type,
        "Agency": sold.agency,
        "Company": sold.company,
        "Cro": sold.cro,
        "GroupName": sold.group,
        "GuestId": booking.number,
        "Pax": sold.pax,
        "Pack": _spelled(booking, PACKAGES, sold.package),
        "PriceList": _spelled(booking, PRICE_LISTS, sold.price_list),
        "SegmentDescription": _spelled(booking, SEGMENTS, sold.segment),
        "SubSegmentDescription": _spelled(booking, SUB_SEGMENTS, sold.sub_segment),
        "ChannelDescription": _spelled(booking, CHANNELS, sold.channel),
        "ChildrenType1": sold.children,
        "ChildrenType2": sold.babies,
        "ChildrenType3": 0,
    }


def _spelled(booking: Booking, names: dict[str, str], code: str | None) -> str | None:
    """An item's description, now and then its code, or the description in capitals with wide spaces."""
    if code is None or not booking.number % 5:
        return code
    if not booking.number % 7:
        return f" {names[code].upper().replace(' ', '  ')}"
    return names[code]


def _check_time(booking: Booking, moment: datetime) -> str:
    """A date-time, of some bookings the bare date."""
    return moment.date().isoformat() if not booking.number % 13 else moment.isoformat()


def _option_date(booking: Booking) -> str | None:
    """When the option ends; an unset one is null or .NET's first date."""
    if booking.sold.option_days is not None:
        return at_midnight((booking.created + timedelta(days=booking.sold.option_days)).date())
    return None if booking.number % 2 else "0001-01-01T00:00:00"


def _guests(booking: Booking) -> list[JsonObject]:
    """The main guest, invented."""
    number = booking.number
    family = _FAMILY_NAMES[number % len(_FAMILY_NAMES)]
    return [
        {
            "GuestId": number,
            "GuestNo": 1,
            "NameFormatted": f"{family}, Guest {number}",
            "Email1": f"guest{number}@example.org",
            "BirthDate": f"{1950 + number % 50}-0{1 + number % 9}-11",
        }
    ]


def price_fields(price: Price, guest_id: object) -> JsonObject:
    """An item of `Prices`."""
    return {
        "GlobalResguestId": guest_id,
        "SalesGroup": price.sales_group,
        "SalesGroupDesc": _SALES_GROUPS.get(price.sales_group, "OTHER"),
        "Date": at_midnight(price.night),
        "Charge": price.charge,
        "Amount": price.amount / 1000,
        "PaxType": 1 if price.child else 0,
        "PaxTypeDesc": "CHILD" if price.child else "ADULT",
    }
