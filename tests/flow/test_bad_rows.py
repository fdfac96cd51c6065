"""One odd row in a good page: it is published or set aside, and the other 99 are published either way."""

import json
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from fake_pms import FakeEsb, FakePms, World, encode, page, posting, price, reservation

from host_pms.ports import ImportParameters
from host_pms.services.sync import Published

HELD = datetime(2024, 1, 14, 2)
Rows = list[dict[str, Any]]


class PmsOfBytes(FakePms):
    """Changes the body of a page just before it goes out, for what no encoder would write."""

    change: Callable[[bytes], bytes] = staticmethod(lambda body: body)

    def reservations(self, _hotel_code: str, update_from: datetime, start: int) -> bytes:
        self.calls.append(("Reservations", update_from, start))
        return self.change(page("Reservations", self.rows, start))


def run(odd: Any, change: Callable[[bytes], bytes] | None = None) -> tuple[World, Published]:
    rows = [reservation(ResId=1000 + number) for number in range(99)]
    pms = PmsOfBytes(rows=[*rows[:50], odd, *rows[50:]])
    if change is not None:
        pms.change = change
    world = World(pms=pms, esb=FakeEsb(parameter=ImportParameters(last_import=HELD)))
    return world, world.sync()


def others(world: World) -> int:
    ids = {night["reservationId"] for night in world.published("reservations")}
    return len(ids & {str(1000 + number) for number in range(99)})


def odd_nights(world: World) -> Rows:
    expected = {str(1000 + number) for number in range(99)}
    (body,) = (body for (bucket, _), body in world.store.objects.items() if bucket == "out-reservations")
    nights: Rows = json.loads(body, parse_float=Decimal)
    return [night for night in nights if night["reservationId"] not in expected]


NO_PRICES: dict[str, Any] = {"Prices": []}

REJECTED: dict[str, tuple[dict[str, Any], str]] = {
    "no ResId": ({"ResId": None}, "ResId"),
    "no ResNo": ({"ResNo": None}, "ResNo"),
    "no guest": ({"GlobalResGuestId": None}, "GlobalResGuestId"),
    "no check-in": ({"CheckIn": None}, "CheckIn"),
    "no check-out": ({"CheckOut": None}, "CheckOut"),
    "no creation": ({"CreatedOn": None}, "CreatedOn"),
    "no status": ({"ResStatus": None}, "ResStatus"),
    "ResId is a list": ({"ResId": [1]}, "ResId"),
    "ResNo is true": ({"ResNo": True}, "ResNo"),
    "guest is an object": ({"GlobalResGuestId": {"id": 1}}, "GlobalResGuestId"),
    "check-in is a number": ({"CheckIn": 45000}, "CheckIn"),
    "creation is an object": ({"CreatedOn": {}}, "CreatedOn"),
    "status is a word": ({"ResStatus": "cancelled"}, "ResStatus"),
    "status is a fraction": ({"ResStatus": 6.5}, "ResStatus"),
    "30 February": ({"CheckIn": "2024-02-30T14:00:00"}, "CheckIn"),
    "year 0001": ({"CheckIn": "0001-01-01T00:00:00"}, "CheckIn"),
    "year 9999": ({"CheckOut": "9999-12-31T00:00:00"}, "CheckOut"),
    "check-out before check-in": ({"CheckOut": "2024-01-19T11:00:00"}, "CheckOut"),
    "1,001 nights": ({"CheckOut": "2026-10-17T11:00:00"}, "CheckOut"),
    "rooms negative": ({"Rooms": -1}, "Rooms"),
    "persons are text": ({"Pax": "a couple"}, "Pax"),
    "part is negative": ({"MasterDetail": -2}, "MasterDetail"),
    "amount is a word": ({"Prices": [{**price("2024-01-20", "1"), "Amount": "free"}]}, "Prices[0].Amount"),
    "amount has a comma": ({"Prices": [{**price("2024-01-20", "1"), "Amount": "1,5"}]}, "Prices[0].Amount"),
    "1e400": ({"Prices": [price("2024-01-20", "1e400")]}, "Prices[0].Amount"),
    "a price without a date": ({"Prices": [{**price("2024-01-20", "1"), "Date": None}]}, "Prices[0].Date"),
    "a price is null": ({"Prices": [None]}, "Prices[0]"),
}


@pytest.mark.parametrize("name", REJECTED)
def test_a_row_that_cannot_be_read_costs_nothing_but_itself(name: str) -> None:
    change, path = REJECTED[name]
    world, published = run(reservation(ResId=7, **change) if "ResId" not in change else reservation(**change))
    assert others(world) == 99
    assert odd_nights(world) == []
    assert published.counts["rejectedReservations"] == 1
    (rejected,) = (body for (_, key), body in world.store.objects.items() if "rejected" in key)
    (entry,) = json.loads(rejected)
    assert (entry["row"], entry["path"]) == (50, path)


PUBLISHED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "twenty decimals": (
        {"Prices": [price("2024-01-20", "10.00500000000000000001")]},
        {"revenueRoom": Decimal("10.01")},
    ),
    "negative": ({"Prices": [price("2024-01-20", "-12.345")]}, {"revenueRoom": Decimal("-12.35")}),
    "amount is digits in text": (
        {"Prices": [{**price("2024-01-20", "1"), "Amount": " 106.00 "}]},
        {"revenueRoom": Decimal("106.00")},
    ),
    "ids with letters": (
        {"ResNo": "A-1", "GlobalResGuestId": "x%"},
        {"reservationIdExternal": "A%2D1-7-x%25-1"},
    ),
    "leading zeros": ({"ResNo": "0042"}, {"reservationIdExternal": "0042-7-100-1"}),
    "unknown status": ({"ResStatus": 77}, {"status": 3}),
    "status is digits in text": ({"ResStatus": "20"}, {"status": 2}),
    "emoji": ({"Agency": "Sunny 🌞 Travel"}, {"agencyCode": "Sunny 🌞 Travel"}),
    "NUL": ({"Agency": "Sunny\0Travel"}, {"agencyCode": "Sunny\0Travel"}),
    "a megabyte of text": ({"GroupName": "x" * 2**20}, {"groupCode": "x" * 2**20}),
    "year 9999 for a price": (
        {"Prices": [price("9999-12-31", "1.00")]},
        {"calendarDate": "2024-01-20", "revenueRoom": 0},
    ),
    "LastUpdate is no date": ({"LastUpdate": "soon"}, {"status": 3}),
    "LastUpdate is a number": ({"LastUpdate": 45000}, {"status": 3}),
    "fields nobody knows": ({"Loyalty": {"tier": [1, {"deep": None}]}}, {"status": 3}),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_an_odd_row_that_can_be_read_is_published(name: str) -> None:
    change, expected = PUBLISHED[name]
    world, published = run(reservation(ResId=7, **change))
    assert others(world) == 99
    assert published.counts["rejectedReservations"] == 0
    night = odd_nights(world)[0]
    assert {field: night[field] for field in expected} == expected


RAW: dict[str, tuple[bytes, bytes, bool]] = {
    "NaN": (b'"Amount":777', b'"Amount":NaN', False),
    "Infinity": (b'"Amount":777', b'"Amount":-Infinity', False),
    "a lone surrogate in an agency": (b'"MARK"', b'"\\ud800"', False),
    "a lone surrogate in a guest's name": (b'"NameFormatted":"x"', b'"NameFormatted":"\\udfff"', True),
    "a byte that is no UTF-8 in a guest's name": (b'"NameFormatted":"x"', b'"NameFormatted":"\xff"', True),
    "a key twice": (b'"Pax":2,"ResStatus":0', b'"Pax":9,"Pax":2,"ResStatus":0', True),
}


@pytest.mark.parametrize("name", RAW)
def test_a_row_that_no_encoder_would_write(name: str) -> None:
    before, after, is_published = RAW[name]
    odd = reservation(
        ResId=7, Agency="MARK", Guests=[{"NameFormatted": "x"}], Prices=[price("2024-01-20", "777")]
    )
    world, _ = run(odd, lambda body: body.replace(before, after))
    assert others(world) == 99
    assert (odd_nights(world) != []) == is_published


def test_two_masters_of_one_stay_both_keep_their_nights() -> None:
    world, _ = run(reservation(ResId=7))
    world.pms.rows.append(reservation(ResId=7, DetailId=2, Rooms=3))
    world.store.objects.clear()
    world.clock.sleep(1)
    world.sync()
    assert [night["rooms"] for night in odd_nights(world)] == [1, 1, 3, 3]


def test_ids_that_read_alike_when_joined_are_kept_apart() -> None:
    rows = [reservation(ResId="12", GlobalResGuestId="3"), reservation(ResId="1", GlobalResGuestId="23")]
    postings = [
        posting(ResId="12", GlobalResGuestId="3", RevenueNet=Decimal(5)),
        posting(ResId="1", GlobalResGuestId="23", RevenueNet=Decimal(7)),
    ]
    world = World(
        pms=FakePms(rows=rows, postings=postings),
        esb=FakeEsb(parameter=ImportParameters(last_import=HELD)),
    )
    world.sync()
    invoiced = {
        night["reservationIdExternal"]: night["revenueRoomInvoice"]
        for night in world.published("reservations")
        if night["calendarDate"] == "2024-01-12"
    }
    assert invoiced == {"1-12-3-1": 5, "1-1-23-1": 7}


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"RevenueNet": None}, "RevenueNet"),
        ({"RevenueNet": "free"}, "RevenueNet"),
        ({"RevenueNet": Decimal("1e12")}, "RevenueNet"),
        ({"HotelDate": "2024-02-30T00:00:00"}, "HotelDate"),
        ({"HotelDate": None}, "HotelDate"),
        ({"SalesGroup": None}, "SalesGroup"),
        ({"SalesGroup": -1}, "SalesGroup"),
        ({"ResId": None}, "ResId"),
        ({"GlobalResGuestId": []}, "GlobalResGuestId"),
    ],
)
def test_a_posting_that_cannot_be_read_does_not_reject_its_reservation(
    change: dict[str, Any], path: str
) -> None:
    pms = FakePms(rows=[reservation()], postings=[posting(), posting(**change)])
    world = World(pms=pms, esb=FakeEsb(parameter=ImportParameters(last_import=HELD)))
    world.sync()
    invoiced = sum(night["revenueRoomInvoice"] for night in world.published("reservations"))
    assert invoiced == pytest.approx(94.34)
    (rejected,) = (body for (_, key), body in world.store.objects.items() if "rejected" in key)
    assert json.loads(rejected)[0]["path"] == path


def test_encoded_pages_are_what_the_tests_mean() -> None:
    assert b'"Amount":777' in encode(reservation(Prices=[price("2024-01-20", "777")]))
