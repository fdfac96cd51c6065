"""The bookings of a real resort hotel, where they are at hand: two years, 40,060 of them."""

from datetime import date, datetime
from decimal import Decimal
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pytest
from booking_totals import Totals, totals_of_bookings, totals_of_lines
from resort import bookings_file

from host_pms.simulator.hotels import BookedHotel
from host_pms.simulator.pms import PageRequest
from host_pms.simulator.recorded_hotel import morning_after, recorded_hotel

ALL = datetime(1900, 1, 1)
CLOCK = datetime(2017, 9, 15, 10)


@pytest.fixture(scope="module")
def path() -> Path:
    return bookings_file()


@pytest.fixture(scope="module")
def hotel(path: Path) -> BookedHotel:
    return recorded_hotel(path, hotel_name="Resort Hotel")


@pytest.fixture(scope="module")
def of_lines(path: Path) -> Totals:
    return totals_of_lines(path, CLOCK)


def test_the_totals_of_the_file(of_lines: Totals) -> None:
    assert of_lines.reservations == 40_060
    assert of_lines.by_status == {20: 28_938, 6: 10_831, 7: 291}
    assert of_lines.room_nights == 119_887
    assert of_lines.revenue_room == Decimal("11601850.23")
    assert of_lines.rooms_on[date(2016, 3, 25)] == max(of_lines.rooms_on.values()) == 187


def test_the_hotel_has_the_same_totals(hotel: BookedHotel, of_lines: Totals) -> None:
    assert totals_of_bookings(hotel.bookings, CLOCK) == of_lines


@pytest.mark.parametrize("clock", [datetime(2015, 7, 1, 10), datetime(2016, 3, 25, 10)])
def test_the_hotel_has_the_same_totals_at_any_time(hotel: BookedHotel, path: Path, clock: datetime) -> None:
    of_lines = totals_of_lines(path, clock)
    assert totals_of_bookings(hotel.bookings, clock) == of_lines
    assert {0, 6, 20} < set(of_lines.by_status)


def test_its_clock_stands_where_all_is_over(hotel: BookedHotel) -> None:
    assert morning_after(hotel) == CLOCK


def test_its_pages_add_up_to_the_totals(hotel: BookedHotel, of_lines: Totals) -> None:
    """Every fortieth page, whose rows say the same of the whole list."""
    starts = range(0, 40_060, 4_000)
    rows = list(chain.from_iterable(page(hotel, start) for start in starts))
    assert {row["TotalRows"] for row in rows} == {of_lines.reservations}
    assert [row["RowNumber"] for row in rows[::100]] == [start + 1 for start in starts]
    assert [row["ResId"] for row in rows] == [row["RowNumber"] + 1 for row in rows]


def page(hotel: BookedHotel, start: int) -> list[dict[str, Any]]:
    return list(hotel.reservations(CLOCK, PageRequest(update_from=ALL, start=start))["Reservations"])


def test_every_room_night_is_posted_once(hotel: BookedHotel, of_lines: Totals) -> None:
    posted = hotel.ledger.changed_postings(CLOCK, ALL, 0)
    assert len(posted) == of_lines.room_nights
    assert Decimal(sum(posting.gross for posting in posted)) / 1000 == of_lines.revenue_room
    assert all(posting.last_update > datetime.combine(posting.business_date, datetime.min.time())
               for posting in islice(posted, 0, None, 1000))  # fmt: skip


def test_its_inventory_holds_all_guests_of_the_fullest_night(hotel: BookedHotel, of_lines: Totals) -> None:
    items = hotel.config(CLOCK)["ConfigInfo"]
    rooms = {item["Code"]: item["Inventory"] for item in items if item["ConfigType"] == "CATEGORY"}
    assert set(rooms) == set("ABCDEFGHLP")
    assert sum(rooms.values()) >= max(of_lines.rooms_on.values())
