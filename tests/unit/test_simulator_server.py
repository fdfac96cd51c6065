"""Starting, stopping, canned answers and the record of calls."""

import math
import signal
import socket
import subprocess
import sys
import threading
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from simulator_client import EVERYTHING, PLAIN, get, postings, reservations, rows_of

from host_pms.simulator.calls import Call
from host_pms.simulator.canned import CannedHotel
from host_pms.simulator.server import Simulator

CONFIG = {"HotelInfo": {"HotelCode": "CANNED"}, "ConfigInfo": []}
GRID = {"hotelCode": "CANNED", "roomInventories": [{"roomCode": "DBL", "dailyInventories": []}]}
ROWS = [{"ResId": number, "LastUpdate": "2024-01-01T00:00:00"} for number in range(130)]


def canned(**given: Any) -> Simulator:
    bodies = {"config": CONFIG, "reservations": ROWS, "revenue": ROWS[:3], "inventory": GRID}
    return Simulator.canned(**(bodies | {"hotel_code": "CANNED"} | given))


def test_it_listens_on_this_machine_only_and_says_where() -> None:
    with Simulator(hotels=1, bookings=5) as simulator:
        assert simulator.host_url == f"http://127.0.0.1:{simulator.port}/rms-v2"
        assert simulator.esb_url == f"http://127.0.0.1:{simulator.port}/api"
        assert simulator.port > 0


def test_two_run_side_by_side() -> None:
    with Simulator(hotels=1, bookings=5) as first, Simulator(hotels=1, bookings=5) as second:
        first.clock.advance(timedelta(days=1))
        assert first.port != second.port
        assert first.clock.now != second.clock.now


def test_it_leaves_no_thread_and_no_open_port() -> None:
    before = threading.active_count()
    with Simulator(hotels=1, bookings=200) as simulator, httpx2.Client(verify=PLAIN) as client:
        key = {"Ocp-Apim-Subscription-Key": simulator.host_key}
        query = {"hotelCode": "HOTEL001", "updateFrom": EVERYTHING}
        client.get(f"{simulator.host_url}/ExternalRms/Reservation", params=query, headers=key)
        assert threading.active_count() == before + 1
    assert threading.active_count() == before
    with socket.create_server(("127.0.0.1", simulator.port)):
        pass


def test_it_starts_again_on_its_port_with_what_it_knew() -> None:
    simulator = Simulator(hotels=1, bookings=5)
    with simulator:
        port = simulator.port
        simulator.esb.watermarks["HOTEL001"] = "2024-01-01T00:00:00"
    with simulator:
        assert simulator.port == port
        assert simulator.esb.watermarks == {"HOTEL001": "2024-01-01T00:00:00"}
        assert get(simulator, "/ExternalRms/Config").status_code == 200


def test_a_port_that_is_taken_is_an_error() -> None:
    with Simulator(hotels=1, bookings=5) as simulator:
        second = Simulator(hotels=1, bookings=5, port=simulator.port)
        with pytest.raises(OSError, match="in use"):
            second.__enter__()


def test_serve_forever_returns_when_the_server_stops() -> None:
    with Simulator(hotels=1, bookings=5) as simulator:
        waiting = threading.Thread(target=simulator.serve_forever)
        waiting.start()
        assert waiting.is_alive()
    waiting.join(timeout=10)
    assert not waiting.is_alive()


FOREGROUND = """
from host_pms.simulator.server import Simulator
with Simulator(hotels=1, bookings=5) as simulator:
    try:
        print(simulator.host_url, flush=True)
        simulator.serve_forever()
    except KeyboardInterrupt:
        print("interrupted", flush=True)
print("stopped")
"""


def test_ctrl_c_ends_serve_forever() -> None:
    command = [sys.executable, "-W", "error", "-c", FOREGROUND]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("http://127.0.0.1:")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert (out, err, process.returncode) == ("interrupted\nstopped\n", "", 0)


def test_calls_are_recorded_but_not_those_to_the_simulator_itself() -> None:
    with Simulator(hotels=1, bookings=5) as simulator:
        get(simulator, "/ExternalRms/Config")
        get(simulator, "/ExternalRms/Reservation", start=7)
        httpx2.get(f"{simulator.esb_url}/hotels", verify=PLAIN)
        httpx2.get(f"{simulator.url}/simulator/clock", verify=PLAIN)
    assert simulator.calls == [
        Call(method="GET", path="/rms-v2/ExternalRms/Config", query={"hotelCode": "HOTEL001"}, status=200),
        Call(
            method="GET",
            path="/rms-v2/ExternalRms/Reservation",
            query={"hotelCode": "HOTEL001", "start": "7"},
            status=400,
        ),
        Call(method="GET", path="/api/hotels", query={}, status=401),
    ]


def test_canned_bodies_are_served_as_they_are() -> None:
    with canned(last_import="2024-01-14T02:00:00") as simulator:
        rows = reservations(simulator, hotelCode="CANNED", updateFrom="2030-01-01T00:00:00")
        assert [row["ResId"] for row in rows] == list(range(130))
        assert {(row["RowNumber"] - 1 - row["ResId"], row["TotalRows"]) for row in rows} == {(0, 130)}
        assert len(postings(simulator, hotelCode="CANNED", salesGroup=0)) == 3
        assert get(simulator, "/ExternalRms/Config", hotelCode="CANNED").json() == CONFIG
        assert get(simulator, "/ExternalRms/Config").status_code == 404
        assert simulator.esb.watermarks == {"CANNED": "2024-01-14T02:00:00"}


@pytest.mark.parametrize(
    ("grid", "empty"),
    [(GRID, {"hotelCode": "CANNED", "roomInventories": []}), (GRID["roomInventories"], [])],
)
def test_a_canned_grid_fills_the_first_window_only(grid: Any, empty: Any) -> None:
    def window(simulator: Simulator, first: str, last: str) -> Any:
        path = "/Pms/InventoryGrid"
        return get(simulator, path, hotelCode="CANNED", fromDate=first, toDate=last).json()

    with canned(inventory=grid) as simulator:
        assert window(simulator, "2024-01-15", "2024-02-13") == grid
        assert window(simulator, "2024-02-14", "2024-03-14") == empty
        assert window(simulator, "2024-01-15", "2024-02-13") == grid


def test_canned_rows_need_not_be_right() -> None:
    odd = ["no object", {"Name": "\ud800", "Amount": float("nan")}]
    with canned(reservations=odd) as simulator:
        body = get(simulator, "/ExternalRms/Reservation", hotelCode="CANNED", updateFrom=EVERYTHING)
        text, row = rows_of(body.json())
    assert text == "no object"
    assert (row["Name"], row["RowNumber"], row["TotalRows"]) == ("\ud800", 2, 2)
    assert math.isnan(row["Amount"])


def test_hotels_of_ones_own_are_served() -> None:
    bodies = {"config": CONFIG, "reservations": ROWS, "revenue": [], "inventory": GRID}
    hotels = [CannedHotel(code=code, **bodies) for code in ("A", "B")]
    with Simulator(hotels=hotels) as simulator:
        assert [get(simulator, "/ExternalRms/Config", hotelCode=code).status_code for code in "ABC"] == [
            200, 200, 404,
        ]  # fmt: skip
