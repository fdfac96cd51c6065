"""Sixty daily increments leave what one full import at their end would publish.

Known to differ, and counted here: nights that a booking no longer has (an increment says nothing of them),
and room postings that came after the last change of their booking (S10 reads postings for what changed).
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from fake_pms import POLICY
from resort import bookings_file
from simulated_pms import ROOM, SimulatedPms, SimulatedWorld, WatermarkEsb

from host_pms.services.window import Asked
from host_pms.simulator.clock import START, HotelClock
from host_pms.simulator.hotels import synthetic_hotels
from host_pms.simulator.pms import Order, PageRequest, PmsHotel
from host_pms.simulator.recorded_hotel import recorded_hotel

DAYS = 60
POLICY_WITHOUT_GRID = replace(POLICY, inventory_horizon=timedelta(0))

Night = dict[str, Any]
Table = dict[tuple[str, str], Night]
INVOICED = {"revenueRoomInvoice"}


@dataclass
class Comparison:
    """How the table of increments differs from the full import."""

    missing: list[tuple[str, str]] = field(default_factory=list)
    left_over: list[tuple[str, str]] = field(default_factory=list)
    other_postings: list[tuple[str, str]] = field(default_factory=list)
    other: list[tuple[str, str, str]] = field(default_factory=list)


def publish(hotel: PmsHotel, world: SimulatedWorld, asked: Asked) -> list[Night]:
    world.clock.sleep(1)
    world.store.objects.clear()
    world.sync(asked, POLICY_WITHOUT_GRID, hotel.code)
    (body,) = (body for (bucket, _), body in world.store.objects.items() if bucket == "out-reservations")
    nights: list[Night] = msgspec.json.decode(body)
    return nights


def table_of(nights: list[Night]) -> Table:
    return {(night["reservationIdExternal"], night["calendarDate"]): night for night in nights}


def day_by_day(hotel: PmsHotel, start: datetime) -> tuple[Table, Table]:
    """The table after a first import and 60 increments, and the one of a full import at the end."""
    clock = HotelClock(start)
    world = SimulatedWorld(pms=SimulatedPms({hotel.code: hotel}, clock))
    table = table_of(publish(hotel, world, Asked()))
    for _ in range(DAYS):
        clock.advance(timedelta(days=1))
        table |= table_of(publish(hotel, world, Asked()))
    fresh = SimulatedWorld(pms=world.pms, esb=WatermarkEsb())
    return table, table_of(publish(hotel, fresh, Asked(full=True)))


def compare(table: Table, full: Table) -> Comparison:
    found = Comparison(
        missing=sorted(full.keys() - table.keys()), left_over=sorted(table.keys() - full.keys())
    )
    for key in full.keys() & table.keys():
        fields = {name for name in full[key] if full[key][name] != table[key][name]} - {"recordDate"}
        if fields <= INVOICED and fields:
            found.other_postings.append(key)
        found.other += [(*key, name) for name in sorted(fields - INVOICED)]
    return found


def rows_of(hotel: PmsHotel, now: datetime, kind: str) -> list[dict[str, Any]]:
    """Everything that the PMS has at `now`, read without the connector."""
    everything = PageRequest(update_from=datetime(1900, 1, 1))
    rows: list[dict[str, Any]] = []
    while True:
        request = replace(everything, start=len(rows))
        answer = hotel.reservations(now, request) if kind == "rows" else hotel.revenue(now, request, ROOM)
        page = answer if isinstance(answer, list) else next(iter(answer.values()))
        if not page:
            return rows
        rows += page


def guest_of(row: dict[str, Any]) -> tuple[str, str]:
    return str(row["ResId"]), str(row["GlobalResGuestId"])


@pytest.mark.parametrize("order", ["id", "last_update", "newest"])
@pytest.mark.parametrize(
    ("number", "left_over", "later_postings"), [(0, 67, 3), (1, 39, 19), (2, 37, 1)], ids=["1", "2", "3"]
)
def test_sixty_increments_equal_one_full_import(
    number: int, left_over: int, later_postings: int, order: Order
) -> None:
    hotel = synthetic_hotels(3, seed=5, bookings=300, order=order)[number]
    table, full = day_by_day(hotel, START)
    found = compare(table, full)
    assert found.other == []
    assert found.missing == []
    assert len(found.left_over) == left_over
    assert len(found.other_postings) == later_postings
    assert_no_longer_booked(found.left_over, full)
    assert_posted_after_the_last_change(found.other_postings, full, hotel, START + timedelta(days=DAYS))


def test_the_resort_in_summer_2016() -> None:
    start = datetime(2016, 6, 15, 10)
    hotel = recorded_hotel(bookings_file(), hotel_name="Resort Hotel")
    table, full = day_by_day(hotel, start)
    found = compare(table, full)
    assert (found.other, found.missing) == ([], [])
    # Guests who are still in house: their nights are posted, their bookings change when they leave.
    assert (len(found.left_over), len(found.other_postings)) == (0, 677)
    assert_posted_after_the_last_change(found.other_postings, full, hotel, start + timedelta(days=DAYS))


def assert_no_longer_booked(left_over: list[tuple[str, str]], full: Table) -> None:
    """Each of them belongs to a row that is still there and has other nights now."""
    still_there = {external_id for external_id, _ in full}
    assert {external_id for external_id, _ in left_over} <= still_there


def assert_posted_after_the_last_change(
    nights: list[tuple[str, str]], full: Table, hotel: PmsHotel, now: datetime
) -> None:
    """Each of them has a posting that is newer than the row's own last change."""
    changed = {guest_of(row): row["LastUpdate"] for row in rows_of(hotel, now, "rows")}
    posted: dict[tuple[str, str, str], str] = {}
    for row in rows_of(hotel, now, "postings"):
        posted[*guest_of(row), row["HotelDate"][:10]] = row["LastUpdate"]
    for external_id, night in nights:
        guest = unescaped(external_id)
        assert posted[*guest, night] > changed[guest]
        assert full[external_id, night]["status"] != 0


def unescaped(external_id: str) -> tuple[str, str]:
    """The booking row and guest in an external id (R14)."""
    _, res_id, guest_id, _ = (part.replace("%2D", "-").replace("%25", "%") for part in external_id.split("-"))
    return res_id, guest_id
