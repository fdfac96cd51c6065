"""A simulated hotel's published totals, against totals that were counted by another road."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from booking_totals import Totals, totals_of_bookings, totals_of_lines
from fake_pms import POLICY
from resort import bookings_file
from simulated_pms import SimulatedPms, SimulatedWorld

from host_pms.services.policy import Policy
from host_pms.services.sync import Published
from host_pms.services.temporary import IN_MEMORY, Temporary
from host_pms.simulator.clock import START, HotelClock
from host_pms.simulator.hotels import synthetic_hotels
from host_pms.simulator.pms import PmsHotel
from host_pms.simulator.recorded_hotel import recorded_hotel

CHECKED_OUT = 2

Nights = Sequence[dict[str, Any]]


def import_of(hotel: PmsHotel, now: datetime, policy: Policy = POLICY) -> tuple[Published, Nights]:
    world = SimulatedWorld(pms=SimulatedPms({hotel.code: hotel}, HotelClock(now)))
    published = world.sync(policy=policy, hotel_code=hotel.code)
    decoder = msgspec.json.Decoder(list[dict[str, Any]], float_hook=Decimal)
    bodies = [body for (bucket, _), body in world.store.objects.items() if bucket == "out-reservations"]
    return published, [night for body in bodies for night in decoder.decode(body)]


def assert_totals(published: Published, nights: Nights, expected: Totals) -> None:
    assert published.counts["rejectedReservations"] == 0
    checked_out = [night for night in nights if night["status"] == CHECKED_OUT]
    assert sum(night["rooms"] for night in checked_out) == expected.room_nights
    assert sum((night["revenueRoom"] for night in checked_out), Decimal()) == expected.revenue_room
    rooms_on: Counter[date] = Counter()
    for night in checked_out:
        rooms_on[date.fromisoformat(night["calendarDate"])] += night["rooms"]
    assert +rooms_on == +Counter(expected.rooms_on)


@pytest.mark.parametrize("in_memory", [IN_MEMORY, 10])
@pytest.mark.parametrize("days", [0, 40])
@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_a_synthetic_hotels_import_has_its_bookings_totals(number: int, days: int, in_memory: int) -> None:
    hotel = synthetic_hotels(4, seed=11, bookings=400)[number]
    now = START + timedelta(days=days)
    policy = replace(POLICY, temporary=Temporary(in_memory=in_memory))
    assert_totals(*import_of(hotel, now, policy), totals_of_bookings(hotel.bookings, now))


def test_the_resorts_whole_history_as_one_first_import() -> None:
    """More than is held in memory."""
    file, now = bookings_file(), datetime(2017, 9, 15, 10)
    published, nights = import_of(recorded_hotel(file, hotel_name="Resort Hotel"), now)
    expected = totals_of_lines(file, now)
    assert_totals(published, nights, expected)
    counts = published.counts
    assert counts["reservationRows"] == 40_060
    assert counts["nights"] > IN_MEMORY
    statuses = [counts[f"status.{name}"] for name in ("checked_out", "cancelled", "no_show")]
    assert statuses == [expected.by_status[host_status] for host_status in (20, 6, 7)]
    assert statuses == [28_938, 10_831, 291]
    checked_out = [night for night in nights if night["status"] == CHECKED_OUT]
    assert sum(night["rooms"] for night in checked_out) == 119_887
    assert sum(night["revenueRoom"] for night in checked_out) == Decimal("11601850.23")
    assert sum(night["rooms"] for night in nights if night["calendarDate"] == "2016-03-25") == 187
