"""Faults: how they are written, and which calls they befall."""

import pytest

from host_pms.simulator.fault_kinds import KINDS
from host_pms.simulator.faults import Faults, FaultSpecError, When, parse_fault
from host_pms.simulator.server import Simulator


@pytest.mark.parametrize(
    ("spec", "when"),
    [
        ("empty", When()),
        ("empty@call=7", When(first=7, last=7)),
        ("empty@call=5-9", When(first=5, last=9)),
        ("empty@call=5-", When(first=5)),
        ("empty@path=Reservation,p=0.1", When(path="Reservation", share=0.1)),
        ("empty@hotel=HOTEL002,call=1", When(hotel="HOTEL002", first=1, last=1)),
    ],
)
def test_when_a_fault_befalls_a_call(spec: str, when: When) -> None:
    assert parse_fault(spec).when == when


@pytest.mark.parametrize("name", KINDS)
def test_every_example_of_a_kind_is_understood(name: str) -> None:
    examples = [word.strip(",") for word in KINDS[name].written.split() if word.startswith(name)]
    assert examples
    assert all(parse_fault(f"{example}@call=1").spec for example in examples)


@pytest.mark.parametrize("form", ["", "/seconds", "/date", "/none", "/maximum"])
def test_a_throttle_has_its_forms(form: str) -> None:
    assert parse_fault(f"throttle=5s{form}").effect.seconds == 5  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "spec",
    [
        "", "503", "status", "status=", "status=abc", "status=200", "status=٥٠٣", "reset=1", "reset@",
        "reset@call", "reset@call=", "reset@call=0", "reset@call=9-5", "reset@call=x", "reset@call=1-2-3",
        "reset@p=0", "reset@p=1.5", "reset@p=nan", "reset@p=often", "reset@day=1", "reset@call=1,", "delay",
        "delay=2", "delay=-2s", "throttle=5s/loud", "quota=1h", "quota=01:23", "bad-gzip=long", "page-cap=0",
        "page-cap=-5", "total-rows", "total-rows=many", "total-rows=+", "clock-skew=--5m", "clock-skew",
        "hotel-code", "shifted-page", "drip=fast", "duplicate-page=2",
    ],
)  # fmt: skip
def test_a_fault_that_is_not_understood_is_told_in_one_line(spec: str) -> None:
    with pytest.raises(FaultSpecError, match=r"is no fault: ") as error:
        parse_fault(spec)
    assert "\n" not in str(error.value)


def test_an_unknown_kind_is_told_the_known_ones() -> None:
    with pytest.raises(FaultSpecError) as error:
        parse_fault("explode=1@call=2")
    assert all(name in str(error.value) for name in KINDS)


def test_a_simulator_refuses_a_fault_that_is_not_understood() -> None:
    with pytest.raises(FaultSpecError):
        Simulator(hotels=1, bookings=1, faults=["explode"])


def befallen(faults: Faults, calls: int, path: str = "/rms-v2/ExternalRms/Config") -> list[int]:
    return [number for number in range(1, calls + 1) if faults.befalling(path, "HOTEL001")]


def test_calls_are_counted_from_one_for_every_fault() -> None:
    assert befallen(Faults(["empty@call=3"]), 9) == [3]
    assert befallen(Faults(["empty@call=3-5"]), 9) == [3, 4, 5]
    assert befallen(Faults(["empty@call=3-"]), 6) == [3, 4, 5, 6]
    assert befallen(Faults(["empty"]), 3) == [1, 2, 3]


def test_only_calls_that_path_and_hotel_let_through_are_counted() -> None:
    faults = Faults(["empty@path=Revenue,hotel=HOTEL002,call=2"])
    calls = [("/Revenue", "HOTEL002"), ("/Config", "HOTEL002"), ("/Revenue", "HOTEL001"), ("/Revenue", None)]
    assert [bool(faults.befalling(*call)) for call in [*calls, ("/Revenue", "HOTEL002")]] == [
        False, False, False, False, True,
    ]  # fmt: skip


def test_a_share_is_drawn_from_the_seed() -> None:
    drawn = befallen(Faults(["empty@p=0.1"], seed=3), 1000)
    assert drawn == befallen(Faults(["empty@p=0.1"], seed=3), 1000)
    assert drawn != befallen(Faults(["empty@p=0.1"], seed=4), 1000)
    assert 60 < len(drawn) < 140
