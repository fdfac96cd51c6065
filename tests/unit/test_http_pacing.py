"""The sliding window of a key."""

import threading

import pytest
from fakes import FakeClock
from http_doubles import Reply, request, world
from hypothesis import given, settings
from hypothesis import strategies as st

from host_pms.clients.pacing import Pacing
from host_pms.clients.window import Paces
from host_pms.errors import RateLimitedError

GOOD = Reply(200, b"{}")


def pacing(clock: FakeClock) -> Pacing:
    return Pacing(clock=clock, seconds_left=lambda: None, longest_pause=600)


def longest_run_in_a_window(times: list[float]) -> int:
    times = sorted(times)
    return max(sum(start <= time <= start + 61 for time in times) for start in times)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 5),
    st.lists(st.floats(0, 40, allow_nan=False), min_size=1, max_size=25),
)
def test_no_window_of_61_seconds_holds_more_calls_than_the_limit(limit: int, gaps: list[float]) -> None:
    clock = FakeClock()
    pace = pacing(clock)
    times = []
    for gap in gaps:
        clock.sleep(gap)
        pace.wait_turn("reading", "shared", calls_per_minute=limit)
        times.append(clock.monotonic())
    assert longest_run_in_a_window(times) <= limit


def test_the_wait_is_the_shortest_that_is_needed() -> None:
    clock = FakeClock()
    pace = pacing(clock)
    for gap in (0, 10, 10):
        clock.sleep(gap)
        pace.wait_turn("reading", "shared", calls_per_minute=3)
    assert clock.monotonic() == 1020
    pace.wait_turn("reading", "shared", calls_per_minute=3)
    assert clock.monotonic() == pytest.approx(1061, abs=0.01)
    pace.wait_turn("reading", "shared", calls_per_minute=3)
    assert clock.monotonic() == pytest.approx(1071, abs=0.01)


def test_200_calls_pass_at_once_and_the_next_waits() -> None:
    it = world(GOOD)
    for _ in range(200):
        it.sender.send(request(calls_per_minute=200))
    assert it.clock.sleeps == []
    it.sender.send(request(calls_per_minute=200))
    assert sum(it.clock.sleeps) == pytest.approx(61, abs=0.01)


def test_without_a_limit_nothing_waits() -> None:
    it = world(GOOD)
    for _ in range(500):
        it.sender.send(request(calls_per_minute=0))
    assert it.clock.sleeps == []


def test_every_try_counts_not_only_every_call() -> None:
    it = world(Reply(503, b""), GOOD, clock=FakeClock(jitter=0))
    it.sender.send(request(calls_per_minute=2))
    it.sender.send(request(calls_per_minute=2))
    assert sum(it.clock.sleeps) == pytest.approx(61, abs=0.01)


def test_calls_that_left_the_window_are_forgotten() -> None:
    clock = FakeClock()
    pace = pacing(clock)
    for _ in range(50):
        pace.wait_turn("reading", "shared", calls_per_minute=3)
    window = pace._paces.of("shared")._calls
    assert window is not None
    assert window.count() <= 3


def test_each_key_has_a_window_of_its_own() -> None:
    it = world(GOOD)
    for key in ("one", "two", "three"):
        it.sender.send(request(key=key, calls_per_minute=1))
    assert it.clock.sleeps == []


def test_a_window_that_opens_after_the_runs_end_is_a_later_runs() -> None:
    it = world(GOOD, seconds_left=lambda: 30.0)
    it.sender.send(request(calls_per_minute=1))
    with pytest.raises(RateLimitedError, match="rate limit"):
        it.sender.send(request(calls_per_minute=1))
    assert it.clock.sleeps == []


def test_threads_share_the_window_of_their_key() -> None:
    it = world(GOOD)
    threads = [
        threading.Thread(target=lambda: [it.sender.send(request(calls_per_minute=10)) for _ in range(10)])
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert it.calls == 60
    # 60 calls of 10 a window take 5 whole windows at least, however the threads took turns.
    assert max(it.upstream.times) - min(it.upstream.times) > 5 * 61


def test_calls_count_on_in_the_next_run_of_a_process() -> None:
    clock, paces = FakeClock(), Paces()
    for run in range(2):
        pace = Pacing(clock=clock, seconds_left=lambda: None, longest_pause=600, paces=paces)
        pace.wait_turn("reading", "shared", calls_per_minute=1)
        assert clock.monotonic() == pytest.approx(1000 + 61 * run, abs=0.01)
