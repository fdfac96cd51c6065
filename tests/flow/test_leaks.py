"""Names, e-mails, birth dates and keys, planted wherever they could come from, stay in the raw objects."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from commands import files_below, host_pms, log_lines, variables
from fake_pms import config_body, posting, reservation

from host_pms.simulator.server import DEMO_ESB_KEY, DEMO_HOST_KEY, Simulator

PLANTED = "Planted, Person"
EMAIL = "planted@example.org"
BORN = "1977-07-07"
ESCAPE = "\x1b[31mred\x07\r\n"
SECRETS = (PLANTED, EMAIL, BORN, DEMO_HOST_KEY, DEMO_ESB_KEY, "\x1b")
GUESTS = [{"NameFormatted": PLANTED, "Email1": EMAIL, "BirthDate": BORN}]

Rows = Sequence[dict[str, Any]]

GOOD = [reservation(ResId=number, Guests=GUESTS, GuestId=EMAIL) for number in range(40)]


def with_value(value: Any) -> Rows:
    """Rows with `value` in every field in turn that a rule reads and that is not published."""
    fields = (
        "CheckIn",
        "CheckOut",
        "CreatedOn",
        "ResStatus",
        "Rooms",
        "Pax",
        "MasterDetail",
        "Prices",
        "LastUpdate",
    )
    prices = ({"Date": value}, {"Date": "2024-01-20", "Amount": value}, {"Amount": 1, "SalesGroup": value})
    return [
        *({**GOOD[0], "ResId": 500 + number, field: value} for number, field in enumerate(fields)),
        *({**GOOD[0], "ResId": 600 + number, "Prices": [price]} for number, price in enumerate(prices)),
    ]


CASES: dict[str, Mapping[str, Any]] = {
    "all well": {},
    "too many rejected rows": {
        "reservations": [*with_value(PLANTED), *with_value([EMAIL]), *with_value(BORN)]
    },
    "some rejected rows": {"reservations": [*GOOD, *GOOD, *with_value(ESCAPE + PLANTED)[:3]]},
    "rejected postings": {
        "revenue": [posting(RevenueNet=PLANTED), posting(HotelDate=EMAIL), posting(ResId=[BORN])]
    },
    "another hotel's code": {"config": {"HotelCode": PLANTED + ESCAPE}},
    "no date in the configuration": {"config": {"HotelDate": PLANTED, "LocalTime": EMAIL}},
    "a watermark that is a name": {"last_import": PLANTED + ESCAPE},
    "an unknown type of configuration": {"items": [{"ConfigType": PLANTED + ESCAPE, "Code": EMAIL}]},
}

FAULTS = [
    "status=500",
    "status=401",
    "status=403",
    "status=404",
    "inner-status=401",
    "html",
    "reset",
    "bad-gzip",
]


def canned(case: Mapping[str, Any], *faults: str) -> Simulator:
    config = json.loads(config_body(**case.get("config", {})))
    config["HotelInfo"]["HotelEmail"] = EMAIL
    config["ConfigInfo"] += case.get("items", [])
    return Simulator.canned(
        config=config,
        reservations=case.get("reservations", GOOD),
        revenue=case.get("revenue", ()),
        inventory={"roomInventories": []},
        last_import=case.get("last_import", "2024-01-14T02:00:00"),
        faults=faults,
    )


def assert_nothing_leaks(simulator: Simulator, folder: Path, log_format: str) -> None:
    given = variables(simulator, DEBUG="True", LOG_LEVEL="DEBUG", LOG_FORMAT=log_format, LOCAL_ROOT="data")
    ended = host_pms("sync", "--json", "report.json", cwd=folder, given=given)
    assert ended.stderr
    files = files_below(folder / "data")
    outside = {name: body for name, body in files.items() if not name.startswith("dev-pms-raw-")}
    told = {"stdout": ended.stdout, "stderr": ended.stderr, "report": (folder / "report.json").read_text()}
    for secret in SECRETS:
        assert [name for name, text in told.items() if secret in text] == [], secret
        assert [name for name, body in outside.items() if secret.encode() in body] == [], secret
    if log_format == "json" and "Traceback" not in ended.stderr:
        assert log_lines(ended.stderr)
    rejected = [body for name, body in files.items() if "/rejected-" in name]
    assert not any(secret.encode() in body for secret in SECRETS for body in rejected)


@pytest.mark.parametrize("log_format", ["json", "console"])
@pytest.mark.parametrize("name", CASES)
def test_what_stands_in_answers_is_told_to_nobody(name: str, log_format: str, tmp_path: Path) -> None:
    with canned(CASES[name]) as simulator:
        assert_nothing_leaks(simulator, tmp_path, log_format)


@pytest.mark.parametrize("fault", FAULTS)
def test_what_stands_in_requests_is_told_to_nobody(fault: str, tmp_path: Path) -> None:
    with canned({}, f"{fault}@path=Reservation") as simulator:
        assert_nothing_leaks(simulator, tmp_path, "console")


def test_a_hotel_code_that_would_break_a_line_is_quoted(tmp_path: Path) -> None:
    with Simulator(hotels=1) as simulator:
        simulator.esb.hotels.append({"code": "EVIL" + ESCAPE, "active": True})
        ended = host_pms("sync", cwd=tmp_path, given=variables(simulator, LOG_FORMAT="console"))
    assert ended.returncode == 3
    assert "\x1b" not in ended.stdout + ended.stderr
    assert "is no hotel code" in ended.stderr
