"""What the API answers while the clock moves."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

import httpx2
import pytest
from simulator_client import EVERYTHING, PLAIN, get, moment, postings, reservations

from host_pms.simulator.clock import START, HotelClock, business_date, duration
from host_pms.simulator.maintenance import draw_blocks
from host_pms.simulator.server import Simulator

Row = dict[str, Any]
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def running() -> Iterator[Simulator]:
    with Simulator(bookings=300) as simulator:
        yield simulator


@pytest.fixture
def simulator(running: Simulator) -> Simulator:
    running.clock.set(START)
    return running


def increment(simulator: Simulator, since: datetime) -> list[Row]:
    return reservations(simulator, updateFrom=since.isoformat())


def row_id(row: Row) -> tuple[Any, ...]:
    return (row["ResId"], row["DetailId"])


def content(row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in {"RowNumber", "TotalRows"}}


def test_update_from_takes_rows_changed_at_or_after_it(simulator: Simulator) -> None:
    rows = reservations(simulator)
    since = sorted(moment(row["LastUpdate"]) for row in rows)[-20]
    expected = [content(row) for row in rows if moment(row["LastUpdate"]) >= since]
    assert [content(row) for row in increment(simulator, since)] == expected
    assert 20 <= len(expected) < len(rows)
    after = increment(simulator, since + timedelta(seconds=1))
    assert {row_id(row) for row in expected} > {row_id(row) for row in after}


def test_update_from_takes_postings_made_at_or_after_it(simulator: Simulator) -> None:
    made = [moment(row["LastUpdate"]) for row in postings(simulator)]
    since = made[-20]
    assert len(postings(simulator, updateFrom=since.isoformat())) == sum(at >= since for at in made)


def test_day_by_day_increments_bring_a_copy_up_to_date(simulator: Simulator) -> None:
    copy = {row_id(row): content(row) for row in reservations(simulator)}
    for _ in range(40):
        since = simulator.clock.now
        simulator.clock.advance(DAY)
        rows = increment(simulator, since)
        assert all(since <= moment(row["LastUpdate"]) <= simulator.clock.now for row in rows)
        copy.update((row_id(row), content(row)) for row in rows)
    assert copy == {row_id(row): content(row) for row in reservations(simulator)}


def test_day_by_day_postings_add_up(simulator: Simulator) -> None:
    read = [content(row) for row in postings(simulator)]
    for _ in range(20):
        since = simulator.clock.now + timedelta(seconds=1)
        simulator.clock.advance(DAY)
        read += [content(row) for row in postings(simulator, updateFrom=since.isoformat())]
    assert read == [content(row) for row in postings(simulator)]


KINDS_OF_CHANGE: dict[str, Callable[[Row, Row], bool]] = {
    "price": lambda old, new: old["CheckOut"] == new["CheckOut"] and old["Prices"] != new["Prices"],
    "dates": lambda old, new: old["CheckOut"][:10] < new["CheckOut"][:10],
    "room type": lambda old, new: old["Category"] != new["Category"],
    "confirmed": lambda old, new: old["ResStatus"] in {2, 3} and new["ResStatus"] == 0,
    "cancelled": lambda old, new: old["ResStatus"] != 6 and new["ResStatus"] == 6,
    "checked in": lambda old, new: old["ResStatus"] != 10 and new["ResStatus"] == 10,
    "checked out": lambda old, new: old["ResStatus"] == 10 and new["ResStatus"] == 20,
    "no show": lambda old, new: old["ResStatus"] != 7 and new["ResStatus"] == 7,
    "shortened by a room move": lambda old, new: old["CheckOut"][:10] > new["CheckOut"][:10],
    "opened again": lambda old, new: old["ResStatus"] == 20 and new["LastUpdate"] > old["LastUpdate"],
}


def test_a_changed_booking_is_in_the_next_increment(simulator: Simulator) -> None:
    known = {row_id(row): row for row in reservations(simulator)}
    seen: set[str] = set()
    for _ in range(60):
        since = simulator.clock.now
        simulator.clock.advance(DAY)
        for row in increment(simulator, since):
            old = known.get(row_id(row))
            seen.update(kind for kind, is_kind in KINDS_OF_CHANGE.items() if old and is_kind(old, row))
            seen.update([] if old else ["part" if row["MasterDetail"] else "new"])
            known[row_id(row)] = row
    assert seen == {*KINDS_OF_CHANGE, "new", "part"}


def test_the_clock_moves_back_as_well(simulator: Simulator) -> None:
    before = reservations(simulator)
    simulator.clock.advance(DAY * 30)
    assert reservations(simulator) != before
    simulator.clock.set(START)
    assert reservations(simulator) == before


def test_a_changed_booking_keeps_its_place_by_id(simulator: Simulator) -> None:
    simulator.clock.advance(DAY * 30)
    ids = [row["ResId"] for row in reservations(simulator)]
    assert ids == sorted(ids)


def test_order_by_last_update_and_newest_first() -> None:
    with Simulator(hotels=1, bookings=200, order="last_update") as simulator:
        oldest_first = [row["LastUpdate"] for row in reservations(simulator)]
    with Simulator(hotels=1, bookings=200, order="newest") as simulator:
        newest_first = [row["LastUpdate"] for row in reservations(simulator)]
        posted = [row["LastUpdate"] for row in postings(simulator)]
    assert oldest_first == sorted(oldest_first)
    assert newest_first == sorted(newest_first, reverse=True) != oldest_first
    assert posted == sorted(posted, reverse=True)


@pytest.mark.parametrize(
    ("wall_time", "expected"),
    [
        ("2024-01-15T10:30:45", date(2024, 1, 15)),
        ("2024-01-16T00:30:00", date(2024, 1, 15)),
        ("2024-01-16T02:59:59", date(2024, 1, 15)),
        ("2024-01-16T03:00:00", date(2024, 1, 16)),
    ],
)
def test_the_business_date_turns_at_the_night_audit(
    simulator: Simulator, wall_time: str, expected: date
) -> None:
    simulator.clock.set(moment(wall_time))
    hotel = get(simulator, "/ExternalRms/Config").json()["HotelInfo"]
    assert business_date(simulator.clock.now) == expected
    assert hotel["HotelDate"] == f"{expected}T00:00:00"
    assert hotel["LocalTime"] == f"{wall_time}.000"


def test_maintenance_that_is_planned_later_changes_the_grid(simulator: Simulator) -> None:
    def grid() -> Any:
        window = {"fromDate": planned.first, "toDate": planned.last}
        return get(simulator, "/Pms/InventoryGrid", **window).json()["roomInventories"]

    planned = next(
        block for block in draw_blocks(seed=1, hotel_code="HOTEL001", around=START) if block.planned > START
    )
    simulator.clock.set(planned.planned - timedelta(seconds=1))
    before = grid()
    simulator.clock.set(planned.planned)
    assert grid() != before


def test_the_clock_moves_over_http(simulator: Simulator) -> None:
    def move(order: Any) -> httpx2.Response:
        return httpx2.post(f"{simulator.url}/simulator/clock", json=order, verify=PLAIN)

    assert httpx2.get(f"{simulator.url}/simulator/clock", verify=PLAIN).json() == {
        "now": "2024-01-15T10:30:45"
    }
    assert move({"advance": "1d"}).json() == {"now": "2024-01-16T10:30:45"}
    assert move({"now": "2024-03-01T08:00:00"}).json() == {"now": "2024-03-01T08:00:00"}
    assert simulator.clock.now == moment("2024-03-01T08:00:00")


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"{}",
        b'{"advance": 1}',
        b'{"advance": "tomorrow"}',
        b'{"advance": "-1d"}',
        b'{"advance": "999999d", "x": 1}' * 2,
        b'{"now": "today"}',
        b'{"now": "2024-01-15T10:30:45+01:00"}',
    ],
)
def test_an_order_to_the_clock_that_makes_no_sense_is_refused(simulator: Simulator, body: bytes) -> None:
    assert httpx2.post(f"{simulator.url}/simulator/clock", content=body, verify=PLAIN).status_code == 400
    assert simulator.clock.now == START


def test_the_clock_cannot_leave_the_calendar(simulator: Simulator) -> None:
    orders = [{"now": "9999-01-01T00:00:00"}, {"advance": "366d"}]
    answers = [
        httpx2.post(f"{simulator.url}/simulator/clock", json=order, verify=PLAIN).status_code
        for order in orders
    ]
    assert answers == [200, 400]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1d", DAY), ("2h", timedelta(hours=2)), ("90m", timedelta(minutes=90)), ("30s", timedelta(seconds=30))],
)
def test_durations(text: str, expected: timedelta) -> None:
    assert duration(text) == expected


def test_a_wall_clock_has_no_offset() -> None:
    with pytest.raises(ValueError, match="no offset"):
        HotelClock().set(datetime.fromisoformat("2024-01-15T10:30:45Z"))


def test_nothing_is_known_before_the_first_booking(simulator: Simulator) -> None:
    simulator.clock.set(moment("2020-01-01T00:00:00"))
    assert reservations(simulator, updateFrom=EVERYTHING) == []
    assert postings(simulator, updateFrom=EVERYTHING) == []
