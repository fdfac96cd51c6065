"""The simulator keeps to the contracts, whatever it is asked."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from schemathesis.checks import CheckFunction
from schemathesis.core.failures import Failure
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import positive_data_acceptance

from host_pms.simulator.server import DEMO_ESB_KEY, DEMO_HOST_KEY, Simulator

CONTRACTS = Path(__file__).parents[2] / "contracts"
HOST_KEY = {"Ocp-Apim-Subscription-Key": DEMO_HOST_KEY}
ESB_KEY = {"X-API-Key": DEMO_ESB_KEY}
HOTELS = ["HOTEL001", "HOTEL002", "HOTEL003", "HOTEL004"]  # one of each habit
FIELDS_DEPEND = {"/Pms/InventoryGrid", "/files/register", "/hotels/{code}/import-dates"}
BOUNDED = settings(
    max_examples=20,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

moments = st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2100, 1, 1))
schemathesis.openapi.format("local-date-time", moments.map(lambda moment: f"{moment:%Y-%m-%dT%H:%M:%S}"))
schemathesis.openapi.format("utc-date-time", moments.map(lambda moment: f"{moment:%Y-%m-%dT%H:%M:%SZ}"))


def contract(name: str) -> BaseSchema:
    schema = schemathesis.openapi.from_path(CONTRACTS / name)
    schema.config.update(parameters={"hotelCode": "HOTEL001", "code": "HOTEL001"})
    return schema


host_contract = contract("host-api.openapi.yaml")
esb_contract = contract("esb.openapi.yaml")


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(hotels=len(HOTELS), bookings=150) as running:
        yield running


@host_contract.parametrize()
@BOUNDED
def test_host_api_keeps_to_its_contract(case: schemathesis.Case, simulator: Simulator) -> None:
    case.call_and_validate(
        base_url=simulator.host_url, headers=HOST_KEY, excluded_checks=beyond_its_schema(case)
    )


@esb_contract.parametrize()
@BOUNDED
def test_esb_keeps_to_its_contract(case: schemathesis.Case, simulator: Simulator) -> None:
    case.call_and_validate(
        base_url=simulator.esb_url, headers=ESB_KEY, excluded_checks=beyond_its_schema(case)
    )


def beyond_its_schema(case: schemathesis.Case) -> list[CheckFunction]:
    """Where one field depends on another, which no schema says, a right form may still be refused."""
    return [positive_data_acceptance] if case.path in FIELDS_DEPEND else []


@pytest.mark.parametrize("hotel_code", HOTELS)
@pytest.mark.parametrize(
    ("path", "window"),
    [
        ("/ExternalRms/Config", {}),
        ("/ExternalRms/Reservation", {"updateFrom": "1900-01-01T00:00:00"}),
        ("/ExternalRms/Revenue", {"updateFrom": "1900-01-01T00:00:00"}),
        ("/Pms/InventoryGrid", {"fromDate": "2024-01-15", "toDate": "2024-02-13"}),
    ],
)
def test_every_habit_of_a_hotel_is_in_the_contract(
    simulator: Simulator, hotel_code: str, path: str, window: dict[str, str]
) -> None:
    url, query = simulator.host_url + path, {"hotelCode": hotel_code, **window}
    answer = httpx2.get(url, params=query, headers=HOST_KEY)
    assert answer.status_code == 200
    host_contract[path]["GET"].validate_response(answer)
    assert len(answer.content) > 500


@pytest.mark.parametrize(
    "fault",
    [
        "throttle=5s", "throttle=5s/date", "throttle=5s/maximum", "quota=01:23:45", "status=401",
        "status=408", "status=503", "page-cap=50", "clock-skew=-10m", "hotel-code=OTHER",
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/ExternalRms/Config", "/ExternalRms/Reservation"])
def test_what_the_gateway_and_the_pms_may_do_is_in_the_contract(
    simulator: Simulator, path: str, fault: str
) -> None:
    made = simulator.faults.add(fault)
    query = {"hotelCode": "HOTEL001", "updateFrom": "1900-01-01T00:00:00"}
    answer = httpx2.get(simulator.host_url + path, params=query, headers=HOST_KEY)
    simulator.faults.remove(made)
    host_contract[path]["GET"].validate_response(answer)


@pytest.mark.parametrize("fault", ["empty", "inner-status=401", "no-total-rows"])
def test_what_breaks_the_contract_is_seen(simulator: Simulator, fault: str) -> None:
    made = simulator.faults.add(fault)
    path = "/ExternalRms/Reservation"
    query = {"hotelCode": "HOTEL001", "updateFrom": "1900-01-01T00:00:00"}
    answer = httpx2.get(simulator.host_url + path, params=query, headers=HOST_KEY)
    simulator.faults.remove(made)
    with pytest.raises(Failure):
        host_contract[path]["GET"].validate_response(answer)
