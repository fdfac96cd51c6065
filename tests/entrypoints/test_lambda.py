"""The handler as the platform calls it: a process with variables, an event, a context with its time."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from commands import BARE, PATIENCE, files_below, log_lines, variables

from host_pms.simulator.server import Simulator

PROJECT = Path(__file__).parents[2]
HOTELS = ["HOTEL001", "HOTEL002", "HOTEL003"]
SCHEDULED = {
    "version": "0",
    "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "account": "123456789012",
    "time": "2024-01-15T10:30:00Z",
    "region": "eu-west-1",
    "resources": ["arn:aws:events:eu-west-1:123456789012:rule/hourly"],
    "detail": {},
}

# What AWS's runtime does: import the handler by its documented name, then call it once an event.
PLATFORM = """
import json
import os
import sys

from src.main import lambda_handler
import host_pms.lambda_handler

assert lambda_handler is host_pms.lambda_handler.lambda_handler
HEAVY = {"typer", "click", "rich", "jinja2", "starlette", "uvicorn", "boto3", "botocore", "host_pms.terminal"}


class Context:
    def __init__(self, milliseconds):
        self.milliseconds = milliseconds

    def get_remaining_time_in_millis(self):
        return self.milliseconds


def called(call):
    os.environ.update(call["given"])
    context = None if call["milliseconds"] is None else Context(call["milliseconds"])
    try:
        return {"answer": lambda_handler(call["event"], context)}
    except Exception as error:
        return {"raised": type(error).__name__, "text": str(error)}


imported = sorted(HEAVY & set(sys.modules))
print(json.dumps({"imported": imported, "outcomes": [called(call) for call in json.load(sys.stdin)]}))
"""


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call of the handler; `given` replaces or adds variables."""

    event: Any
    milliseconds: int | None = 900_000
    given: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of a call, and what it left behind."""

    answer: Any
    raised: str
    text: str
    folder: Path
    files: Mapping[str, bytes]
    simulator: Simulator

    @property
    def registered(self) -> list[str]:
        return sorted({registration.body["hotelCode"] for registration in self.simulator.esb.registrations})


@dataclass(frozen=True, kw_only=True)
class Invoked:
    """A warm function: one process that was called many times."""

    imported: list[str]
    log: list[dict[str, Any]]
    metrics: list[dict[str, Any]]
    outcomes: Mapping[str, Outcome]


WRONG_KEY = {"HOST_API_SUBSCRIPTION_KEY": "sesame-open"}
CALLS: dict[str, Call] = {
    "all": Call(event={}),
    "scheduled": Call(event=SCHEDULED, milliseconds=None),
    "one": Call(event={"hotelCode": "HOTEL002"}),
    "unknown": Call(event={"hotelCode": "NOWHERE"}),
    "one denied": Call(event={"hotelCode": "HOTEL001"}, given=WRONG_KEY),
    "all denied": Call(event={}, given=WRONG_KEY),
    "some denied": Call(event={}, given={"HOST_API_SUBSCRIPTION_KEYS": '{"HOTEL003": "sesame-open"}'}),
    "one out of time": Call(event={"hotelCode": "HOTEL001"}, milliseconds=44_000),
    "all out of time": Call(event={}, milliseconds=44_000),
    "paced": Call(event={"hotelCode": "HOTEL001"}, milliseconds=75_000, given={"HOST_API_RATE_LIMIT": "1"}),
    "wrong setting": Call(event={}, given={"MAX_RETRIES": "many"}),
    "misspelt": Call(event={"hotel": "HOTEL001"}),
    "too many hops": Call(event={"hotelCode": "HOTEL001", "hop": 101}),
    "list": Call(event={"action": "list"}),
}


@pytest.fixture(scope="module")
def invoked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Invoked]:
    """Every call has hotels and a folder of its own: a hotel's runs are named by their second."""
    folder = tmp_path_factory.mktemp("lambda")
    with ExitStack() as stack:
        simulators = {name: stack.enter_context(Simulator(hotels=3, bookings=10)) for name in CALLS}
        calls = [
            {
                "event": call.event,
                "milliseconds": call.milliseconds,
                "given": variables(
                    simulators[name],
                    **{"LOCAL_ROOT": str(folder / name), "HOST_API_SUBSCRIPTION_KEYS": "", **call.given},
                ),
            }
            for name, call in CALLS.items()
        ]
        done = subprocess.run(
            [sys.executable, "-c", PLATFORM],
            cwd=folder,
            env={**BARE, "PYTHONPATH": str(PROJECT)},
            input=json.dumps(calls),
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, done.stderr
        *metrics, last = log_lines(done.stdout)
        told: Any = last
        outcomes = {
            name: Outcome(
                answer=outcome.get("answer"),
                raised=outcome.get("raised", ""),
                text=outcome.get("text", ""),
                folder=folder / name,
                files=files_below(folder / name),
                simulator=simulators[name],
            )
            for name, outcome in zip(CALLS, told["outcomes"], strict=True)
        }
        yield Invoked(
            imported=told["imported"], log=log_lines(done.stderr), metrics=metrics, outcomes=outcomes
        )


def test_a_cold_start_imports_neither_the_command_line_nor_the_simulator_nor_aws(invoked: Invoked) -> None:
    assert invoked.imported == []


@pytest.mark.parametrize("name", ["all", "scheduled"])
def test_an_event_without_a_hotel_syncs_all(invoked: Invoked, name: str) -> None:
    outcome = invoked.outcomes[name]
    assert outcome.answer["status"] == "done", outcome.text
    assert [(hotel["hotelCode"], hotel["status"]) for hotel in outcome.answer["hotels"]] == [
        (code, "done") for code in HOTELS
    ]
    assert outcome.registered == sorted(outcome.simulator.esb.watermarks) == HOTELS


def test_a_hotels_event_syncs_that_one_and_answers_its_counts(invoked: Invoked) -> None:
    outcome = invoked.outcomes["one"]
    stamp = outcome.answer["timestamp"]
    nights = json.loads(outcome.files[f"dev-pms-reservations/HOTEL002/reservation-{stamp}.json"])
    assert set(outcome.answer) == {
        *("hotelCode", "status", "timestamp", "hop"),
        *("reservationRows", "postings", "nights", "files"),
    }
    assert (outcome.answer["hotelCode"], outcome.answer["status"]) == ("HOTEL002", "done")
    assert (outcome.answer["nights"], outcome.answer["files"]) == (len(nights), 3)
    assert outcome.registered == ["HOTEL002"]


def test_an_unknown_hotel_raises(invoked: Invoked) -> None:
    outcome = invoked.outcomes["unknown"]
    assert (outcome.raised, outcome.files) == ("UsageError", {})
    assert "NOWHERE" in outcome.text


@pytest.mark.parametrize(
    ("name", "raised"), [("misspelt", "UsageError"), ("too many hops", "TooManyHopsError")]
)
def test_a_wrong_event_raises_before_any_call(invoked: Invoked, name: str, raised: str) -> None:
    outcome = invoked.outcomes[name]
    assert (outcome.raised, outcome.files, outcome.simulator.calls) == (raised, {}, [])


def test_the_hotels_are_listed(invoked: Invoked) -> None:
    outcome = invoked.outcomes["list"]
    assert outcome.answer == {"hotels": [{"hotelCode": code} for code in HOTELS], "count": 3}, outcome.text
    assert outcome.files == {}


def test_wrong_settings_raise_before_any_call(invoked: Invoked) -> None:
    outcome = invoked.outcomes["wrong setting"]
    assert (outcome.raised, outcome.simulator.calls) == ("SettingsError", [])
    assert "MAX_RETRIES" in outcome.text


def test_what_needs_a_person_is_answered_not_retried(invoked: Invoked) -> None:
    outcome = invoked.outcomes["one denied"]
    assert (outcome.answer["hotelCode"], outcome.answer["status"]) == ("HOTEL001", "failed"), outcome.raised
    assert "refused the key (401)" in outcome.answer["reason"]
    assert (outcome.registered, outcome.files) == ([], {})


def test_of_all_hotels_those_that_can_be_are_synced(invoked: Invoked) -> None:
    outcome = invoked.outcomes["some denied"]
    assert outcome.answer["status"] == "some failed"
    assert [(hotel["hotelCode"], hotel["status"]) for hotel in outcome.answer["hotels"]] == [
        ("HOTEL003", "failed"),
        ("HOTEL001", "done"),
        ("HOTEL002", "done"),
    ]
    assert outcome.registered == ["HOTEL001", "HOTEL002"]


def test_it_raises_where_no_hotel_was_synced(invoked: Invoked) -> None:
    outcome = invoked.outcomes["all denied"]
    assert (outcome.raised, outcome.registered) == ("HotelsFailedError", [])
    assert "None of 3 hotels was synced" in outcome.text


@pytest.mark.parametrize(
    ("name", "raised"), [("one out of time", "NoProgressError"), ("all out of time", "HotelsFailedError")]
)
def test_it_reads_nothing_new_45_seconds_before_its_end(invoked: Invoked, name: str, raised: str) -> None:
    outcome = invoked.outcomes[name]
    assert (outcome.raised, outcome.files, outcome.registered) == (raised, {}, [])
    assert "Stopped before the hotel was begun" in outcome.text
    assert list(outcome.folder.rglob("head.json")) == []
    assert not [call for call in outcome.simulator.calls if call.path.startswith("/rms-v2")]


def test_a_wait_beyond_its_time_is_answered_with_when_to_come_back(invoked: Invoked) -> None:
    outcome = invoked.outcomes["paced"]
    assert outcome.answer["status"] == "continue", outcome.text
    assert outcome.answer["notBefore"].endswith("Z")
    assert outcome.answer["hop"] == 1
    assert outcome.registered == []


def test_each_hotels_end_has_its_metrics(invoked: Invoked) -> None:
    ends = [line for line in invoked.log if line.get("event") in {"hotel_done", "hotel_failed"}]
    assert [(line["HotelCode"], line["Outcome"]) for line in invoked.metrics] == [
        (line["hotel_code"], line.get("outcome", "done")) for line in ends
    ]
    done = [line for line in invoked.metrics if line["HotelDone"]]
    assert len(done) == 9
    assert all(line["Calls"] > 10 and line["WatermarkAgeHours"] < 1 for line in done)
    assert {line["Environment"] for line in invoked.metrics} == {"dev"}


def test_nothing_private_is_answered_or_logged(invoked: Invoked) -> None:
    told = json.dumps([[outcome.answer, outcome.text] for outcome in invoked.outcomes.values()])
    for text in (told, json.dumps(invoked.log), json.dumps(invoked.metrics)):
        assert not [private for private in ("sesame", "example.org", "demo-host-key") if private in text]
