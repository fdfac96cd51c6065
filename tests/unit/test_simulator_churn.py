"""Lists that change between two pages of one scan."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from simulator_client import EVERYTHING, get, moment, pages, postings, reservations, rows_of

from host_pms.simulator.canned import CannedHotel
from host_pms.simulator.churn import Churn
from host_pms.simulator.clock import START, HotelClock
from host_pms.simulator.hotels import BookedHotel, synthetic_hotels
from host_pms.simulator.ledger import Ledger
from host_pms.simulator.pms import Order, PageRequest, PmsHotel
from host_pms.simulator.postings import postings_of
from host_pms.simulator.server import Simulator

Row = dict[str, Any]
ORDERS: list[Order] = ["id", "last_update", "newest"]
DAY = timedelta(days=1)
ALL = datetime(1900, 1, 1)
RESERVATION = "/ExternalRms/Reservation"


def content(row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in {"RowNumber", "TotalRows"}}


def everything(hotel: BookedHotel, now: datetime, update_from: datetime = ALL) -> list[Row]:
    found: list[Row] = []
    while not found or len(found) % 100 == 0:
        page = hotel.reservations(now, PageRequest(update_from=update_from, start=len(found)))
        if not page["Reservations"]:
            break
        found += page["Reservations"]
    return found


def hotel_of(order: Order = "id") -> BookedHotel:
    (hotel,) = synthetic_hotels(1, seed=5, bookings=400, order=order)
    return hotel


# --- the hook


def test_the_hook_is_called_before_every_page_of_a_list_and_no_other_call() -> None:
    seen: list[tuple[str, datetime]] = []

    def note(hotel: PmsHotel, clock: HotelClock) -> None:
        seen.append((hotel.code, clock.now))
        clock.advance(timedelta(seconds=1))

    with Simulator(hotels=2, bookings=1, between_pages=note) as simulator:
        get(simulator, "/ExternalRms/Config")
        get(simulator, "/Pms/InventoryGrid", fromDate="2024-01-15", toDate="2024-01-16")
        get(simulator, RESERVATION, updateFrom="never")
        get(simulator, RESERVATION, updateFrom=EVERYTHING)
        get(simulator, RESERVATION, updateFrom=EVERYTHING, start=100, hotelCode="HOTEL002")
        get(simulator, "/ExternalRms/Revenue", updateFrom=EVERYTHING)
    assert seen == [
        ("HOTEL001", START),
        ("HOTEL002", START + timedelta(seconds=1)),
        ("HOTEL001", START + timedelta(seconds=2)),
    ]


@pytest.fixture(scope="module", params=ORDERS)
def scanned(request: pytest.FixtureRequest) -> Iterator[tuple[Simulator, list[list[Row]]]]:
    order: Order = request.param
    churn = Churn(bookings=3, seed=7)
    with Simulator(hotels=1, bookings=600, order=order, between_pages=churn) as simulator:
        yield simulator, pages(simulator, RESERVATION)


def test_lists_show_a_change_at_once(scanned: tuple[Simulator, list[list[Row]]]) -> None:
    simulator, found = scanned
    totals = [page[0]["TotalRows"] for page in found]
    assert totals == sorted(totals)
    assert totals[0] < totals[-1]
    now = simulator.clock.now.isoformat()
    assert any(row["LastUpdate"] == now for page in found for row in page)


def test_by_newest_first_a_scan_meets_rows_twice_and_by_last_update_it_misses_some(
    scanned: tuple[Simulator, list[list[Row]]],
) -> None:
    """What offset paging is known for; by id rows only change, and new ones come at the end."""
    simulator, found = scanned
    ids = Counter((row["ResId"], row["DetailId"]) for page in found for row in page)
    (hotel,) = simulator.hotels.values()
    assert isinstance(hotel, BookedHotel)
    now = simulator.clock.now
    left = {(row["ResId"], row["DetailId"]) for row in everything(hotel, now)} - set(ids)
    changed = {
        (row["ResId"], row["DetailId"])
        for row in everything(hotel, now)
        if row["LastUpdate"] == now.isoformat()
    }
    dates = [row["LastUpdate"] for row in found[0]]
    if dates == sorted(dates):
        assert left - changed
    elif dates == sorted(dates, reverse=True):
        assert max(ids.values()) > 1
    else:
        assert left <= changed
        assert max(ids.values()) == 1


# --- what the ready-made churn does


def churned(hotel: BookedHotel, times: int, *, seed: int = 1, postings: int = 0) -> None:
    clock, churn = HotelClock(START), Churn(bookings=1, postings=postings, seed=seed)
    for _ in range(times):
        churn(hotel, clock)


def test_the_seed_decides_what_changes() -> None:
    first, second, third = hotel_of(), hotel_of(), hotel_of()
    churned(first, 20)
    churned(second, 20)
    churned(third, 20, seed=2)
    assert first.bookings == second.bookings != third.bookings


def test_bookings_are_created_changed_and_cancelled_now() -> None:
    hotel = hotel_of()
    before = {(row["ResId"], row["DetailId"]): row for row in everything(hotel, START)}
    churned(hotel, 60)
    kinds: Counter[str] = Counter()
    for row in everything(hotel, START):
        old = before.get((row["ResId"], row["DetailId"]))
        if old is None:
            assert row["CreatedOn"] == row["LastUpdate"] == START.isoformat()
            assert moment(row["CheckIn"]) > START
            kinds["created"] += 1
        elif content(row) != content(old):
            assert row["LastUpdate"] == START.isoformat()
            kinds["cancelled"] += row["ResStatus"] == 6 != old["ResStatus"]
            kinds["moved"] += row["CheckIn"][:10] > old["CheckIn"][:10]
            kinds["dearer"] += row["CheckIn"] == old["CheckIn"] and row["Prices"] != old["Prices"]
            kinds["opened again"] += row["CheckIn"] == old["CheckIn"] and row["Prices"] == old["Prices"]
    assert min(kinds[kind] for kind in ("created", "cancelled", "moved", "dearer", "opened again")) > 0
    assert 10 < kinds["created"] < 35


def test_ids_stay_unique_and_in_order() -> None:
    hotel = hotel_of()
    churned(hotel, 60)
    numbers = [booking.number for booking in hotel.bookings]
    assert numbers == sorted(set(numbers))
    assert len(numbers) > 400


@pytest.mark.parametrize("order", ORDERS)
def test_lists_that_were_read_before_are_as_if_made_anew(order: Order) -> None:
    hotel, late = hotel_of(order), START + DAY * 20
    windows = [(START, ALL), (START, START - DAY * 9), (late, ALL), (late, START), (START - DAY * 30, ALL)]
    for now, update_from in windows:
        everything(hotel, now, update_from)
    churned(hotel, 40)
    anew = Ledger(hotel.bookings, order=order, postings_of=postings_of)
    for now, update_from in windows:
        assert hotel.ledger.rows(now, update_from) == anew.rows(now, update_from)


def test_what_was_shown_of_the_past_stays() -> None:
    hotel, earlier = hotel_of(), START - DAY
    rows = everything(hotel, earlier)
    charged = hotel.revenue(START, PageRequest(update_from=ALL), None)
    churned(hotel, 40)
    assert everything(hotel, earlier) == rows
    assert hotel.revenue(START, PageRequest(update_from=ALL), None) == charged


def test_a_changed_booking_lives_on() -> None:
    """Day by day increments after the churn bring a copy up to date, new bookings' stays and postings too."""
    hotel = hotel_of()
    churned(hotel, 60)
    copy = {(row["ResId"], row["DetailId"]): content(row) for row in everything(hotel, START)}
    created = {row["ResId"] for row in copy.values() if row["CreatedOn"] == START.isoformat()}
    for day in range(90):
        rows = everything(hotel, START + DAY * (day + 1), START + DAY * day)
        copy.update(((row["ResId"], row["DetailId"]), content(row)) for row in rows)
    end = START + DAY * 90
    assert copy == {(row["ResId"], row["DetailId"]): content(row) for row in everything(hotel, end)}
    over = {row["ResId"] for row in copy.values() if row["ResId"] in created and row["ResStatus"] == 20}
    posted = {70_000 + posting.booking.number for posting in hotel.postings if posting.last_update > START}
    assert over
    assert over <= posted


def test_a_cancelled_booking_is_never_charged() -> None:
    hotel = hotel_of()
    coming = {posting.booking.number for posting in hotel.postings if posting.last_update > START}
    churned(hotel, 60)
    cancelled = {
        booking.number
        for booking in hotel.bookings
        if booking.history[-1].status == 6 and booking.history[-1].last_update == START
    }
    assert cancelled & coming
    assert not any(
        posting.booking.number in cancelled and posting.last_update > START for posting in hotel.postings
    )


@pytest.mark.parametrize("order", ORDERS)
def test_postings_are_reversed_if_that_is_asked_for(order: Order) -> None:
    hotel = hotel_of(order)
    request = PageRequest(update_from=START)
    assert rows_of(hotel.revenue(START, request, None)) == []
    churned(hotel, 5, postings=2)
    reversed_ = rows_of(hotel.revenue(START, request, None))
    assert len(reversed_) == 10
    assert {row["LastUpdate"] for row in reversed_} == {START.isoformat()}
    known = Counter((row["ResId"], row["HotelDate"], row["RevenueGross"]) for row in _all(hotel))
    assert all(known[row["ResId"], row["HotelDate"], -row["RevenueGross"]] for row in reversed_)
    groups = [rows_of(hotel.revenue(START, request, group)) for group in (0, 1)]
    assert sum(map(len, groups)) == 10


def _all(hotel: BookedHotel) -> list[Row]:
    found: list[Row] = []
    while page := rows_of(hotel.revenue(START, PageRequest(update_from=ALL, start=len(found)), None)):
        found += page
    return found


def test_before_a_hotel_has_bookings_nothing_changes() -> None:
    (hotel,) = synthetic_hotels(1, seed=1, bookings=20)
    Churn(bookings=5, postings=5)(hotel, HotelClock(datetime(2020, 1, 1)))
    assert hotel.bookings == hotel_without_churn().bookings
    empty = BookedHotel(code="EMPTY", number=1, name="Empty", bookings=())
    Churn(bookings=5, postings=5)(empty, HotelClock())
    assert empty.bookings == ()


def hotel_without_churn() -> BookedHotel:
    (hotel,) = synthetic_hotels(1, seed=1, bookings=20)
    return hotel


def test_canned_rows_do_not_change() -> None:
    hotel = CannedHotel(code="HOTEL001", config={}, reservations=[{"a": 1}], revenue=[], inventory=[])
    with Simulator(hotels=[hotel], between_pages=Churn(bookings=5)) as simulator:
        assert [content(row) for row in reservations(simulator)] == [{"a": 1}]
        assert postings(simulator) == []
