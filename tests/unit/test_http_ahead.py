"""Calls that are made ahead of their turn: one try, no retry, and no wait but for the key's limit."""

import threading

import httpx2
import pytest
from fakes import FakeClock
from http_doubles import Reply, World, request, world

from host_pms.errors import AccessDeniedError, RateLimitedError, StoppedError, TransientError

GOOD = Reply(200, b"{}")
THROTTLED = Reply(429, b"Rate limit is exceeded. Try again in 40 seconds.")


def wanted() -> bool:
    return True


def not_wanted() -> bool:
    return False


def ahead_fails(it: World) -> None:
    with pytest.raises(TransientError):
        it.sender.send_ahead(request(), wanted)


@pytest.mark.parametrize("failure", [Reply(503, b""), httpx2.ConnectError("no"), Reply(200, b""), THROTTLED])
def test_one_that_fails_is_not_tried_again_and_waits_for_nothing(failure: Reply | Exception) -> None:
    it = world(failure, GOOD)
    ahead_fails(it)
    assert (it.calls, it.clock.sleeps) == (1, [])
    assert it.sender.counts("shared").retries == 0


def test_failures_ahead_leave_all_retries_to_the_calls_that_are_needed() -> None:
    """The budget is 10 retries for a host; 30 failures ahead take none of them."""
    it = world(*[Reply(503, b"")] * 33, GOOD)
    for _ in range(30):
        ahead_fails(it)
    assert it.sender.send(request()).body == b"{}"
    assert it.calls == 34
    assert it.sender.counts("shared").retries == 3


def test_a_throttle_ahead_pauses_its_key_and_nobody_ahead_sleeps_it_out() -> None:
    it = world(THROTTLED, GOOD)
    ahead_fails(it)
    for _ in range(5):
        ahead_fails(it)
    assert (it.calls, it.clock.sleeps) == (1, [])
    it.sender.send(request())
    assert sum(it.clock.sleeps) == pytest.approx(40, abs=0.01)
    assert it.calls == 2
    assert it.sender.send_ahead(request(), wanted).body == b"{}"


def test_a_spent_quota_is_not_called_for_ahead() -> None:
    it = world(Reply(403, b"Out of call volume quota. Quota will be replenished in 01:00:00."), GOOD)
    with pytest.raises(RateLimitedError):
        it.sender.send_ahead(request(), wanted)
    ahead_fails(it)
    assert (it.calls, it.clock.sleeps) == (1, [])


def test_a_refused_key_is_told_at_once() -> None:
    it = world(Reply(401, b""))
    with pytest.raises(AccessDeniedError):
        it.sender.send_ahead(request(), wanted)


def test_what_is_not_wanted_any_more_is_not_called_for_and_takes_no_place_of_the_limit() -> None:
    it = world(GOOD)
    for _ in range(5):
        with pytest.raises(TransientError):
            it.sender.send_ahead(request(calls_per_minute=1), not_wanted)
    assert it.calls == 0
    it.sender.send(request(calls_per_minute=1))
    assert it.clock.sleeps == []


def test_a_call_ahead_waits_for_its_place_within_the_limit() -> None:
    it = world(GOOD)
    for _ in range(3):
        it.sender.send_ahead(request(calls_per_minute=2), wanted)
    assert it.upstream.times[2] - it.upstream.times[0] == pytest.approx(61, abs=0.2)


def test_one_that_waits_for_its_place_stops_within_a_tenth_of_a_second_of_being_dropped() -> None:
    it = world(GOOD)
    it.sender.send(request(calls_per_minute=1))
    before = it.clock.monotonic()
    with pytest.raises(TransientError, match="needs"):
        it.sender.send_ahead(request(calls_per_minute=1), lambda: it.clock.monotonic() - before < 5)
    assert it.clock.monotonic() - before == pytest.approx(5, abs=0.11)
    assert it.calls == 1


def test_a_place_that_comes_free_only_after_the_runs_end_is_not_waited_for() -> None:
    it = world(GOOD, seconds_left=lambda: 30.0)
    it.sender.send(request(calls_per_minute=1))
    with pytest.raises(TransientError):
        it.sender.send_ahead(request(calls_per_minute=1), wanted)
    assert it.clock.sleeps == []


class StoppingClock(FakeClock):
    """A sleep ends with the run."""

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        raise StoppedError("stop")


def test_a_stop_ends_the_wait() -> None:
    it = world(GOOD, clock=StoppingClock())
    it.sender.send(request(calls_per_minute=1))
    with pytest.raises(StoppedError):
        it.sender.send_ahead(request(calls_per_minute=1), wanted)
    assert len(it.clock.sleeps) == 1


def test_calls_ahead_and_needed_ones_share_the_window_of_their_key() -> None:
    it = world(GOOD)

    def ahead() -> None:
        for _ in range(10):
            it.sender.send_ahead(request(calls_per_minute=10), wanted)

    def needed() -> None:
        for _ in range(10):
            it.sender.send(request(calls_per_minute=10))

    threads = [threading.Thread(target=target) for target in (ahead, needed) * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert it.calls == 40
    # 40 calls of 10 a window take 3 whole windows at least.
    assert max(it.upstream.times) - min(it.upstream.times) > 3 * 61
