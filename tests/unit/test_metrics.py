"""The lines that CloudWatch makes metrics of: valid, complete, and few a hotel."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from host_pms.events import Event, EventName
from host_pms.metrics import NAMESPACE, emf, with_metrics

NOW = datetime(2024, 1, 15, 10, 30, 45, 678_900, tzinfo=UTC)
CALLS = {"calls": 17, "retries": 2, "throttles": 1}
DONE = Event(
    name=EventName.HOTEL_DONE,
    source="host_pms.services.fleet",
    message="Published 30 nights",
    hotel_code="HOTEL001",
    timestamp="20240115T103045Z",
    context={
        "rows": 100,
        "postings": 200,
        "count": 30,
        "rejected": 4,
        "rejected_share": 0.03,
        "orphans": 5,
        "files": 3,
        "seconds": 12.345,
        "watermark_age_hours": 0.25,
    },
)
OF_ALL_RUNS = {"HotelDone", "HotelBusy", "HotelFailed", "Calls", "Retries", "Throttled", "Seconds"}
OF_DONE = {"Rows", "Nights", "Rejected", "RejectedShare", "Orphans"}


def failed(outcome: str, **context: float) -> Event:
    return Event(
        name=EventName.HOTEL_FAILED,
        source="host_pms.services.fleet",
        message="Ana Exemplo, ana@example.org",
        hotel_code="HOTEL001",
        context={"outcome": outcome, "seconds": 1.5, **context},
    )


def line(event: Event) -> dict[str, Any]:
    found = emf(event, environment="prod", calls=CALLS, now=NOW)
    assert found is not None
    return found


def assert_valid(document: Mapping[str, Any]) -> None:
    """The rules of the format's specification."""
    json.dumps(document, allow_nan=False)
    metadata = document["_aws"]
    assert set(metadata) == {"Timestamp", "CloudWatchMetrics"}
    assert type(metadata["Timestamp"]) is int
    for directive in metadata["CloudWatchMetrics"]:
        assert set(directive) == {"Namespace", "Dimensions", "Metrics"}
        assert re.fullmatch(r"[0-9A-Za-z._#/:-]{1,256}", directive["Namespace"])
        assert directive["Dimensions"]
        for dimensions in directive["Dimensions"]:
            assert 1 <= len(dimensions) <= 30
            for dimension in dimensions:
                assert re.fullmatch(r"[\x21-\x39\x3b-\x7e][\x20-\x7e]{0,1023}", document[dimension])
        assert 1 <= len(directive["Metrics"]) <= 100
        names = [metric["Name"] for metric in directive["Metrics"]]
        assert len(names) == len(set(names))
        for metric in directive["Metrics"]:
            assert set(metric) == {"Name", "Unit"}
            assert metric["Unit"] in {"Count", "Seconds", "None"}
            assert type(document[metric["Name"]]) in {int, float}


def metrics_by_dimensions(document: Mapping[str, Any]) -> dict[tuple[str, ...], set[str]]:
    return {
        tuple(directive["Dimensions"][0]): {metric["Name"] for metric in directive["Metrics"]}
        for directive in document["_aws"]["CloudWatchMetrics"]
    }


@pytest.mark.parametrize(
    "event",
    [
        DONE,
        failed("needs_person"),
        failed("busy", watermark_age_hours=0),
        Event(
            name=EventName.HOTEL_FAILED, source="", message="", hotel_code="'../x'", context={"seconds": 0}
        ),
    ],
    ids=str,
)
def test_a_line_is_valid(event: Event) -> None:
    assert_valid(line(event))


def test_a_hotel_that_is_done_has_every_metric() -> None:
    document = line(DONE)
    assert document["_aws"]["Timestamp"] == 1_705_314_645_678
    assert metrics_by_dimensions(document) == {
        ("Environment",): OF_ALL_RUNS | OF_DONE | {"WatermarkAgeHours"},
        ("Environment", "HotelCode"): {"WatermarkAgeHours"},
    }
    del document["_aws"]
    assert document == {
        "Environment": "prod",
        "HotelCode": "HOTEL001",
        "Run": "20240115T103045Z",
        "Outcome": "done",
        "HotelDone": 1,
        "HotelBusy": 0,
        "HotelFailed": 0,
        "Calls": 17,
        "Retries": 2,
        "Throttled": 1,
        "Seconds": 12.345,
        "Rows": 300,
        "Nights": 30,
        "Rejected": 4,
        "RejectedShare": 0.03,
        "Orphans": 5,
        "WatermarkAgeHours": 0.25,
    }


@pytest.mark.parametrize(
    ("outcome", "done", "busy", "counts_as_failed"),
    [
        ("busy", 0, 1, 0),
        ("continue", 0, 0, 0),
        ("transient", 0, 0, 1),
        ("needs_person", 0, 0, 1),
        ("usage", 0, 0, 1),
        ("bug", 0, 0, 1),
    ],
)
def test_what_counts_as_failed(outcome: str, done: int, busy: int, counts_as_failed: int) -> None:
    document = line(failed(outcome))
    assert (document["HotelDone"], document["HotelBusy"], document["HotelFailed"]) == (
        done,
        busy,
        counts_as_failed,
    )
    assert document["Outcome"] == outcome
    assert metrics_by_dimensions(document) == {("Environment",): OF_ALL_RUNS}


def test_a_failed_hotel_whose_watermark_is_known_has_its_age() -> None:
    document = line(failed("transient", watermark_age_hours=31.5))
    assert metrics_by_dimensions(document)["Environment", "HotelCode"] == {"WatermarkAgeHours"}
    assert document["WatermarkAgeHours"] == 31.5


def test_a_line_has_no_message() -> None:
    assert "Ana" not in json.dumps(line(failed("bug")))


@pytest.mark.parametrize("name", sorted(set(EventName) - {EventName.HOTEL_DONE, EventName.HOTEL_FAILED}))
def test_other_events_have_no_line(name: EventName) -> None:
    event = Event(name=name, source="", message="", hotel_code="HOTEL001")
    assert emf(event, environment="prod", calls=CALLS, now=NOW) is None


def test_a_process_that_stays_counts_the_calls_of_each_run(capsys: pytest.CaptureFixture[str]) -> None:
    counts = {"A": 10, "B": 1}
    events: list[Event] = []
    tell = with_metrics(
        events.append,
        environment="dev",
        calls=lambda code: {"calls": counts[code], "retries": 0, "throttles": 0},
        now=lambda: NOW,
    )
    for code, calls in (("A", 10), ("B", 1), ("A", 17), ("A", 17)):
        counts[code] = calls
        for name in (EventName.RUN_OPENED, EventName.HOTEL_FAILED):
            tell(Event(name=name, source="", message="", hotel_code=code, context={"seconds": 1}))
    assert len(events) == 8
    lines = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
    assert [(found["HotelCode"], found["Calls"]) for found in lines] == [
        ("A", 10),
        ("B", 1),
        ("A", 7),
        ("A", 0),
    ]
    assert {
        directive["Namespace"] for found in lines for directive in found["_aws"]["CloudWatchMetrics"]
    } == {NAMESPACE}


def test_every_metric_is_documented() -> None:
    document = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text()
    documented = re.findall(r"^\| `(\w+)` \|", document, re.MULTILINE)
    assert sorted(documented) == sorted(OF_ALL_RUNS | OF_DONE | {"WatermarkAgeHours"})
    assert f"`{NAMESPACE}`" in document
