"""The simulated ESB: what it accepts, refuses and remembers."""

import hashlib
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from simulator_client import PLAIN

from host_pms.simulator.server import Simulator

KEY = "HOTEL001/reservation-20240115T103045Z.json"
FILE = {
    "hotelCode": "HOTEL001",
    "fileType": "reservation",
    "fileUrl": f"s3://prod-pms-reservations/{KEY}",
    "fileKey": KEY,
    "recordCount": 1234,
    "complete": False,
    "recordDate": "2024-01-15T10:30:45Z",
}
WATERMARK = {"lastImportDate": "2024-01-15T10:30:45"}


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(bookings=1) as running:
        yield running


@pytest.fixture(scope="module")
def refusing() -> Iterator[Simulator]:
    """For calls that change nothing."""
    with Simulator(bookings=1) as running:
        yield running
        assert (running.esb.registrations, running.esb.watermarks) == ([], {})


def call(
    simulator: Simulator,
    method: str,
    path: str,
    body: Any = None,
    *,
    name: str = "one",
    key: str | None = None,
) -> httpx2.Response:
    headers = {
        "X-API-Key": simulator.esb_key if key is None else key,
        "Idempotency-Key": hashlib.sha256(name.encode()).hexdigest(),
    }
    return httpx2.request(method, simulator.esb_url + path, json=body, headers=headers, verify=PLAIN)


def test_the_list_of_hotels_has_an_inactive_one(refusing: Simulator) -> None:
    hotels = call(refusing, "GET", "/hotels").json()["hotels"]
    assert {hotel["code"]: hotel["active"] for hotel in hotels} == {
        "HOTEL000": False,
        "HOTEL001": True,
        "HOTEL002": True,
        "HOTEL003": True,
    }


def test_before_a_first_import_there_is_no_watermark(refusing: Simulator) -> None:
    assert call(refusing, "GET", "/hotels/HOTEL001/parameters").json() == {"lastImportDate": None}


def test_a_watermark_is_remembered_by_hotel(simulator: Simulator) -> None:
    assert call(simulator, "PUT", "/hotels/HOTEL001/import-dates", WATERMARK).status_code == 204
    assert call(simulator, "PUT", "/hotels/HOTEL001/import-dates", WATERMARK).status_code == 204
    assert call(simulator, "GET", "/hotels/HOTEL001/parameters").json() == WATERMARK
    assert call(simulator, "GET", "/hotels/HOTEL002/parameters").json() == {"lastImportDate": None}
    assert simulator.esb.watermarks == {"HOTEL001": "2024-01-15T10:30:45"}


def test_a_test_may_set_watermarks_and_limits(simulator: Simulator) -> None:
    simulator.esb.watermarks["HOTEL002"] = "2024-01-01T00:00:00"
    simulator.esb.limits["HOTEL002"] = {"minImportDate": "2023-06-01", "maxImportDate": None}
    assert call(simulator, "GET", "/hotels/HOTEL002/parameters").json() == {
        "lastImportDate": "2024-01-01T00:00:00",
        "minImportDate": "2023-06-01",
        "maxImportDate": None,
    }


def test_a_file_is_registered_once(simulator: Simulator) -> None:
    assert call(simulator, "POST", "/files/register", FILE).status_code == 201
    assert call(simulator, "POST", "/files/register", FILE).status_code == 409
    changed = FILE | {"recordCount": 1}
    assert call(simulator, "POST", "/files/register", changed, name="two").status_code == 409
    assert [registration.body for registration in simulator.esb.registrations] == [FILE]


def test_an_idempotency_key_belongs_to_one_body(simulator: Simulator) -> None:
    other = FILE | {"fileKey": "HOTEL001/b.json", "fileUrl": "s3://prod-pms-reservations/HOTEL001/b.json"}
    assert call(simulator, "POST", "/files/register", FILE).status_code == 201
    assert call(simulator, "POST", "/files/register", other).status_code == 422
    assert call(simulator, "POST", "/files/register", other, name="two").status_code == 201


def test_the_memory_can_be_read_over_http(simulator: Simulator) -> None:
    call(simulator, "POST", "/files/register", FILE)
    call(simulator, "PUT", "/hotels/HOTEL003/import-dates", WATERMARK, name="two")
    idempotency_key = hashlib.sha256(b"one").hexdigest()
    assert httpx2.get(f"{simulator.url}/simulator/esb", verify=PLAIN).json() == {
        "registrations": [FILE | {"idempotencyKey": idempotency_key}],
        "watermarks": {"HOTEL003": "2024-01-15T10:30:45"},
    }


CALLS = [
    ("GET", "/hotels", None),
    ("GET", "/hotels/HOTEL001/parameters", None),
    ("PUT", "/hotels/HOTEL001/import-dates", WATERMARK),
    ("POST", "/files/register", FILE),
]


@pytest.mark.parametrize(("method", "path", "body"), CALLS)
def test_a_wrong_key_is_refused(refusing: Simulator, method: str, path: str, body: Any) -> None:
    assert call(refusing, method, path, body, key="wrong").status_code == 401
    assert httpx2.request(method, refusing.esb_url + path, json=body, verify=PLAIN).status_code == 401


@pytest.mark.parametrize(("method", "path", "body"), CALLS[2:])
def test_an_effect_needs_an_idempotency_key(
    refusing: Simulator, method: str, path: str, body: dict[str, Any]
) -> None:
    for headers in ({}, {"Idempotency-Key": ""}, {"Idempotency-Key": "x" * 256}, {"Idempotency-Key": "a b"}):
        headers |= {"X-API-Key": refusing.esb_key}
        answer = httpx2.request(method, refusing.esb_url + path, json=body, headers=headers, verify=PLAIN)
        assert answer.status_code == 400


def test_an_unknown_hotel_is_not_found(refusing: Simulator) -> None:
    key = "HOTEL9/a.json"
    elsewhere = FILE | {"hotelCode": "HOTEL9", "fileKey": key, "fileUrl": f"s3://b/{key}"}
    assert call(refusing, "GET", "/hotels/HOTEL9/parameters").status_code == 404
    assert call(refusing, "PUT", "/hotels/HOTEL9/import-dates", WATERMARK).status_code == 404
    assert call(refusing, "POST", "/files/register", elsewhere).status_code == 404


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000])
@pytest.mark.parametrize(("method", "path"), [(method, path) for method, path, _ in CALLS[2:]])
def test_a_body_that_is_no_json_is_a_bad_request(
    refusing: Simulator, method: str, path: str, body: bytes
) -> None:
    headers = {"X-API-Key": refusing.esb_key, "Idempotency-Key": "one"}
    answer = httpx2.request(method, refusing.esb_url + path, content=body, headers=headers, verify=PLAIN)
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "wrong",
    [
        *({field: None} for field in FILE),
        {"hotelCode": "../HOTEL001"},
        {"hotelCode": "HOTEL002"},
        {"fileType": "reservations"},
        {"fileUrl": f"https://prod-pms-reservations/{KEY}"},
        {"fileUrl": f"s3://{KEY}"},
        {"fileUrl": "s3://prod-pms-reservations/HOTEL001/other.json"},
        {"recordCount": -1},
        {"recordCount": True},
        {"recordCount": "12"},
        {"complete": "false"},
        {"recordDate": "2024-01-15T10:30:45"},
        {"recordDate": "2024-02-30T10:30:45Z"},
    ],
)
def test_a_registration_with_a_fault_is_refused(refusing: Simulator, wrong: dict[str, Any]) -> None:
    assert call(refusing, "POST", "/files/register", FILE | wrong).status_code == 422


@pytest.mark.parametrize(
    "body",
    [[], {}, {"lastImportDate": None}, {"lastImportDate": ""}, {"lastImportDate": "2024-02-30T00:00:00"}],
)
def test_an_import_date_with_a_fault_is_refused(refusing: Simulator, body: Any) -> None:
    assert call(refusing, "PUT", "/hotels/HOTEL001/import-dates", body).status_code == 422


def test_fields_that_are_not_listed_are_ignored(simulator: Simulator) -> None:
    assert call(simulator, "POST", "/files/register", FILE | {"schema": 2}).status_code == 201


def test_milliseconds_of_the_hotels_clock_are_accepted(simulator: Simulator) -> None:
    body = {"lastImportDate": "2024-01-15T10:30:45.123"}
    assert call(simulator, "PUT", "/hotels/HOTEL001/import-dates", body).status_code == 204
