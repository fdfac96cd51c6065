"""The handler under AWS's runtime client, on an emulated platform: what it keeps, and what it survives."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from commands import PATIENCE, variables
from lambda_emulator import MISSING, Answered, Function, function

from host_pms.simulator.calls import Call
from host_pms.simulator.gateway import Latency
from host_pms.simulator.server import Simulator

pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)

CODE = "HOTEL001"
ENOUGH = 120
"""Seconds that a function may run for, of which it uses a few."""

SHORT = 48
"""Of these the function leaves the last 45 alone."""

SLOW = 0.45
GRID_WINDOWS = 10
"""They are asked for one after the other, so they alone take longer than a short function has.

And with what comes before them, longer than it and one that is ended after two seconds have together.
"""


class Watched(list[Call]):
    """The simulator's calls; `in_the_grid` is set once Host was asked for a part of it."""

    def __init__(self) -> None:
        super().__init__()
        self.in_the_grid = Event()

    def append(self, call: Call) -> None:
        super().append(call)
        if "InventoryGrid" in call.path:
            self.in_the_grid.set()


@dataclass(frozen=True, kw_only=True)
class SlowHotel:
    """A hotel that takes some seconds to read, and where its files go."""

    simulator: Simulator
    calls: Watched
    folder: Path

    def function(
        self, *, seconds: int, handler: str = "src.main.lambda_handler"
    ) -> AbstractContextManager[Function]:
        given = variables(
            self.simulator,
            LOCAL_ROOT=str(self.folder / "data"),
            LEASE_TTL="3s",
            INVENTORY_HORIZON_DAYS=str(30 * GRID_WINDOWS - 1),
        )
        return function(self.folder, given, seconds=seconds, handler=handler)

    @property
    def runs(self) -> list[str]:
        """The timestamps of what was registered, three files each."""
        keys = [registration.body["fileKey"] for registration in self.simulator.esb.registrations]
        return [key.rpartition("-")[2].removesuffix(".json") for key in keys]


@contextmanager
def slow_hotel(folder: Path, latency: float = SLOW) -> Iterator[SlowHotel]:
    simulator = Simulator(hotels=1, bookings=10, latency=Latency(seconds=latency))
    simulator.calls = calls = Watched()
    with simulator:
        yield SlowHotel(simulator=simulator, calls=calls, folder=folder)


@contextmanager
def warm(function: AbstractContextManager[Function]) -> Iterator[Function]:
    """A function after its cold start, which counts as time of the first call."""
    with function as called:
        assert called.call({"action": "list"}).body["count"] == 1
        yield called


def event(hop: int) -> dict[str, Any]:
    return {"hotelCode": CODE, "hop": hop}


def until_done(called: Function, hop: int) -> list[dict[str, Any]]:
    """The answers of one call after the other, as a state machine makes them."""
    answers: list[dict[str, Any]] = []
    while not answers or (answers[-1]["status"] == "continue" and len(answers) < 20):
        answers.append(called.call(event(answers[-1]["hop"] if answers else hop)).body)
    return answers


def told(lines: Sequence[dict[str, Any]], name: str, field: str) -> list[Any]:
    return [line[field] for line in lines if line.get("event") == name]


def assert_refused(answered: Answered, error: str, text: str) -> None:
    body = answered.body
    assert (body["errorType"], text in body["errorMessage"]) == (error, True), body
    assert "\n" not in body["errorMessage"]
    assert len(body["errorMessage"]) < 250


def test_one_cold_start_serves_many_calls(tmp_path: Path) -> None:
    with Simulator(hotels=2, bookings=10) as simulator:
        given = variables(simulator, LOCAL_ROOT=str(tmp_path / "data"))
        with function(tmp_path, given, seconds=ENOUGH) as called:
            assert called.process is None
            first = called.call({"hotelCode": CODE})
            process = called.process
            second = called.call({"hotelCode": "HOTEL002", "hop": 4})
            listed = called.call({"action": "list"})
            assert_refused(called.call(None), "UsageError", "is not understood")
            assert_refused(called.call({"hotelCode": "A" * 5_900_000}), "UsageError", "is no hotel code")
            assert_refused(called.call(b'{"hotelCode": "HOTEL'), "Runtime.UnmarshalError", "Unable to")
            assert_refused(called.call(event(101)), "TooManyHopsError", "not done after 100 hops")
            assert called.process == process
            lines = called.lines()
    answers = [first.body, second.body]
    assert [(answer["hotelCode"], answer["status"], answer["hop"]) for answer in answers] == [
        (CODE, "done", 0),
        ("HOTEL002", "done", 4),
    ]
    assert listed.body == {"hotels": [{"hotelCode": CODE}, {"hotelCode": "HOTEL002"}], "count": 2}
    metrics = [line for line in lines if "_aws" in line]
    assert [(line["HotelCode"], line["HotelDone"]) for line in metrics] == [(CODE, 1), ("HOTEL002", 1)]
    # Each line has the calls of its own run, although the process counts on.
    to_host = [call for call in simulator.calls if call.path.startswith("/rms-v2")]
    assert sum(line["Calls"] for line in metrics) == len(to_host)


def test_it_answers_before_its_time_is_up_and_goes_on_in_the_next_call(tmp_path: Path) -> None:
    with slow_hotel(tmp_path) as slow, warm(slow.function(seconds=SHORT)) as called:
        answers = until_done(called, 0)
        lines = called.lines()
    statuses = [(answer["status"], answer["hop"]) for answer in answers]
    hops = len(answers) - 1
    assert hops > 0
    assert statuses == [*(("continue", hop) for hop in range(1, hops + 1)), ("done", hops)], answers
    (run, *_) = told(lines, "run_opened", "run")
    assert told(lines, "run_resumed", "run") == [run] * hops
    assert slow.runs[:3] == [run] * 3


def test_after_a_time_out_the_next_call_goes_on_from_what_was_kept(tmp_path: Path) -> None:
    with slow_hotel(tmp_path) as slow, warm(slow.function(seconds=SHORT)) as called:
        first = called.call(event(0))
        assert first.body["status"] == "continue", first.text
        with slow.function(seconds=2, handler="late_function.handler") as late:
            late.call({"action": "list"})  # its cold start, whether that times out or not
            timed_out = late.call(event(1))
            assert late.process is None
            (kept,) = told(late.lines(), "run_resumed", "count")
        answers = until_done(called, 1)
        lines = called.lines()
    assert timed_out.text == "Task timed out after 2.00 seconds"
    assert answers[-1]["status"] == "done", answers
    (run, *_) = told(lines, "run_opened", "run")
    assert set(told(lines, "run_resumed", "run")) == {run}
    assert min(told(lines, "run_resumed", "count")) >= kept > 0
    assert slow.runs[:3] == [run] * 3


def test_after_a_crash_the_next_call_goes_on(tmp_path: Path) -> None:
    with (
        slow_hotel(tmp_path, latency=SLOW / 3) as slow,
        slow.function(seconds=ENOUGH) as called,
        ThreadPoolExecutor(max_workers=1) as threads,
    ):
        crashing = threads.submit(called.call, event(0))
        assert slow.calls.in_the_grid.wait(PATIENCE)
        crashed = called.process
        called.kill()
        assert crashing.result().body["errorType"] == "Runtime.ExitError"
        answer = called.call(event(0))
        assert called.process != crashed
        lines = called.lines()
    assert answer.body["status"] == "done", answer.text
    (run, *_) = told(lines, "run_opened", "run")
    assert told(lines, "run_resumed", "run")[0] == run
    assert slow.runs[:3] == [run] * 3
