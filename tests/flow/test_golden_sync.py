"""Every worked example through the whole product: Host and the ESB over HTTP, files on the disk."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest
from commands import files_below, host_pms, variables
from golden_cases import NAMES, GoldenCase, exact_json, load
from pydantic import SecretStr

from host_pms.bootstrap import application, ignore
from host_pms.clock import Stop
from host_pms.config.settings import given_settings
from host_pms.services.fleet import Outcome, sync_fleet
from host_pms.services.window import Asked
from host_pms.simulator.calls import Call
from host_pms.simulator.canned import CannedHotel
from host_pms.simulator.pms import JsonObject, PageRequest
from host_pms.simulator.server import Simulator

HOTEL = "HOTEL001"
DATASETS = {
    "/rms-v2/ExternalRms/Config": ("dev-pms-raw-hotel-configs", "config"),
    "/rms-v2/Pms/InventoryGrid": ("dev-pms-raw-hotel-configs", "inventory"),
    "/rms-v2/ExternalRms/Reservation": ("dev-pms-raw-reservations", "reservation"),
    "/rms-v2/ExternalRms/Revenue": ("dev-pms-raw-reservations", "revenue"),
}
PUBLISHED = {
    "config": ("dev-pms-hotel-configs", "config"),
    "segments": ("dev-pms-segments", "segments"),
    "reservation": ("dev-pms-reservations", "reservations"),
}
"""File type: its bucket, and the name of what is expected of it."""

Sync = Callable[[Simulator, Path], None]


def in_process(simulator: Simulator, folder: Path) -> None:
    settings = given_settings(
        storage="local",
        local_root=folder,
        host_api_base_url=simulator.host_url,
        host_api_subscription_key=SecretStr(simulator.host_key),
        host_api_rate_limit=0,
        esb_base_url=simulator.esb_url,
        esb_api_key=SecretStr(simulator.esb_key),
        import_lookback=timedelta(0),
    )
    with application(settings, Stop(), ignore, dry_run=False) as wired:
        (result,) = sync_fleet([HOTEL], Asked(), wired.policy, wired.world, at_once=1)
    assert (result.outcome, result.reason) == (Outcome.DONE, "")


def as_command(simulator: Simulator, folder: Path) -> None:
    given = variables(simulator, LOCAL_ROOT=str(folder), IMPORT_LOOKBACK="0h")
    done = host_pms("sync", cwd=folder.parent, given=given)
    assert done.returncode == 0, done.stderr


@dataclass(frozen=True)
class ShortPages:
    """A hotel whose pages hold at most three rows, as an installation with a cap of its own has them."""

    hotel: CannedHotel

    @property
    def code(self) -> str:
        return self.hotel.code

    @property
    def name(self) -> str:
        return self.hotel.name

    def config(self, now: datetime) -> JsonObject:
        return self.hotel.config(now)

    def reservations(self, now: datetime, request: PageRequest) -> JsonObject:
        return self.hotel.reservations(now, replace(request, limit=3))

    def revenue(self, now: datetime, request: PageRequest, sales_group: int | None) -> JsonObject:
        return self.hotel.revenue(now, replace(request, limit=3), sales_group)

    def inventory_grid(self, now: datetime, first: Any, last: Any) -> Any:
        return self.hotel.inventory_grid(now, first, last)


def hotel_of(case: GoldenCase) -> CannedHotel:
    return CannedHotel(
        code=HOTEL,
        config=json.loads(case.body("config")),
        reservations=json.loads(case.body("reservations"))["Reservations"],
        revenue=json.loads(case.body("revenue"))["Revenue"],
        inventory=json.loads(case.body("inventory")),
    )


def simulator_of(case: GoldenCase, *, short_pages: bool = False) -> Simulator:
    hotel = hotel_of(case)
    simulator = Simulator(hotels=[ShortPages(hotel) if short_pages else hotel])
    if not case.first_import:
        simulator.esb.watermarks[HOTEL] = case.update_from.isoformat()
    return simulator


RUNS: list[tuple[str, Sync, bool]] = [
    *((name, in_process, False) for name in NAMES),
    *((name, in_process, True) for name in ("03-status", "07-postings", "12-split-stay-edges")),
    *((name, as_command, False) for name in ("07-postings", "09-first-import")),
]


def label(run: tuple[str, Sync, bool]) -> str:
    name, sync, short_pages = run
    return f"{name}-{sync.__name__}" + ("-short-pages" if short_pages else "")


@pytest.mark.parametrize(("name", "sync", "short_pages"), RUNS, ids=[label(run) for run in RUNS])
def test_a_case_is_read_kept_published_and_told(
    name: str, sync: Sync, *, short_pages: bool, tmp_path: Path
) -> None:
    case = load(name)
    with simulator_of(case, short_pages=short_pages) as simulator:
        sync(simulator, tmp_path / "data")
        calls = list(simulator.calls)
        files = files_below(tmp_path / "data")
        timestamp = timestamp_of(files)
        expected_raw = raw_objects(simulator, calls, timestamp)

    assert_window(case, calls)
    assert (paths_of(calls).count("/rms-v2/ExternalRms/Reservation") > 1) is short_pages
    for file_type, (bucket, expected) in PUBLISHED.items():
        published = files.pop(f"{bucket}/{HOTEL}/{file_type}-{timestamp}.json")
        assert exact_json(published) == case.expected(expected), file_type
    segment_items = json.loads(files.pop(f"dev-pms-raw-segments/{HOTEL}/segments-{timestamp}.json"))
    assert [item for item in items_of(case) if item in segment_items] == segment_items != []
    message = json.loads(files.pop("queues/dev-pms-processor-queue.fifo/000000000001.json"))
    assert files == expected_raw

    registered = [registration.body for registration in simulator.esb.registrations]
    assert registered == [registration_of(case, file_type, timestamp) for file_type in PUBLISHED]
    assert simulator.esb.watermarks == {HOTEL: local_time(case)}
    assert message["group"] == HOTEL
    assert json.loads(message["body"]) == {
        "hotelCode": HOTEL,
        "timestamp": timestamp,
        "complete": case.first_import,
        "files": [
            {"fileType": body["fileType"], "bucket": PUBLISHED[body["fileType"]][0]}
            | {key: body[key] for key in ("fileKey", "recordCount")}
            for body in registered
        ],
    }


def timestamp_of(files: dict[str, bytes]) -> str:
    """The run's, from the one name that every run has."""
    (name,) = (name for name in files if name.startswith("dev-pms-reservations/"))
    return name.removesuffix(".json").rpartition("reservation-")[2]


def in_order(calls: Sequence[Call]) -> Sequence[Call]:
    """As they are kept: pages are fetched side by side, one reading of a list after the other."""
    readings = list(dict.fromkeys(call.query.get("updateFrom") for call in calls))
    return sorted(
        calls,
        key=lambda call: (readings.index(call.query.get("updateFrom")), int(call.query.get("start", 0))),
    )


def raw_objects(simulator: Simulator, calls: Sequence[Call], timestamp: str) -> dict[str, bytes]:
    """What must be kept of Host's answers: the same calls once more get the same bytes."""
    kept: dict[str, bytes] = {}
    for path, (bucket, kind) in DATASETS.items():
        bodies = [body_of(simulator, call) for call in in_order(calls) if call.path == path]
        for number, body in enumerate(bodies, start=1):
            suffix = "" if kind == "config" else f"-{number:05}"
            kept[f"{bucket}/{HOTEL}/{kind}-{timestamp}{suffix}.json"] = body
    return kept


def body_of(simulator: Simulator, call: Call) -> bytes:
    url = f"{simulator.url}{call.path}?{urlencode(call.query)}"
    request = Request(url, headers={"Ocp-Apim-Subscription-Key": simulator.host_key})  # noqa: S310 - http
    with urlopen(request) as answer:  # noqa: S310 - http, to this test's own server
        body: bytes = answer.read()
    return body


def assert_window(case: GoldenCase, calls: Sequence[Call]) -> None:
    asked = {call.query["updateFrom"] for call in calls if call.path.endswith("/Reservation")}
    assert asked == {case.update_from.isoformat()}
    writes = [(call.method, call.path) for call in calls if call.method != "GET"]
    assert writes == [
        *[("POST", "/api/files/register")] * 3,
        ("PUT", f"/api/hotels/{HOTEL}/import-dates"),
    ]


def paths_of(calls: Sequence[Call]) -> list[str]:
    return [call.path for call in calls]


def items_of(case: GoldenCase) -> list[Any]:
    items: list[Any] = json.loads(case.body("config"))["ConfigInfo"]
    return items


def local_time(case: GoldenCase) -> str:
    """S9: the hotel's clock when the scan began, in whole seconds."""
    text: str = json.loads(case.body("config"))["HotelInfo"]["LocalTime"]
    return text[:19]


def registration_of(case: GoldenCase, file_type: str, timestamp: str) -> dict[str, Any]:
    bucket, expected = PUBLISHED[file_type]
    key = f"{HOTEL}/{file_type}-{timestamp}.json"
    moment = datetime.strptime(timestamp, "%Y%m%dT%H%M%S%z")
    return {
        "hotelCode": HOTEL,
        "fileType": file_type,
        "fileUrl": f"s3://{bucket}/{key}",
        "fileKey": key,
        "recordCount": records(case.expected(expected)),
        "complete": case.first_import,
        "recordDate": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
    }


def records(published: Any) -> int:
    """Nights, inventory ranges, or the codes of all lists."""
    if isinstance(published, list):
        return len(published)
    return sum(len(listed) for listed in published.values())
