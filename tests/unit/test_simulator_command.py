"""`host-pms simulate`: its help, its options, and what it says of options that it does not understand."""

import re
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from recorded_lines import file_of
from simulator_client import EVERYTHING, PLAIN, Waited, get, rows_of

from host_pms.simulator.clock import START
from host_pms.simulator.command import SimulatorOptions, asked_simulator
from host_pms.simulator.fault_kinds import KINDS
from host_pms.simulator.faults import When
from host_pms.simulator.server import Simulator

HOST_PMS = Path(sys.executable).parent / "host-pms"
WIDE = {"PATH": "/usr/bin:/bin", "COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [HOST_PMS, "simulate", *arguments], env=WIDE, capture_output=True, text=True, check=False, timeout=60
    )


def test_the_help_names_every_option_kind_and_condition() -> None:
    shown = command("--help")
    assert shown.returncode == 0
    assert set(re.findall(r"--[a-z-]+", shown.stdout)) >= {
        "--port", "--hotels", "--seed", "--bookings", "--hotel-name", "--now", "--order", "--churn",
        "--rate-limit", "--retry-after", "--quota", "--latency", "--jitter", "--fault",
    }  # fmt: skip
    (kinds,) = re.findall(r"Kinds: ([a-z, \n-]+)\.", shown.stdout)
    assert re.split(r",\s+", kinds.strip()) == list(KINDS)
    (conditions,) = re.findall(r"Conditions: (.+)\.", shown.stdout)
    assert {condition.partition("=")[0] for condition in conditions.split(", ")} == {
        "path", "hotel", "call", "p",
    }  # fmt: skip
    assert "KIND[=VALUE][@CONDITION,…]" in shown.stdout


def test_an_option_that_is_not_understood_is_told_in_a_line() -> None:
    refused = command("--fault", "status=99")
    assert refused.returncode == 2
    assert refused.stderr == (
        "host-pms: 'status=99' is no fault: 99 is no status of an error; write status=503. "
        "See host-pms simulate --help.\n"
    )


def test_it_serves_what_was_asked_for_until_ctrl_c(tmp_path: Path) -> None:
    path = file_of(tmp_path, {}, {"hotel": "City Hotel"})
    arguments = [
        "--port",
        "0",
        "--bookings",
        str(path),
        "--hotel-name",
        "Sea Hotel",
        "--fault",
        "empty@call=2",
    ]
    with subprocess.Popen(
        [HOST_PMS, "simulate", *arguments, "--now", "2016-03-21T10:00:00"],
        env=WIDE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        said = process.stdout.readline()
        assert said.startswith("Serving 1 hotel (HOTEL001) at http://127.0.0.1:")
        host_url = f"{said.split()[5]}/rms-v2"
        key = {"Ocp-Apim-Subscription-Key": "demo-host-key"}
        query = {"hotelCode": "HOTEL001", "updateFrom": EVERYTHING}
        url = f"{host_url}/ExternalRms/Reservation"
        answers = [httpx2.get(url, params=query, headers=key, verify=PLAIN) for _ in range(2)]
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    (row,) = rows_of(answers[0].json())
    assert (row["ResId"], row["ResStatus"]) == (2, 10)
    assert answers[1].content == b""
    assert (err, process.returncode) == ("Stopped.\n", 0)


# --- from options to a simulator


def asked(**options: Any) -> Simulator:
    return asked_simulator(SimulatorOptions(port=0, **options))


def test_without_options_it_is_three_hotels_without_any_fault() -> None:
    simulator = asked()
    assert list(simulator.hotels) == ["HOTEL001", "HOTEL002", "HOTEL003"]
    assert simulator.clock.now == START
    with simulator:
        assert [get(simulator, "/ExternalRms/Config").status_code for _ in range(210)] == [200] * 210
        assert simulator.faults.happened == []


def test_its_limits_are_a_minutes_and_a_days() -> None:
    with asked(hotels=1, rate_limit=2, retry_after="none") as simulator:
        answers = [get(simulator, "/ExternalRms/Config") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert "Retry-After" not in answers[2].headers
    with asked(hotels=1, quota=1) as simulator:
        answers = [get(simulator, "/ExternalRms/Config") for _ in range(2)]
    assert answers[1].status_code == 403
    assert re.search(r"in (23:59:5\d|1\.00:00:00)\.$", answers[1].json()["message"])


def test_its_faults_are_those_of_the_command_line() -> None:
    simulator = asked(hotels=1, faults=["status=503@call=2", "empty@path=Revenue"])
    with simulator:
        statuses = [get(simulator, "/ExternalRms/Config").status_code for _ in range(3)]
        assert get(simulator, "/ExternalRms/Revenue", updateFrom=EVERYTHING).content == b""
    assert statuses == [200, 503, 200]
    assert simulator.faults.add("reset@call=5-9").when == When(first=5, last=9)


def test_now_order_and_churn() -> None:
    now = datetime(2025, 5, 1, 8)
    simulator = asked(hotels=1, now=now, order="newest", churn=2)
    with simulator:
        first, second = (
            rows_of(get(simulator, "/ExternalRms/Reservation", updateFrom=EVERYTHING).json())
            for _ in range(2)
        )
    assert simulator.clock.now == now
    dates = [row["LastUpdate"] for row in second]
    assert dates == sorted(dates, reverse=True)
    assert [row["LastUpdate"] for row in first[:2]] == [now.isoformat()] * 2
    assert first != second


def test_latency_and_jitter() -> None:
    waited = Waited()
    simulator = asked(hotels=1, latency="50ms", jitter="20ms")
    simulator._pause = waited
    with simulator:
        get(simulator, "/ExternalRms/Config")
    assert [0.05 < seconds < 0.07 for seconds in waited.seconds] == [True]


def test_recorded_bookings_start_where_all_is_over(tmp_path: Path) -> None:
    path = file_of(tmp_path, {})
    simulator = asked(bookings=path)
    assert simulator.clock.now == datetime(2016, 3, 24, 10)
    assert asked(bookings=path, now=datetime(2016, 3, 21)).clock.now == datetime(2016, 3, 21)
    assert [hotel.name for hotel in simulator.hotels.values()] == ["Sea Hotel"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"faults": ["explode"]}, "'explode' is none of status, throttle, "),
        ({"latency": "soon"}, "'soon' is no duration"),
        ({"latency": "-5ms"}, "'-5ms' is no duration"),
        ({"jitter": "5"}, "'5' is no duration"),
        ({"bookings": Path("missing.csv")}, "missing.csv cannot be read: No such file"),
        ({"bookings": Path("bookings.csv"), "hotels": 2}, "--bookings serves one hotel"),
        ({"hotel_name": "Sea Hotel"}, "--hotel-name says which hotel of a --bookings file"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=re.escape(told)) as error:
        asked(**options)
    assert "\n" not in str(error.value)
