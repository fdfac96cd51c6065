"""What is read of an answer, and what is set aside (R18)."""

from array import array
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from fake_pms import encode, posting, price, reservation
from sorted_out import cleaned

from host_pms.models.host.amounts import as_decimal
from host_pms.models.host.config import UndatedHotelError, read_config
from host_pms.models.host.inventory import read_grid
from host_pms.models.host.json_text import PageError, check_json
from host_pms.models.host.prices import UNPRICED
from host_pms.models.host.reading import Reject
from host_pms.models.host.reservation import RESERVATIONS, Reservation
from host_pms.models.host.revenue import POSTINGS, Posting


def read(row: Any) -> Reservation | Reject:
    return read_body(encode({"Reservations": [row]}))


def read_body(body: bytes) -> Reservation | Reject:
    (only,) = RESERVATIONS.page(body).rows
    return cleaned(RESERVATIONS, only, 0)


def read_posting(row: Any) -> Posting | Reject:
    (only,) = POSTINGS.page(encode({"Revenue": [row]})).rows
    return cleaned(POSTINGS, only, 0)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"ResId": None}, "ResId"),
        ({"ResId": " "}, "ResId"),
        ({"ResId": True}, "ResId"),
        ({"ResNo": ["1"]}, "ResNo"),
        ({"GlobalResGuestId": 1.5}, "GlobalResGuestId"),
        ({"CheckIn": None}, "CheckIn"),
        ({"CheckIn": 20240120}, "CheckIn"),
        ({"CheckIn": "2024-02-30T00:00:00"}, "CheckIn"),
        ({"CheckIn": "20240120T140000"}, "CheckIn"),
        ({"CheckIn": "2024-W03-6"}, "CheckIn"),
        ({"CheckOut": "0001-01-01T00:00:00"}, "CheckOut"),
        ({"CheckOut": "2024-01-19T11:00:00"}, "CheckOut"),
        ({"CheckOut": "2026-10-17T11:00:00"}, "CheckOut"),
        ({"CreatedOn": ""}, "CreatedOn"),
        ({"ResStatus": None}, "ResStatus"),
        ({"ResStatus": "CXL"}, "ResStatus"),
        ({"Rooms": -1}, "Rooms"),
        ({"Rooms": "two"}, "Rooms"),
        ({"Rooms": 1.5}, "Rooms"),
        ({"Pax": {}}, "Pax"),
        ({"MasterDetail": -1}, "MasterDetail"),
        ({"Prices": {}}, "Prices"),
        ({"Prices": [7]}, "Prices[0]"),
        ({"Prices": [{**price("2024-01-20", "1"), "Date": None}]}, "Prices[0].Date"),
        (
            {"Prices": [price("2024-01-20", "1"), {**price("2024-01-20", "1"), "Amount": None}]},
            "Prices[1].Amount",
        ),
        ({"Prices": [{**price("2024-01-20", "1"), "Amount": "1,50"}]}, "Prices[0].Amount"),
        ({"Prices": [{**price("2024-01-20", "1"), "Amount": "NaN"}]}, "Prices[0].Amount"),
        ({"Prices": [price("2024-01-20", "1e12")]}, "Prices[0].Amount"),
        ({"Prices": [price("2024-01-20", "-1000000000000")]}, "Prices[0].Amount"),
        ({"Prices": [price("2024-01-20", "1e-5000")]}, "Prices[0].Amount"),
        ({"Prices": [{**price("2024-01-20", "1"), "SalesGroup": None}]}, "Prices[0].SalesGroup"),
        ({"Prices": [price("2024-01-20", "1", -1)]}, "Prices[0].SalesGroup"),
    ],
)
def test_a_reservation_that_cannot_be_read_is_set_aside_with_the_path_to_its_fault(
    change: dict[str, Any], path: str
) -> None:
    found = read(reservation(**change))
    assert isinstance(found, Reject)
    assert found.path == path


def test_an_amount_that_is_true_does_not_stand_for_1() -> None:
    odd = reservation(Prices=[price("2024-01-20", "1"), {**price("2024-01-20", "1"), "Amount": True}])
    found = read(odd)
    assert isinstance(found, Reject)
    assert found.path == "Prices[1].Amount"


def test_a_reject_never_carries_the_value() -> None:
    found = read(reservation(CheckIn="Guest, Secret", Agency="Sunny"))
    assert isinstance(found, Reject)
    assert "Secret" not in found.reason + found.path


@pytest.mark.parametrize("row", [None, 7, "text", ["list"]])
def test_a_row_that_is_no_object_is_set_aside(row: Any) -> None:
    found = read(row)
    assert isinstance(found, Reject)
    assert found.path == "$"


@pytest.mark.parametrize(
    ("change", "field", "value"),
    [
        ({"ResId": " A-1 "}, "res_id", "A-1"),
        ({"ResId": 12345678901234567890123}, "res_id", "12345678901234567890123"),
        ({"DetailId": None}, "detail_id", "0"),
        ({"ResStatus": "20"}, "status_id", 20),
        ({"Rooms": None}, "rooms", 1),
        ({"Pax": None}, "pax", 0),
        ({"Pax": 2.0}, "pax", 2),
        ({"MasterDetail": None}, "master", True),
        ({"MasterDetail": 3}, "master", False),
        ({"LastUpdate": 7}, "last_update", None),
        ({"LastUpdate": "yesterday"}, "last_update", None),
        ({"LastUpdate": "0001-01-01T00:00:00"}, "last_update", None),
        ({"Prices": None}, "prices", UNPRICED),
        ({"Unlisted": [{"deep": [1, 2]}]}, "res_id", "10"),
    ],
)
def test_variants_are_accepted(change: dict[str, Any], field: str, value: Any) -> None:
    found = read(reservation(**change))
    assert isinstance(found, Reservation)
    assert getattr(found, field) == value


def test_of_an_object_given_for_a_text_code_counts_before_id_and_name() -> None:
    found = read(reservation(Category={"id": 7, "code": " ", "name": "Double"}, Agency={"name": "Sunny"}))
    assert isinstance(found, Reservation)
    assert (found.texts.room, found.texts.agency) == ("7", "Sunny")


def test_amounts_are_exact_as_written() -> None:
    found = read_body(
        encode(
            {
                "Reservations": [
                    reservation(Prices=[price("2024-01-20", "0.1000000000000000000000000000000000001")])
                ]
            }
        )
    )
    assert isinstance(found, Reservation)
    assert as_decimal(found.prices.room[date(2024, 1, 20)]) == Decimal(
        "0.1000000000000000000000000000000000001"
    )


def test_one_bad_row_does_not_cost_its_page() -> None:
    page = RESERVATIONS.page(
        encode({"Reservations": [reservation(ResId=1), reservation(Rooms={}), reservation(ResId=3)]})
    )
    found = [cleaned(RESERVATIONS, row, place) for place, row in enumerate(page.rows)]
    assert [getattr(row, "res_id", None) for row in found] == ["1", None, "3"]
    assert isinstance(found[1], Reject)
    assert found[1].position == 1


def test_a_lone_surrogate_in_a_guests_name_costs_nothing() -> None:
    body = encode({"Reservations": [reservation(Guests=[{"NameFormatted": "SURROGATE"}])]})
    assert isinstance(read_body(body.replace(b"SURROGATE", b"\\ud800")), Reservation)


def test_a_lone_surrogate_in_what_would_be_published_rejects_its_row_only() -> None:
    body = encode({"Reservations": [reservation(Agency="SURROGATE"), reservation(ResId=2)]})
    rows = RESERVATIONS.page(body.replace(b"SURROGATE", b"\\ud800")).rows
    found = [cleaned(RESERVATIONS, row, place) for place, row in enumerate(rows)]
    assert isinstance(found[0], Reject)
    assert isinstance(found[1], Reservation)


def test_an_amount_that_is_not_a_number_rejects_its_row_only() -> None:
    body = encode({"Reservations": [reservation(Prices=[price("2024-01-20", "777")]), reservation()]})
    rows = RESERVATIONS.page(body.replace(b"777", b"NaN")).rows
    found = [cleaned(RESERVATIONS, row, place) for place, row in enumerate(rows)]
    assert isinstance(found[0], Reject)
    assert isinstance(found[1], Reservation)


def test_both_ways_of_reading_see_the_same_content() -> None:
    """One page may be read at once and the next one slowly, and their rows must still be told alike."""
    rows = [
        reservation(ResStatus="0"),
        reservation(ResId="7", LastUpdate=None, Rooms="1"),
        reservation(ResId=8),
    ]
    page = encode({"Odd": [1.5], "Reservations": rows})
    slowly = page[:-1] + b', "x": NaN, "y": ["\\ud800"] }'
    at_once = RESERVATIONS.page(page).contents(range(3))
    assert at_once == RESERVATIONS.page(slowly).contents(range(3))
    assert len(set(at_once)) == 3


def test_what_no_rule_reads_is_content_too_but_for_the_rows_number() -> None:
    def contents(**more: Any) -> "array[int]":
        return POSTINGS.page(encode({"Revenue": [posting(**more)]})).contents([0])

    assert contents(RevenueGross=1100) != contents(RevenueGross=1060)
    assert contents(RowNumber=1, TotalRows=2) == contents(RowNumber=99, TotalRows=100)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'"2024-01-20T14:00:00"', b'"\\ud8002024-01-20"'),
        (b'"ResStatus":0', b'"ResStatus":99999999999999999999'),
        (b'"Rooms":1', b'"Rooms":99999999999999999999'),
        (b'"Pax":2', b'"Pax":-9223372036854775809'),
        (b'"Amount":100.00', b'"Amount":1e9999999999999999999'),
        (b'"Amount":100.00', b'"Amount":"1_000"'),
        (b'"Amount":100.00', b'"Amount":".5"'),
        (b'"Amount":100.00', b'"Amount":"\xef\xbc\x91"'),
    ],
)
def test_an_absurd_value_costs_its_row_at_most(before: bytes, after: bytes) -> None:
    odd = encode(reservation())
    assert before in odd
    body = b'{"Reservations": [' + odd.replace(before, after, 1) + b"," + encode(reservation(ResId=2)) + b"]}"
    rows = RESERVATIONS.page(body).rows
    found = [cleaned(RESERVATIONS, row, place) for place, row in enumerate(rows)]
    assert (
        isinstance(found[0], Reject)
        or b"LastUpdate" in before
        or before in {b'"DetailId":1', b'"2024-01-15T08:00:00"'}
    )
    assert isinstance(found[1], Reservation)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'"2024-01-20T14:00:00"', b'"2024-01-20\\ud800"'),  # a date is its first ten characters
        (b'"2024-01-15T08:00:00"', b'"\\ud800"'),
        (b'"DetailId":1', b'"DetailId":99999999999999999999'),
    ],
)
def test_an_odd_value_that_does_not_matter_costs_nothing(before: bytes, after: bytes) -> None:
    odd = encode({"Reservations": [reservation()]})
    assert before in odd
    assert isinstance(read_body(odd.replace(before, after, 1)), Reservation)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"{}",
        b'{"Reservations": null}',
        b'{"Reservations": {}}',
        b"[]",
        b'{"Reservations": [',
        b'{"Reservations": ["\xff"]}',
        b'{"Reservations": ' + b"[" * 100_000,
        b"<html></html>",
    ],
)
def test_an_envelope_without_its_list_is_an_error_and_not_no_rows(body: bytes) -> None:
    with pytest.raises(PageError):
        RESERVATIONS.page(body)


@pytest.mark.parametrize("body", [b'{"a": [1, 2', b"<html>", b'{"a": 1} x', b"[" * 100_000])
def test_json_that_was_cut_is_recognised(body: bytes) -> None:
    with pytest.raises(PageError):
        check_json(body)


@pytest.mark.parametrize("body", [b'{"a": NaN}', b'{"a": "\\ud800"}', b"[]", b" {} \n"])
def test_whole_json_passes_however_odd(body: bytes) -> None:
    check_json(body)


@pytest.mark.parametrize("name", ["Revenue", "revenue", "Transactions", "transactions"])
def test_postings_may_sit_under_four_names(name: str) -> None:
    assert len(POSTINGS.page(encode({name: [posting()]})).rows) == 1


def test_postings_may_be_the_bare_list() -> None:
    assert len(POSTINGS.page(encode([posting(), "bad"])).rows) == 2
    assert len(POSTINGS.page(encode([posting()])).rows) == 1


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"ResId": None}, "ResId"),
        ({"GlobalResGuestId": {}}, "GlobalResGuestId"),
        ({"HotelDate": "soon"}, "HotelDate"),
        ({"HotelDate": 5}, "HotelDate"),
        ({"SalesGroup": None}, "SalesGroup"),
        ({"SalesGroup": -1}, "SalesGroup"),
        ({"RevenueNet": None}, "RevenueNet"),
        ({"RevenueNet": "free"}, "RevenueNet"),
    ],
)
def test_a_posting_that_cannot_be_read_is_set_aside(change: dict[str, Any], path: str) -> None:
    found = read_posting(posting(**change))
    assert isinstance(found, Reject)
    assert found.path == path


def test_the_business_date_comes_from_the_local_time_where_the_hotel_date_is_unset() -> None:
    hotel = {"HotelDate": "0001-01-01T00:00:00", "LocalTime": "2024-01-15T10:30:45.123"}
    config = read_config(encode({"HotelInfo": hotel, "ConfigInfo": []}))
    assert config.today.isoformat() == "2024-01-15"


def test_a_configuration_without_any_date_is_rejected() -> None:
    with pytest.raises(UndatedHotelError):
        read_config(encode({"HotelInfo": {"HotelCode": "H"}, "ConfigInfo": []}))


def test_config_items_are_kept_byte_for_byte() -> None:
    raw = b'{ "ConfigType":"SEGMENT",  "Code": "A\\u00e9", "x": 1.10 }'
    body = b'{"HotelInfo": {"HotelDate": "2024-01-15"}, "ConfigInfo": [' + raw + b"]}"
    assert read_config(body).items[0].raw == raw


def test_the_grid_may_be_an_object_or_the_bare_list() -> None:
    rooms = [{"roomCode": "DBL", "dailyInventories": [{"date": "2024-01-15", "inventory": 3}]}, "odd"]
    assert read_grid(encode(rooms)) == read_grid(encode({"roomInventories": rooms}))
    with pytest.raises(PageError):
        read_grid(b'{"roomInventories": null}')
