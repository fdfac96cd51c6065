"""How runs end, as the platform is told of them."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from fake_pms import HOTEL, POLICY, World
from fakes import MemoryStore

from host_pms.errors import (
    AccessDeniedError,
    BusyError,
    ConnectorError,
    NeedsPersonError,
    RateLimitedError,
    StoppedError,
    TransientError,
    UsageError,
)
from host_pms.lambda_answer import (
    LARGEST_ANSWER,
    MOST_LISTED,
    HotelFailedError,
    HotelsFailedError,
    NoProgressError,
    answer_for_all,
    answer_for_one,
    answer_with_list,
    size_of,
)
from host_pms.lambda_event import OneHotel
from host_pms.services.fleet import HotelResult, outcome_of, sync_fleet
from host_pms.services.window import Asked

NOW = datetime(2024, 1, 15, 10, 30, 45, tzinfo=UTC)
LEASE = timedelta(seconds=120)
THIRD = OneHotel(hotel_code=HOTEL, hop=3)

STOPPED = StoppedError("Stopped.")
DOWN = TransientError("Host is down.")
WAIT = RateLimitedError("Wait.", not_before=datetime(2024, 1, 15, 11, tzinfo=UTC))
BUSY = BusyError("Another worker.")
DENIED = AccessDeniedError("The key.")


def failed(error: Exception, *, progressed: bool = False, hotel_code: str = HOTEL) -> HotelResult:
    return HotelResult(hotel_code=hotel_code, outcome=outcome_of(error), error=error, progressed=progressed)


def done(hotel_code: str = HOTEL) -> HotelResult:
    world = World()
    (result,) = sync_fleet([HOTEL], Asked(), POLICY, world.neighbours(), at_once=1)
    assert result.published is not None
    return replace(result, hotel_code=hotel_code)


def answered(result: HotelResult) -> dict[str, Any]:
    return answer_for_one(result, THIRD, now=NOW, lease=LEASE)


def test_a_hotel_that_is_done() -> None:
    assert answered(done()) == {
        "hotelCode": HOTEL,
        "status": "done",
        "hop": 3,
        "timestamp": "20240115T103045Z",
        "reservationRows": 0,
        "postings": 0,
        "nights": 0,
        "files": 3,
    }


@pytest.mark.parametrize(
    ("error", "progressed", "status", "hop", "not_before"),
    [
        (STOPPED, True, "continue", 4, "2024-01-15T10:30:45Z"),
        (DOWN, True, "continue", 4, "2024-01-15T10:30:45Z"),
        (WAIT, True, "continue", 4, "2024-01-15T11:00:00Z"),
        (WAIT, False, "continue", 4, "2024-01-15T11:00:00Z"),
        (BUSY, False, "busy", 4, "2024-01-15T10:32:45Z"),
        (BUSY, True, "busy", 4, "2024-01-15T10:32:45Z"),
        (DENIED, False, "failed", 3, None),
        (NeedsPersonError("Too many rows."), True, "failed", 3, None),
    ],
    ids=str,
)
def test_a_hotel_that_is_not(
    error: ConnectorError, progressed: bool, status: str, hop: int, not_before: str | None
) -> None:
    wait = {} if not_before is None else {"notBefore": not_before}
    assert answered(failed(error, progressed=progressed)) == {
        "hotelCode": HOTEL,
        "status": status,
        "hop": hop,
        "reason": str(error),
        **wait,
    }


@pytest.mark.parametrize(
    ("error", "hop", "status", "next_hop"),
    [
        # The run that an earlier call left open is published; the newer one is for the next schedule.
        (STOPPED, 3, "done", 3),
        (WAIT, 3, "done", 3),
        # In the first call the run that was open is another schedule's.
        (STOPPED, 0, "continue", 1),
        (WAIT, 0, "continue", 1),
        # What is down is not done.
        (DOWN, 3, "continue", 4),
    ],
    ids=str,
)
def test_a_hotel_is_done_with_the_run_that_it_was_to_go_on_with(
    error: ConnectorError, hop: int, status: str, next_hop: int
) -> None:
    result = replace(failed(error, progressed=True), finished=True)
    answer = answer_for_one(result, OneHotel(hotel_code=HOTEL, hop=hop), now=NOW, lease=LEASE)
    assert (answer["status"], answer["hop"]) == (status, next_hop)
    assert ("notBefore" in answer) == (status == "continue")


@pytest.mark.parametrize(
    ("error", "progressed", "raised", "text"),
    [
        (STOPPED, False, NoProgressError, f"Hotel {HOTEL} made no progress in hop 3: Stopped."),
        (DOWN, False, NoProgressError, f"Hotel {HOTEL} made no progress in hop 3: Host is down."),
        (UsageError("No such hotel."), False, UsageError, "No such hotel."),
        (ConnectorError("Never to be seen."), True, ConnectorError, "Never to be seen."),
        (
            ValueError("Ana Exemplo, ana@example.org"),
            True,
            HotelFailedError,
            f"Hotel {HOTEL} failed in hop 3: A bug: ValueError. DEBUG=True shows where.",
        ),
    ],
    ids=str,
)
def test_what_the_platform_is_to_try_again_is_raised(
    error: Exception, progressed: bool, raised: type[Exception], text: str
) -> None:
    with pytest.raises(raised) as caught:
        answered(failed(error, progressed=progressed))
    assert type(caught.value) is raised
    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("moment", "written"),
    [
        (datetime(2024, 1, 15, 11, 0, 0, 1, tzinfo=UTC), "2024-01-15T11:00:01Z"),
        (datetime(2024, 1, 15, 11, 59, 59, 999_999, tzinfo=UTC), "2024-01-15T12:00:00Z"),
        (datetime(2024, 1, 15, 13, tzinfo=timezone(timedelta(hours=2))), "2024-01-15T11:00:00Z"),
    ],
)
def test_a_wait_ends_never_too_early(moment: datetime, written: str) -> None:
    answer = answered(failed(RateLimitedError("Wait.", not_before=moment)))
    assert answer["notBefore"] == written


def statuses(answer: dict[str, Any]) -> list[tuple[str, str]]:
    return [(hotel["hotelCode"], hotel["status"]) for hotel in answer["hotels"]]


def test_all_hotels_failed_ones_first() -> None:
    results = [done("A"), failed(BUSY, hotel_code="B"), failed(DENIED, hotel_code="C"), done("D")]
    answer = answer_for_all(results, now=NOW)
    assert statuses(answer) == [("C", "failed"), ("B", "busy"), ("A", "done"), ("D", "done")]
    del answer["hotels"]
    assert answer == {
        "status": "some failed",
        "count": 4,
        "done": 2,
        "busy": 1,
        "failed": 1,
        "left": 0,
        "notListed": 0,
    }


@pytest.mark.parametrize(
    ("results", "status", "left"),
    [
        ([], "done", 0),
        ([done("A")], "done", 0),
        ([failed(BUSY)], "busy", 0),
        ([done("A"), failed(BUSY)], "done", 0),
        ([done("A"), failed(DOWN)], "some failed", 0),
        ([done("A"), failed(STOPPED), failed(STOPPED)], "continue", 2),
        ([done("A"), failed(DENIED), failed(WAIT)], "continue", 1),
        ([failed(DENIED), failed(STOPPED, progressed=True), failed(STOPPED)], "continue", 2),
    ],
    ids=str,
)
def test_what_all_hotels_come_to(results: Sequence[HotelResult], status: str, left: int) -> None:
    answer = answer_for_all(results, now=NOW)
    assert (answer["status"], answer["left"]) == (status, left)
    assert ("notBefore" in answer) == (status == "continue")


def test_it_can_go_on_when_the_first_of_the_hotels_can() -> None:
    waits = [
        failed(RateLimitedError("Wait.", not_before=NOW + timedelta(hours=hours)), progressed=True)
        for hours in (3, 1, 2)
    ]
    assert answer_for_all(waits, now=NOW)["notBefore"] == "2024-01-15T11:30:45Z"


@pytest.mark.parametrize(
    "errors",
    [[STOPPED], [STOPPED, STOPPED], [DOWN, BUSY], [DENIED, STOPPED], [WAIT, WAIT], [ValueError(), BUSY]],
    ids=str,
)
def test_where_no_hotel_was_done_it_raises(errors: Sequence[Exception]) -> None:
    with pytest.raises(HotelsFailedError, match=f"^None of {len(errors)} hotels was synced. {HOTEL}: "):
        answer_for_all([failed(error) for error in errors], now=NOW)


def test_an_answer_is_never_too_large() -> None:
    wordy = NeedsPersonError("ü" * 100_000)
    hotels = 3000
    results = [done("A")] * 2000 + [failed(wordy, hotel_code=f"H{number}") for number in range(1000)]
    answer = answer_for_all(results, now=NOW)
    listed = len(answer["hotels"])
    assert 0.95 * LARGEST_ANSWER < size_of(answer) <= LARGEST_ANSWER
    assert len(json.dumps(answer, ensure_ascii=False).encode()) <= LARGEST_ANSWER
    assert (answer["count"], answer["notListed"]) == (hotels, hotels - listed)
    assert statuses(answer) == [(f"H{number}", "failed") for number in range(listed)]
    with pytest.raises(HotelsFailedError) as raised:
        answer_for_all(results[2000:], now=NOW)
    assert len(str(raised.value)) < 10_000


def test_an_answer_holds_as_many_hotels_as_it_can() -> None:
    results = [done("A"), *[failed(BUSY, hotel_code=f"H{number:05}") for number in range(10_000)]]
    answer = answer_for_all(results, now=NOW)
    one = size_of(answer["hotels"][0]) + len(", ")
    assert LARGEST_ANSWER - one < size_of(answer) <= LARGEST_ANSWER
    assert answer["notListed"] == 10_001 - len(answer["hotels"]) > 0


def test_the_hotels_are_listed() -> None:
    store = MemoryStore()
    answer = answer_with_list(["A", "B"], store, "raw-hotel-configs", now=NOW)
    assert answer == {"hotels": [{"hotelCode": "A"}, {"hotelCode": "B"}], "count": 2}
    assert store.objects == {}


def test_as_many_as_may_be_are_listed_in_the_answer() -> None:
    codes = [f"{number:032}" for number in range(MOST_LISTED)]
    answer = answer_with_list(codes, MemoryStore(), "raw-hotel-configs", now=NOW)
    assert [hotel["hotelCode"] for hotel in answer["hotels"]] == codes
    assert size_of(answer) <= LARGEST_ANSWER


@pytest.mark.parametrize(
    "codes",
    [[str(number) for number in range(MOST_LISTED + 1)], ["A", "x" * LARGEST_ANSWER]],
    ids=["too many", "too long"],
)
def test_a_longer_list_is_kept(codes: list[str]) -> None:
    store = MemoryStore()
    answer = answer_with_list(codes, store, "raw-hotel-configs", now=NOW)
    place = ("raw-hotel-configs", "_fleet/20240115T103045Z.json")
    assert answer == {"bucket": place[0], "key": place[1], "count": len(codes)}
    assert json.loads(store.objects[place]) == [{"hotelCode": code} for code in codes]
