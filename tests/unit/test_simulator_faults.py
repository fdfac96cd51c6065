"""Faults as they show in an answer, and while the simulator runs."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import httpx2
import pytest
from simulator_client import EVERYTHING, PLAIN, get, moment, rows_of

from host_pms.simulator.canned import CannedHotel
from host_pms.simulator.clock import START
from host_pms.simulator.faults import Fault, Happened
from host_pms.simulator.server import Simulator

CONFIG = "/ExternalRms/Config"
RESERVATION = "/ExternalRms/Reservation"
REVENUE = "/ExternalRms/Revenue"
WATERMARK = {"lastImportDate": "2024-01-15T10:30:45"}
REGISTRATION = {
    "hotelCode": "HOTEL002",
    "fileType": "config",
    "fileUrl": "s3://b/HOTEL002/config.json",
    "fileKey": "HOTEL002/config.json",
    "recordCount": 1,
    "complete": False,
    "recordDate": "2024-01-15T10:30:45Z",
}


@pytest.fixture(scope="module")
def running() -> Iterator[Simulator]:
    with Simulator(hotels=2, bookings=600) as simulator:
        yield simulator


@pytest.fixture
def simulator(running: Simulator) -> Simulator:
    running.faults.clear()
    running.faults.happened.clear()
    running.calls.clear()
    return running


def page(simulator: Simulator, path: str = RESERVATION, **query: Any) -> list[dict[str, Any]]:
    return rows_of(get(simulator, path, **({"updateFrom": EVERYTHING} | query)).json())


def numbers(rows: Sequence[dict[str, Any]]) -> tuple[int, int]:
    return rows[0]["RowNumber"], rows[-1]["RowNumber"]


def test_faults_come_and_go_while_it_runs(simulator: Simulator) -> None:
    assert get(simulator, CONFIG).status_code == 200
    fault = simulator.faults.add("status=503@call=2")
    assert isinstance(fault, Fault)
    assert [get(simulator, CONFIG).status_code for _ in range(3)] == [200, 503, 200]
    simulator.faults.add("status=500")
    again = simulator.faults.add("status=502")
    simulator.faults.remove(again)
    assert get(simulator, CONFIG).status_code == 500
    simulator.faults.clear()
    assert get(simulator, CONFIG).status_code == 200
    path = f"/rms-v2{CONFIG}"
    assert simulator.faults.happened == [
        Happened(spec="status=503@call=2", path=path),
        Happened(spec="status=500", path=path),
    ]
    assert [call.status for call in simulator.calls] == [200, 200, 503, 200, 500, 200]


def test_a_hotel_is_known_by_query_path_or_body(simulator: Simulator) -> None:
    simulator.faults.add("status=500@hotel=HOTEL002")
    key = {"X-API-Key": simulator.esb_key, "Idempotency-Key": "one"}

    def esb(method: str, path: str, body: Any) -> int:
        return httpx2.request(
            method, simulator.esb_url + path, json=body, headers=key, verify=PLAIN
        ).status_code

    assert [get(simulator, CONFIG, hotelCode=code).status_code for code in ("HOTEL001", "HOTEL002")] == [
        200, 500,
    ]  # fmt: skip
    assert esb("PUT", "/hotels/HOTEL001/import-dates", WATERMARK) == 204
    assert esb("PUT", "/hotels/HOTEL002/import-dates", WATERMARK) == 500
    assert esb("POST", "/files/register", REGISTRATION) == 500
    key["Idempotency-Key"] = "two"
    mine = {"hotelCode": "HOTEL001", "fileUrl": "s3://b/HOTEL001/c.json", "fileKey": "HOTEL001/c.json"}
    assert esb("POST", "/files/register", REGISTRATION | mine) == 201
    assert esb("POST", "/files/register", [1]) == 422
    assert esb("GET", "/hotels", None) == 200


def test_the_esb_has_faults_too(simulator: Simulator) -> None:
    simulator.faults.add("status=503@path=register,call=1")
    headers = {"X-API-Key": simulator.esb_key, "Idempotency-Key": "three"}
    url = f"{simulator.esb_url}/files/register"
    statuses = [
        httpx2.post(url, json=REGISTRATION, headers=headers, verify=PLAIN).status_code for _ in range(2)
    ]
    assert statuses == [503, 201]
    assert httpx2.get(f"{simulator.esb_url}/hotels", headers=headers, verify=PLAIN).status_code == 200


# --- answers given in place of the API's


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_what_lies_behind_the_gateway_fails_in_html(simulator: Simulator, status: int) -> None:
    simulator.faults.add(f"status={status}")
    answer = get(simulator, CONFIG)
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.text.startswith("<!DOCTYPE html>")


@pytest.mark.parametrize(("status", "text"), [(401, "Access denied"), (403, "Forbidden"), (404, "not found")])
def test_the_gateway_refuses_in_json(simulator: Simulator, status: int, text: str) -> None:
    simulator.faults.add(f"status={status}")
    answer = get(simulator, CONFIG)
    assert (answer.status_code, answer.json()["statusCode"]) == (status, status)
    assert text in answer.json()["message"]


def test_a_status_inside_a_200(simulator: Simulator) -> None:
    simulator.faults.add("inner-status=401")
    answer = get(simulator, CONFIG)
    assert (answer.status_code, answer.json()["statusCode"]) == (200, 401)


def test_html_or_nothing_in_a_200(simulator: Simulator) -> None:
    simulator.faults.add("html@call=1")
    simulator.faults.add("empty@call=2")
    html, empty = get(simulator, CONFIG), get(simulator, CONFIG)
    assert (html.status_code, html.text[:15]) == (200, "<!DOCTYPE html>")
    assert (empty.status_code, empty.content) == (200, b"")


def test_a_spent_quota_says_when_there_is_one_again(simulator: Simulator) -> None:
    simulator.faults.add("quota=01:23:45")
    answer = get(simulator, CONFIG)
    assert answer.status_code == 403
    assert answer.json() == {
        "statusCode": 403,
        "message": "Out of call volume quota. Quota will be replenished in 01:23:45.",
    }


@pytest.mark.parametrize(
    ("form", "header", "message"),
    [
        ("", "5", "Rate limit is exceeded. Try again in 5 seconds."),
        ("/date", "Sun, 09 Sep 2001 01:46:45 GMT", "Rate limit is exceeded. Try again in 5 seconds."),
        ("/none", None, "Rate limit is exceeded. Try again in 5 seconds."),
        ("/maximum", None, "maximum admitted 200 per Minute"),
    ],
)
def test_a_forced_throttle(form: str, header: str | None, message: str) -> None:
    with Simulator(hotels=1, bookings=1, faults=[f"throttle=5s{form}"], wall=lambda: 1e9) as simulator:
        answer = get(simulator, CONFIG)
    assert answer.status_code == 429
    assert answer.headers.get("Retry-After") == header
    assert answer.json() == {"statusCode": 429, "message": message}


def test_the_first_fault_that_replaces_the_answer_counts(simulator: Simulator) -> None:
    simulator.faults.add("status=502")
    simulator.faults.add("status=503")
    assert get(simulator, CONFIG).status_code == 502


# --- other pages


def test_an_earlier_page_is_answered_again(simulator: Simulator) -> None:
    simulator.faults.add("duplicate-page@call=3")
    asked = [page(simulator, start=start) for start in (0, 100, 200, 200)]
    assert [numbers(rows) for rows in asked] == [(1, 100), (101, 200), (101, 200), (201, 300)]
    assert asked[2] == asked[1]


@pytest.mark.parametrize(("by", "first"), [("20", 121), ("+20", 121), ("-20", 81), ("-500", 1)])
def test_a_page_is_shifted(simulator: Simulator, by: str, first: int) -> None:
    simulator.faults.add(f"shifted-page={by}")
    assert numbers(page(simulator, start=100)) == (first, first + 99)


def test_a_page_is_capped(simulator: Simulator) -> None:
    simulator.faults.add("page-cap=50@path=Reservation")
    assert numbers(page(simulator, start=100)) == (101, 150)
    assert numbers(page(simulator, start=100, limit=30)) == (101, 130)
    assert numbers(page(simulator, REVENUE, start=100)) == (101, 200)


def test_a_page_that_is_wrongly_asked_for_stays_refused(simulator: Simulator) -> None:
    simulator.faults.add("shifted-page=20")
    assert get(simulator, RESERVATION, updateFrom=EVERYTHING, start="x").status_code == 400
    assert get(simulator, RESERVATION, updateFrom="never").status_code == 400


# --- wrong fields


@pytest.mark.parametrize("path", [RESERVATION, REVENUE])
@pytest.mark.parametrize("hotel", ["HOTEL001", "HOTEL002"])
def test_total_rows_lies_or_is_left_out(simulator: Simulator, path: str, hotel: str) -> None:
    (true,) = {row["TotalRows"] for row in page(simulator, path, hotelCode=hotel)}
    for spec, told in [("+100", true + 100), ("-10", true - 10), ("40", 40)]:
        fault = simulator.faults.add(f"total-rows={spec}")
        assert {row["TotalRows"] for row in page(simulator, path, hotelCode=hotel)} == {told}
        simulator.faults.remove(fault)
    simulator.faults.add("no-total-rows")
    assert not any("TotalRows" in row for row in page(simulator, path, hotelCode=hotel))


def test_rows_that_are_no_objects_have_no_total() -> None:
    hotel = CannedHotel(code="HOTEL001", config={}, reservations=["odd", {}], revenue=[], inventory=[])
    with Simulator(hotels=[hotel], faults=["total-rows=9"]) as simulator:
        assert page(simulator) == ["odd", {"RowNumber": 2, "TotalRows": 9}]


@pytest.mark.parametrize(("by", "minutes"), [("10m", 10), ("-10m", -10), ("2d", 2880)])
def test_the_hotels_clock_is_off(simulator: Simulator, by: str, minutes: int) -> None:
    simulator.faults.add(f"clock-skew={by}")
    info = get(simulator, CONFIG).json()["HotelInfo"]
    assert moment(info["LocalTime"]) == START + timedelta(minutes=minutes)
    assert datetime.fromisoformat(info["HotelDate"]).date() == START.date()


def test_another_hotels_configuration(simulator: Simulator) -> None:
    simulator.faults.add("hotel-code=OTHER")
    assert get(simulator, CONFIG).json()["HotelInfo"]["HotelCode"] == "OTHER"


def test_what_is_not_there_cannot_be_off() -> None:
    hotel = CannedHotel(code="HOTEL001", config={"HotelInfo": {}}, reservations=[], revenue=[], inventory=[])
    with Simulator(hotels=[hotel], faults=["clock-skew=1d", "hotel-code=OTHER"]) as simulator:
        assert get(simulator, CONFIG).json() == {"HotelInfo": {}}


def test_faults_of_lists_and_of_the_configuration_count_only_such_calls(simulator: Simulator) -> None:
    simulator.faults.add("no-total-rows@call=1")
    simulator.faults.add("hotel-code=OTHER@call=2")
    get(simulator, CONFIG)
    assert not any("TotalRows" in row for row in page(simulator))
    assert get(simulator, CONFIG).json()["HotelInfo"]["HotelCode"] == "OTHER"


def test_faults_add_up(simulator: Simulator) -> None:
    for spec in ("shifted-page=20", "page-cap=10", "total-rows=+1", "total-rows=+1"):
        simulator.faults.add(spec)
    rows = page(simulator)
    simulator.faults.clear()
    assert numbers(rows) == (21, 30)
    assert rows[0]["TotalRows"] == page(simulator)[0]["TotalRows"] + 2


def test_a_refusal_is_passed_on_as_it_is(simulator: Simulator) -> None:
    simulator.faults.add("hotel-code=OTHER")
    assert get(simulator, CONFIG, key="wrong").status_code == 401
