"""The simulated Host API as a client meets it: pages, keys, parameters, compression."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

import httpx2
import pytest
from simulator_client import EVERYTHING, PLAIN, get, pages, rows_of

from host_pms.simulator.server import Simulator

PATHS = {
    "/ExternalRms/Config": {},
    "/ExternalRms/Reservation": {"updateFrom": EVERYTHING},
    "/ExternalRms/Revenue": {"updateFrom": EVERYTHING},
    "/Pms/InventoryGrid": {"fromDate": "2024-01-15", "toDate": "2024-02-13"},
}
LISTS = ["/ExternalRms/Reservation", "/ExternalRms/Revenue"]


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(bookings=300, host_keys={"HOTEL003": "its-own-key"}) as running:
        yield running


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("limit", [7, 100])
def test_pages_add_up(simulator: Simulator, path: str, limit: int) -> None:
    found = pages(simulator, path, limit=limit)
    rows = list(chain.from_iterable(found))
    assert [row["RowNumber"] for row in rows] == list(range(1, len(rows) + 1))
    assert {row["TotalRows"] for row in rows} == {len(rows)}
    assert {len(page) for page in found[:-1]} == {limit}
    assert 0 < len(found[-1]) <= limit


@pytest.mark.parametrize("path", LISTS)
def test_a_page_holds_at_most_100_rows(simulator: Simulator, path: str) -> None:
    body = get(simulator, path, updateFrom=EVERYTHING, start=3, limit=5000).json()
    assert [row["RowNumber"] for row in rows_of(body)] == list(range(4, 104))
    without = get(simulator, path, updateFrom=EVERYTHING, start=3).json()
    assert without == body


@pytest.mark.parametrize("path", LISTS)
def test_past_the_end_there_are_no_rows(simulator: Simulator, path: str) -> None:
    assert rows_of(get(simulator, path, updateFrom=EVERYTHING, start=99_999).json()) == []


@pytest.mark.parametrize(("path", "query"), PATHS.items())
def test_a_wrong_key_is_refused_as_the_gateway_does(
    simulator: Simulator, path: str, query: dict[str, str]
) -> None:
    refused = get(simulator, path, key="wrong", **query)
    assert refused.status_code == 401
    assert refused.json()["statusCode"] == 401
    assert refused.json()["message"].startswith("Access denied due to invalid subscription key. ")
    assert get(simulator, path, key="", **query).status_code == 401
    assert httpx2.get(simulator.host_url + path, params=query, verify=PLAIN).status_code == 401


def test_a_hotel_may_have_its_own_key(simulator: Simulator) -> None:
    def status(hotel_code: str, key: str) -> int:
        return get(simulator, "/ExternalRms/Config", hotelCode=hotel_code, key=key).status_code

    assert status("HOTEL003", "its-own-key") == 200
    assert status("HOTEL003", simulator.host_key) == 401
    assert status("HOTEL001", "its-own-key") == 401
    assert status("HOTEL001", simulator.host_key) == 200


@pytest.mark.parametrize(("path", "query"), PATHS.items())
def test_an_unknown_hotel_is_not_found(simulator: Simulator, path: str, query: dict[str, str]) -> None:
    answer = get(simulator, path, hotelCode="HOTEL999", **query)
    assert (answer.status_code, answer.json()) == (404, {"statusCode": 404, "message": "Hotel not found."})


def test_an_unknown_path_is_not_found(simulator: Simulator) -> None:
    assert get(simulator, "/ExternalRms/Nothing").json() == {"statusCode": 404, "message": "Not Found"}


def test_only_get_is_allowed(simulator: Simulator) -> None:
    assert httpx2.post(simulator.host_url + "/ExternalRms/Config", verify=PLAIN).status_code == 405


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ("/ExternalRms/Config", {"hotelCode": ""}),
        *((path, wrong) for path in LISTS for wrong in (
            {"start": "-1"}, {"start": "x"}, {"start": "1.0"}, {"start": "٣"}, {"start": ""},
            {"start": "9" * 400},
            {"limit": "0"}, {"limit": "-5"}, {"limit": "many"},
            {"updateFrom": ""}, {"updateFrom": "2024-01-14"}, {"updateFrom": "2024-02-30T00:00:00"},
            {"updateFrom": "2024-01-14T00:00:00Z"}, {"updateFrom": "2024-01-14 00:00:00"},
            {"updateFrom": "2024-01-14T00:00"},
        )),
        ("/ExternalRms/Revenue", {"salesGroup": "ROOM"}),
        ("/Pms/InventoryGrid", {"toDate": "2024-02-14"}),
        ("/Pms/InventoryGrid", {"toDate": "2024-01-14"}),
        ("/Pms/InventoryGrid", {"toDate": ""}),
        ("/Pms/InventoryGrid", {"fromDate": "15/01/2024"}),
        ("/Pms/InventoryGrid", {"fromDate": "20240115"}),
    ],
)  # fmt: skip
def test_a_bad_parameter_is_a_bad_request(simulator: Simulator, path: str, wrong: dict[str, str]) -> None:
    answer = get(simulator, path, **(PATHS[path] | wrong))
    assert (answer.status_code, answer.json()["statusCode"]) == (400, 400)


@pytest.mark.parametrize("path", LISTS)
def test_update_from_must_be_given(simulator: Simulator, path: str) -> None:
    assert get(simulator, path).status_code == 400


def test_a_grid_holds_both_ends_of_its_window(simulator: Simulator) -> None:
    grid = get(simulator, "/Pms/InventoryGrid", **PATHS["/Pms/InventoryGrid"]).json()
    assert (grid["hotelCode"], grid["startDate"], grid["endDate"]) == ("HOTEL001", "2024-01-15", "2024-02-13")
    for room in grid["roomInventories"]:
        days = [daily["date"] for daily in room["dailyInventories"]]
        assert (days[0], days[-1], len(days)) == ("2024-01-15", "2024-02-13", 30)


def test_rooms_out_of_order_and_out_of_inventory_are_missing_in_the_grid(simulator: Simulator) -> None:
    config = get(simulator, "/ExternalRms/Config").json()["ConfigInfo"]
    rooms = {item["Code"]: item["Inventory"] for item in config if item["ConfigType"] == "CATEGORY"}
    seen: list[Any] = []
    for month in ("01", "02", "03"):
        window = {"fromDate": f"2024-{month}-01", "toDate": f"2024-{month}-28"}
        for room in get(simulator, "/Pms/InventoryGrid", **window).json()["roomInventories"]:
            for daily in room["dailyInventories"]:
                out = daily["inventoryOOO"] + daily["inventoryOOI"]
                assert daily["inventory"] == max(0, rooms[room["roomCode"]] - out)
                seen.append((daily["inventoryOOO"] > 0, daily["inventoryOOI"] > 0))
    assert {(True, False), (False, True), (False, False)} <= set(seen)


def test_answers_are_compressed_for_those_who_accept_it(simulator: Simulator) -> None:
    def encoding(accepted: str) -> str | None:
        headers = {"Ocp-Apim-Subscription-Key": simulator.host_key, "Accept-Encoding": accepted}
        url, query = f"{simulator.host_url}/ExternalRms/Config", {"hotelCode": "HOTEL001"}
        answer = httpx2.get(url, params=query, headers=headers, verify=PLAIN)
        assert answer.json()["HotelInfo"]["HotelCode"] == "HOTEL001"
        return answer.headers.get("Content-Encoding")

    assert encoding("gzip") == "gzip"
    assert encoding("identity") is None
