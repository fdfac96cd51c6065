"""A hotel whose bookings are read from a file: what a line becomes as the clock moves."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from booking_totals import totals_of_bookings, totals_of_lines
from recorded_lines import CANCELLED, NO_SHOW, file_of
from simulator_client import EVERYTHING, get, postings, reservations

from host_pms.simulator.churn import Churn
from host_pms.simulator.clock import HotelClock
from host_pms.simulator.hotels import BookedHotel
from host_pms.simulator.pms import PageRequest
from host_pms.simulator.recorded import read_recording
from host_pms.simulator.recorded_hotel import morning_after, recorded_hotel
from host_pms.simulator.server import Simulator

Row = dict[str, Any]
ALL = datetime(1900, 1, 1)
LONG_AFTER = datetime(2020, 1, 1)


def rows_at(path: Path, clock: str, *, since: datetime = ALL) -> list[Row]:
    now = datetime.fromisoformat(clock)
    found = recorded_hotel(path).reservations(now, PageRequest(update_from=since))["Reservations"]
    assert isinstance(found, list)
    return found


def test_a_line_is_a_reservation(tmp_path: Path) -> None:
    path = file_of(tmp_path, {"children": "1", "babies": "1", "company": "223", "agent": "NULL"})
    (row,) = rows_at(path, "2016-04-01T10:00:00")
    night = {
        "GlobalResguestId": 2,
        "SalesGroup": 0,
        "SalesGroupDesc": "ROOM",
        "Charge": "ALOJ",
        "Amount": 75.25,
        "PaxType": 0,
        "PaxTypeDesc": "ADULT",
    }
    assert row == {
        "ResNo": 2,
        "ResId": 2,
        "GlobalResGuestId": 2,
        "DetailId": 1,
        "MasterDetail": 0,
        "CreatedOn": "2016-03-10T00:00:00",
        "LastUpdate": "2016-03-23T00:00:00",
        "CheckIn": "2016-03-20T00:00:00",
        "CheckOut": "2016-03-23T00:00:00",
        "OptionDate": None,
        "Rooms": 1,
        "Category": "A",
        "Agency": None,
        "Company": "223",
        "Cro": None,
        "GroupName": None,
        "GuestId": 2,
        "Pax": 4,
        "Pack": "BB",
        "PriceList": None,
        "SegmentDescription": "Online TA",
        "SubSegmentDescription": "Transient",
        "ChannelDescription": "TA/TO",
        "ChildrenType1": 1,
        "ChildrenType2": 1,
        "ChildrenType3": 0,
        "ResStatus": 20,
        "Guests": [
            {
                "GuestId": 2,
                "GuestNo": 1,
                "NameFormatted": "Guest, Number 2",
                "Email1": "guest2@example.org",
                "BirthDate": None,
            }
        ],
        "Prices": [night | {"Date": f"2016-03-{day}T00:00:00"} for day in (20, 21, 22)],
        "RowNumber": 1,
        "TotalRows": 1,
    }


@pytest.mark.parametrize(
    ("line", "clock", "expected"),
    [
        ({}, "2016-03-09T23:59:59", None),
        ({}, "2016-03-10T00:00:00", (0, "2016-03-10")),
        ({}, "2016-03-19T23:59:59", (0, "2016-03-10")),
        ({}, "2016-03-20T00:00:00", (10, "2016-03-20")),
        ({}, "2016-03-22T10:00:00", (10, "2016-03-20")),
        ({}, "2016-03-23T00:00:00", (20, "2016-03-23")),
        ({}, "2020-01-01T00:00:00", (20, "2016-03-23")),
        (CANCELLED, "2016-03-13T10:00:00", (0, "2016-03-10")),
        (CANCELLED, "2016-03-14T10:00:00", (6, "2016-03-14")),
        (CANCELLED | {"reservation_status_date": "2016-03-10"}, "2016-03-10T00:00:00", (6, "2016-03-10")),
        (CANCELLED | {"reservation_status_date": "2016-03-01"}, "2016-03-10T00:00:00", (6, "2016-03-10")),
        (NO_SHOW, "2016-03-19T10:00:00", (0, "2016-03-10")),
        (NO_SHOW, "2016-03-20T10:00:00", (7, "2016-03-20")),
        # A day use, booked on the day: it is over as soon as it is made.
        ({"lead_time": "0", "stays_in_weekend_nights": "0", "stays_in_week_nights": "0",
          "reservation_status_date": "2016-03-20"}, "2016-03-20T00:00:00", (20, "2016-03-20")),
        # Checked out before the nights that were booked are over.
        ({"reservation_status_date": "2016-03-21"}, "2016-03-20T10:00:00", (10, "2016-03-20")),
        ({"reservation_status_date": "2016-03-21"}, "2016-03-21T10:00:00", (20, "2016-03-21")),
        ({"reservation_status_date": "2016-03-20"}, "2016-03-20T10:00:00", (20, "2016-03-20")),
        ({"reservation_status_date": "2016-03-15"}, "2016-03-21T10:00:00", (20, "2016-03-15")),
    ],
)  # fmt: skip
def test_status_and_last_update_go_with_the_clock(
    tmp_path: Path, line: dict[str, str], clock: str, expected: tuple[int, str] | None
) -> None:
    rows = rows_at(file_of(tmp_path, line), clock)
    found = [(row["ResStatus"], row["LastUpdate"]) for row in rows]
    assert found == ([(expected[0], f"{expected[1]}T00:00:00")] if expected else [])


def test_increments_day_by_day_bring_a_copy_up_to_date(tmp_path: Path) -> None:
    lines = [
        {},
        CANCELLED,
        NO_SHOW,
        {"arrival_date_day_of_month": "5", "reservation_status_date": "2016-03-08"},
    ]
    hotel = recorded_hotel(file_of(tmp_path, *lines))
    copy: dict[int, Row] = {}
    for day in range(50):
        now = datetime(2016, 2, 20, 10) + timedelta(days=day)
        since = now - timedelta(days=1)
        for row in hotel.reservations(now, PageRequest(update_from=since))["Reservations"]:
            copy[row["ResId"]] = row | {"RowNumber": 0, "TotalRows": 0}
    full = hotel.reservations(now, PageRequest(update_from=ALL))["Reservations"]
    assert copy == {row["ResId"]: row | {"RowNumber": 0, "TotalRows": 0} for row in full}


def test_ids_are_the_numbers_of_the_lines(tmp_path: Path) -> None:
    path = file_of(tmp_path, {}, {"hotel": "City Hotel"}, {})
    recording = read_recording(path, hotel_name="Sea Hotel")
    assert [booking.number for booking in recording.bookings] == [2, 4]


def test_children_may_be_unknown_and_amounts_negative(tmp_path: Path) -> None:
    (row,) = rows_at(file_of(tmp_path, {"children": "NA", "adr": "-6.38"}), "2016-04-01T10:00:00")
    assert (row["Pax"], row["ChildrenType1"]) == (2, 0)
    assert [price["Amount"] for price in row["Prices"]] == [-6.38] * 3


# --- postings, catalogue, grid


def test_every_night_spent_is_posted_at_the_audit_of_the_next_day(tmp_path: Path) -> None:
    hotel = recorded_hotel(file_of(tmp_path, {}, CANCELLED, NO_SHOW, {"adr": "0"}))

    def posted(clock: str) -> list[tuple[int, str]]:
        now = datetime.fromisoformat(clock)
        rows = hotel.revenue(now, PageRequest(update_from=ALL), 0)["Revenue"]
        return [(row["ResId"], row["HotelDate"][:10]) for row in rows]

    assert posted("2016-03-21T01:59:59") == []
    assert posted("2016-03-21T03:00:00") == [(2, "2016-03-20"), (5, "2016-03-20")]
    nights = [(number, f"2016-03-{day}") for day in (20, 21, 22) for number in (2, 5)]
    assert posted("2020-01-01T00:00:00") == nights
    row = hotel.revenue(LONG_AFTER, PageRequest(update_from=ALL), None)["Revenue"][0]
    assert row == {
        "ResNo": 2,
        "ResId": 2,
        "GlobalResGuestId": 2,
        "DetailId": 1,
        "MasterDetail": 0,
        "HotelDate": "2016-03-20T00:00:00",
        "ChargeCode": "ALOJ",
        "SalesGroup": 0,
        "SalesGroupDesc": "ROOM",
        "RevenueGross": 75.25,
        "RevenueNet": 70.991,
        "LastUpdate": "2016-03-21T02:02:00",
        "RowNumber": 1,
        "TotalRows": 6,
    }


def test_the_catalogue_has_the_values_that_occur_and_the_most_rooms_of_a_night(tmp_path: Path) -> None:
    lines = [
        {},
        {"reservation_status_date": "2016-03-25", "arrival_date_day_of_month": "22", "meal": "HB"},
        {
            "reservation_status_date": "2016-03-26",
            "arrival_date_day_of_month": "23",
            "market_segment": "Direct",
        },
        {"reserved_room_type": "B", "customer_type": "Group", **CANCELLED},
        {"distribution_channel": "GDS", **NO_SHOW},
    ]
    hotel = recorded_hotel(file_of(tmp_path, *lines))
    items = hotel.config(LONG_AFTER)["ConfigInfo"]

    def codes(config_type: str) -> list[tuple[str, int]]:
        return [(item["Code"], item["Inventory"]) for item in items if item["ConfigType"] == config_type]

    assert codes("CATEGORY") == [("A", 2), ("B", 1)]
    assert codes("SEGMENT") == [("Direct", 0), ("Online TA", 0)]
    assert codes("SUB-SEGMENT") == [("Group", 0), ("Transient", 0)]
    assert codes("DIST CHANNEL") == [("GDS", 0), ("TA/TO", 0)]
    assert codes("PACKAGE") == [("BB", 0), ("HB", 0)]
    assert len(codes("RESERVATION STATUS")) == 10
    grid = hotel.inventory_grid(LONG_AFTER, date(2020, 1, 1), date(2020, 1, 2))["roomInventories"]
    assert [(room["roomCode"], [day["inventory"] for day in room["dailyInventories"]]) for room in grid] == [
        ("A", [2, 2]),
        ("B", [1, 1]),
    ]


# --- serving it


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    lines = [{"lead_time": str(number)} for number in range(230)]
    path = file_of(tmp_path_factory.mktemp("csv"), *lines, name="bookings.csv.gz")
    hotel = recorded_hotel(path, code="SEA", order="last_update")
    with Simulator(hotels=[hotel], start=morning_after(hotel)) as simulator:
        yield simulator


def test_it_is_served_like_any_hotel(served: Simulator) -> None:
    rows = reservations(served, hotelCode="SEA")
    assert len(rows) == 230
    assert len(postings(served, hotelCode="SEA")) == 690
    info = get(served, "/ExternalRms/Config", hotelCode="SEA").json()["HotelInfo"]
    assert info["LocalTime"] == "2016-03-24T10:00:00.000"
    grid = get(served, "/Pms/InventoryGrid", hotelCode="SEA", fromDate="2016-03-24", toDate="2016-03-24")
    assert len(grid.json()["roomInventories"]) == 1
    assert get(served, "/ExternalRms/Reservation", hotelCode="SEA", updateFrom=EVERYTHING).status_code == 200


def test_churn_changes_it_too(tmp_path: Path) -> None:
    hotel = recorded_hotel(file_of(tmp_path, *[{} for _ in range(30)]))
    now = datetime(2016, 4, 1, 10)
    churn, clock = Churn(bookings=40, postings=3), HotelClock(now)
    churn(hotel, clock)
    changed = hotel.reservations(now, PageRequest(update_from=now))["Reservations"]
    assert {0, 6, 20} <= {row["ResStatus"] for row in changed}
    assert max(row["ResId"] for row in changed) > 31
    assert len(hotel.revenue(now, PageRequest(update_from=now), 0)["Revenue"]) == 3


def test_the_totals_of_the_lines_are_those_of_the_bookings(tmp_path: Path) -> None:
    lines = [{}, CANCELLED, NO_SHOW, {"adr": "12.345"}, {"lead_time": "0", "children": "NA"}]
    path = file_of(tmp_path, *lines)
    hotel: BookedHotel = recorded_hotel(path)
    for day in range(1, 31):
        clock = datetime(2016, 3, day, 10)
        of_lines, of_bookings = totals_of_lines(path, clock), totals_of_bookings(hotel.bookings, clock)
        assert of_lines.by_status == of_bookings.by_status
        assert of_lines.rooms_on == of_bookings.rooms_on
    assert of_lines.room_nights == 9
