"""Many hotels: what they come to together, and that one's failure is its own."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Barrier

import pytest
from fake_pms import HOTEL, POLICY, FakeEsb, World

from host_pms.errors import (
    AccessDeniedError,
    ConnectorError,
    DivergentObjectError,
    NeedsPersonError,
    RateLimitedError,
    StoppedError,
    TransientError,
    UsageError,
)
from host_pms.events import EventName
from host_pms.ports import ImportParameters
from host_pms.services.fleet import (
    HotelResult,
    Outcome,
    chosen_hotels,
    exit_code,
    outcome_of,
    sync_fleet,
)
from host_pms.services.window import Asked

DONE, BUG, USAGE, TRANSIENT, BUSY, PERSON = Outcome
SOME = 3


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        ([], 0),
        # A single hotel's own.
        ([DONE], 0),
        ([BUG], 1),
        ([USAGE], 2),
        ([TRANSIENT], 4),
        ([BUSY], 5),
        ([PERSON], 6),
        # Busy ones are left out first; none left: 5.
        ([BUSY, BUSY], 5),
        ([BUSY, DONE], 0),
        ([BUSY, TRANSIENT], 4),
        ([BUSY, PERSON], 6),
        ([BUSY, BUG], 1),
        ([BUSY, DONE, TRANSIENT], SOME),
        # All others well: 0; some well: 3.
        ([DONE, DONE], 0),
        ([DONE, TRANSIENT], SOME),
        ([PERSON, DONE], SOME),
        ([BUG, DONE], SOME),
        ([USAGE, DONE], SOME),
        # None: 6 if any needs a person, else 4. A bug is 1.
        ([TRANSIENT, TRANSIENT], 4),
        ([TRANSIENT, PERSON], 6),
        ([PERSON, PERSON], 6),
        ([BUG, PERSON], 6),
        ([BUG, TRANSIENT], 1),
        ([BUG, BUG], 1),
        ([USAGE, USAGE], 4),
    ],
    ids=str,
)
def test_the_exit_code_of_several_hotels(outcomes: list[Outcome], code: int) -> None:
    assert exit_code(outcomes) == code
    assert exit_code(outcomes[::-1]) == code


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (UsageError("?"), USAGE),
        (TransientError("?"), TRANSIENT),
        (RateLimitedError("?", not_before=datetime(2024, 1, 15, tzinfo=UTC)), TRANSIENT),
        (StoppedError("?"), TRANSIENT),
        (NeedsPersonError("?"), PERSON),
        (AccessDeniedError("?"), PERSON),
        (DivergentObjectError("?"), PERSON),
        (ConnectorError("?"), BUG),
        (ValueError("?"), BUG),
        (RecursionError(), BUG),
    ],
    ids=lambda value: type(value).__name__,
)
def test_how_a_run_ends_with_an_error(error: Exception, outcome: Outcome) -> None:
    assert outcome_of(error) is outcome


@dataclass
class Fleet(FakeEsb):
    """An ESB with three hotels; a hotel in `faults` has its error instead of parameters."""

    faults: dict[str, Exception] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def hotels(self) -> tuple[str, ...]:
        self.asked.append("hotels")
        return ("A", HOTEL, "Z")

    def parameters(self, hotel_code: str) -> ImportParameters:
        self.asked.append(hotel_code)
        if hotel_code in self.faults:
            raise self.faults[hotel_code]
        return super().parameters(hotel_code)


def synced(world: World, hotel_codes: list[str], *, at_once: int = 3) -> list[HotelResult]:
    return sync_fleet(hotel_codes, Asked(), POLICY, world.neighbours(), at_once=at_once)


def test_a_failure_stops_no_other_hotel_and_results_keep_their_order() -> None:
    guest = "Ana Exemplo, ana@example.org"
    world = World(esb=Fleet(faults={"A": TransientError("Down."), "Z": ValueError(guest)}))
    results = synced(world, ["Z", HOTEL, "A"])
    assert [(result.hotel_code, result.outcome) for result in results] == [
        ("Z", BUG),
        (HOTEL, DONE),
        ("A", TRANSIENT),
    ]
    assert [result.reason for result in results] == [
        "A bug: ValueError. DEBUG=True shows where.",
        "",
        "Down.",
    ]
    ends = [event for event in world.events if event.name in {EventName.HOTEL_DONE, EventName.HOTEL_FAILED}]
    assert sorted((event.hotel_code or "", event.name.value) for event in ends) == [
        ("A", "hotel_failed"),
        (HOTEL, "hotel_done"),
        ("Z", "hotel_failed"),
    ]
    assert not [event for event in world.events if guest in event.message]


@pytest.mark.parametrize("at_once", [2, 3])
def test_so_many_hotels_run_side_by_side(at_once: int) -> None:
    together = Barrier(at_once)

    @dataclass
    class Meeting(Fleet):
        def parameters(self, hotel_code: str) -> ImportParameters:
            together.wait(timeout=30)
            raise TransientError(f"{hotel_code} met the others.")

    codes = [f"H{number}" for number in range(2 * at_once)]
    results = synced(World(esb=Meeting()), codes, at_once=at_once)
    assert [result.reason for result in results] == [f"{code} met the others." for code in codes]


@pytest.mark.parametrize("code", ["../x", "", "a b", "-a", "ä", "x" * 33, "a/b", "a\n"])
def test_a_code_from_the_esb_that_is_none_fails_that_hotel_alone(code: str) -> None:
    world = World(esb=(esb := Fleet()))
    bad, good = synced(world, [code, HOTEL])
    assert (bad.outcome, good.outcome) == (USAGE, DONE)
    assert "is no hotel code" in bad.reason
    assert esb.asked == [HOTEL, HOTEL]


@pytest.mark.parametrize(
    ("asked_for", "chosen"),
    [
        ([], ("A", HOTEL, "Z")),
        (["Z"], ("Z",)),
        (["Z", "A", "Z"], ("Z", "A")),
    ],
)
def test_the_hotels_that_are_chosen(asked_for: list[str], chosen: tuple[str, ...]) -> None:
    assert chosen_hotels(asked_for, Fleet()) == chosen


@pytest.mark.parametrize(
    ("asked_for", "says", "calls"),
    [
        (["A", "NOWHERE", "NOR"], "no active hotel NOWHERE, NOR", ["hotels"]),
        (["A", "../x"], "'../x' is no hotel code", []),
        ([""], "'' is no hotel code", []),
    ],
)
def test_the_hotels_that_are_refused(asked_for: list[str], says: str, calls: list[str]) -> None:
    esb = Fleet()
    with pytest.raises(UsageError, match=says):
        chosen_hotels(asked_for, esb)
    assert esb.asked == calls
