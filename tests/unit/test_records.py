"""A record that is put together from texts is, byte for byte, what its value would be encoded to."""

from datetime import date
from decimal import Decimal

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from host_pms.models.climber.files import ReservationNight, encode
from host_pms.models.climber.records import NOTHING, json_text, priced, records, shared

texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from(['"', "\\", "\0\n", "%s{}"])
)
days = st.dates(date(1900, 1, 1), date(2999, 12, 31))
amounts = st.decimals(-(10**6), 10**6, places=2).map(str)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    days=st.tuples(days, days, days, days, days),
    ids=st.tuples(texts, texts),
    codes=st.tuples(*[texts] * 10),
    amounts=st.tuples(*[amounts] * 4),
    counts=st.tuples(*[st.integers(0, 10**17)] * 2),
    status=st.integers(0, 5),
    said=st.tuples(*[st.booleans()] * 4),
)
def test_a_record_is_what_its_value_would_be_encoded_to(  # noqa: PLR0917 - hypothesis gives them by name
    days: tuple[date, ...],
    ids: tuple[str, str],
    codes: tuple[str, ...],
    amounts: tuple[str, ...],
    counts: tuple[int, int],
    status: int,
    said: tuple[bool, ...],
) -> None:
    record_from, night, check_in, last_night, created = days
    is_occupied, is_priced, is_final, is_invoiced = said
    row = shared(
        record_from=record_from,
        check_in=check_in,
        last_night=last_night,
        created=created,
        reservation_id=ids[0],
        external_id=ids[1],
        status=status,
        codes=[json_text(code) for code in codes],
    )
    room, fb, others, room_invoice = amounts
    pax, rooms = counts
    (found,) = records(
        row,
        [night],
        occupied={night} if is_occupied else set(),
        pax=pax,
        rooms=rooms,
        prices={night: priced(room, fb, others, is_final=is_final)} if is_priced else {},
        room_invoices={night: room_invoice} if is_invoiced else {},
    )

    room, fb, others = (room, fb, others) if is_priced else (NOTHING, NOTHING, NOTHING)
    fb_invoice, others_invoice = (fb, others) if is_final else (NOTHING, NOTHING)
    money = (fb, fb_invoice, others, others_invoice, room, room_invoice if is_invoiced else NOTHING)
    pax, rooms = (pax, rooms) if is_occupied else (0, 0)
    days_and_pax = (f"[{record_from},)", night, check_in, last_night, created, pax)
    fields = (*days_and_pax, *ids, *map(Decimal, money), rooms, status, *codes)
    value = ReservationNight(**dict(zip(ReservationNight.__struct_fields__, fields, strict=True)))
    assert found == encode(value)
    assert msgspec.json.decode(found, type=ReservationNight) == value
