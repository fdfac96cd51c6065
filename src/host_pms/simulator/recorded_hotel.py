"""A hotel whose bookings were read from a file; it has no oddities but those that the file has."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from pathlib import Path

from host_pms.simulator.bookings import Booking, RowState, Sold, Status
from host_pms.simulator.catalogue import RoomType, charge_items, config_item, room_items, status_items
from host_pms.simulator.clock import on
from host_pms.simulator.hotels import BookedHotel, Habits
from host_pms.simulator.pms import JsonObject, Order
from host_pms.simulator.postings import Posting, audit
from host_pms.simulator.recorded import read_recording
from host_pms.simulator.rows import Ids, price_fields

_CODE_LISTS: dict[str, Callable[[Sold], str]] = {
    "SEGMENT": attrgetter("segment"),
    "SUB-SEGMENT": attrgetter("sub_segment"),
    "DIST CHANNEL": attrgetter("channel"),
    "PACKAGE": attrgetter("package"),
}


def recorded_hotel(
    path: Path, *, hotel_name: str | None = None, code: str = "HOTEL001", order: Order = "id"
) -> BookedHotel:
    """The hotel of this name in the file, or the only one there is; its catalogue has the values that occur.

    Raises:
        BookingsFileError: see `read_recording`.
    """
    recording = read_recording(path, hotel_name=hotel_name)
    rooms = _rooms(recording.bookings)
    items = [*room_items(rooms), *_coded(recording.bookings), *charge_items(), *status_items()]
    habits = Habits(
        ids=line_ids,
        rooms=rooms,
        catalogue=lambda: items,
        reservation_row=plain_row,
        postings_of=nights_spent,
    )
    return BookedHotel(
        code=code,
        number=1,
        name=recording.hotel_name,
        bookings=recording.bookings,
        habits=habits,
        order=order,
    )


def morning_after(hotel: BookedHotel) -> datetime:
    """Ten o'clock of the day after the last update or departure of a booking: all is over by then."""
    ends = (max(booking.history[-1].last_update, booking.history[-1].check_out) for booking in hotel.bookings)
    return on(max(ends).date() + timedelta(days=1), 10)


def line_ids(booking: Booking) -> JsonObject:
    """Each id is the booking's number: the line that it was read from."""
    return dict.fromkeys(("ResNo", "ResId", "GlobalResGuestId"), booking.number)


def nights_spent(bookings: Iterable[Booking]) -> tuple[Posting, ...]:
    """The room price of every night of a stay that checks out, posted at that night's audit.

    `RevenueNet` is the price without 6 % VAT, to the thousandth.
    """
    made = [posting for booking in bookings for posting in _nights_of(booking)]
    made.sort(key=attrgetter("last_update"))
    return tuple(made)


def _nights_of(booking: Booking) -> Iterator[Posting]:
    terms = booking.history[-1]
    for price in terms.prices if terms.status is Status.CHECKED_OUT else ():
        yield Posting(
            booking=booking,
            part=0,
            business_date=price.night,
            sales_group=price.sales_group,
            charge=price.charge,
            gross=price.amount,
            last_update=audit(booking, price.night),
        )


def plain_row(state: RowState, ids: Ids) -> JsonObject:
    """A row of Reservation, all of it as it should be."""
    booking, terms, sold = state.booking, state.terms, state.booking.sold
    number = ids(booking)
    return {
        **number,
        "DetailId": 1,
        "MasterDetail": 0,
        "CreatedOn": booking.created.isoformat(),
        "LastUpdate": terms.last_update.isoformat(),
        "CheckIn": terms.check_in.isoformat(),
        "CheckOut": terms.check_out.isoformat(),
        "OptionDate": None,
        "Rooms": sold.rooms,
        "Category": terms.room_type,
        "Agency": sold.agency,
        "Company": sold.company,
        "Cro": sold.cro,
        "GroupName": sold.group,
        "GuestId": booking.number,
        "Pax": sold.pax,
        "Pack": sold.package,
        "PriceList": sold.price_list,
        "SegmentDescription": sold.segment,
        "SubSegmentDescription": sold.sub_segment,
        "ChannelDescription": sold.channel,
        "ChildrenType1": sold.children,
        "ChildrenType2": sold.babies,
        "ChildrenType3": 0,
        "ResStatus": int(terms.status),
        "Guests": [_guest(booking)],
        "Prices": [price_fields(price, number["GlobalResGuestId"]) for price in terms.prices],
    }


def _guest(booking: Booking) -> JsonObject:
    """The main guest, invented."""
    return {
        "GuestId": booking.number,
        "GuestNo": 1,
        "NameFormatted": f"Guest, Number {booking.number}",
        "Email1": f"guest{booking.number}@example.org",
        "BirthDate": None,
    }


def _rooms(bookings: Sequence[Booking]) -> tuple[RoomType, ...]:
    """The room types that were booked, each with as many rooms as were once occupied in a night, or one."""
    occupied = Counter(
        (terms.room_type, night)
        for terms in (booking.history[-1] for booking in bookings)
        if terms.status is Status.CHECKED_OUT
        for night in terms.nights()
    )
    most = {booking.history[-1].room_type: 1 for booking in bookings}
    for (room_type, _), rooms in occupied.items():
        most[room_type] = max(most[room_type], rooms)
    return tuple(
        RoomType(code=code, description=f"Room type {code}", rooms=rooms, rate=0)
        for code, rooms in sorted(most.items())
    )


def _coded(bookings: Sequence[Booking]) -> Iterator[JsonObject]:
    solds = {booking.sold for booking in bookings}
    for config_type, value_of in _CODE_LISTS.items():
        for config_id, value in enumerate(sorted({value_of(sold) for sold in solds}), start=1):
            yield config_item(config_type, config_id, value, value)
