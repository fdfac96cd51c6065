"""How often a call is tried, and how long between."""

from dataclasses import replace

import pytest
from fakes import FakeClock
from http_doubles import Reply, request, world

from host_pms.clients.counts import CallCounts
from host_pms.clients.retry import RetryBudget, backoff
from host_pms.errors import TransientError

DOWN = Reply(503, b"")
GOOD = Reply(200, b"{}")


def test_the_backoff_doubles_from_half_a_second_with_full_jitter() -> None:
    it = world(DOWN, clock=FakeClock(jitter=0.25))
    with pytest.raises(TransientError, match="tries: 4"):
        it.sender.send(request())
    assert it.clock.uppers[:3] == [0.5, 1.0, 2.0]
    assert it.clock.sleeps == [0.125, 0.25, 0.5]


def test_the_backoff_is_capped_at_30_seconds() -> None:
    clock = FakeClock()
    assert [backoff(clock, failures) for failures in (1, 6, 7, 8, 5000)] == [0.5, 16.0, 30.0, 30.0, 30.0]


@pytest.mark.parametrize("retries", [0, 1, 5])
def test_there_are_as_many_retries_as_were_set(retries: int) -> None:
    it = world(DOWN, max_retries=retries)
    with pytest.raises(TransientError):
        it.sender.send(request())
    assert it.calls == retries + 1


def test_a_put_and_its_body_go_out_the_same_on_every_try() -> None:
    it = world(DOWN, DOWN, GOOD)
    it.sender.send(replace(request(), method="PUT", json=b'{"lastImportDate": null}'))
    sent = [(out.method, out.read(), out.headers["Content-Type"]) for out in it.upstream.requests]
    assert sent == [("PUT", b'{"lastImportDate": null}', "application/json")] * 3


def test_a_backoff_longer_than_the_time_left_is_not_begun() -> None:
    it = world(DOWN, seconds_left=lambda: 0.75)
    with pytest.raises(TransientError):
        it.sender.send(request())
    assert it.clock.sleeps == [0.5]
    assert it.calls == 2


def test_a_throttle_spends_no_retry_and_no_backoff() -> None:
    throttle = Reply(429, b"", {"Retry-After": "2"})
    it = world(DOWN, throttle, DOWN, throttle, DOWN, throttle, GOOD)
    it.sender.send(request())
    assert it.calls == 7
    assert it.clock.uppers == [0.5, 1.0, 2.0]
    assert it.sender.counts("shared") == CallCounts(calls=7, retries=3, throttles=3)


def test_the_counts_are_kept_by_account() -> None:
    it = world(DOWN, GOOD)
    it.sender.send(request(account="HOTEL001"))
    it.sender.send(request(account="HOTEL002"))
    assert it.sender.counts("HOTEL001") == CallCounts(calls=2, retries=1)
    assert it.sender.counts("HOTEL002") == CallCounts(calls=1)
    assert it.sender.counts("HOTEL003") == CallCounts()


def test_a_host_that_is_down_gets_ten_retries_and_then_one_try_a_call() -> None:
    it = world(DOWN)
    for _ in range(20):
        with pytest.raises(TransientError):
            it.sender.send(request())
    assert it.calls == 20 + 10
    other = request(url="https://esb.example.org/hotels")
    with pytest.raises(TransientError, match="tries: 4"):
        it.sender.send(other)


def test_a_long_run_has_more_than_ten_retries() -> None:
    it = world(*[GOOD] * 300, DOWN)
    for _ in range(300):
        it.sender.send(request())
    for _ in range(5):
        with pytest.raises(TransientError, match="tries: 4"):
            it.sender.send(request())


@pytest.mark.parametrize(("calls", "retries"), [(0, 10), (100, 10), (101, 10), (111, 11), (1000, 99)])
def test_the_retries_stay_under_a_tenth_of_the_calls_but_may_be_ten(calls: int, retries: int) -> None:
    budget = RetryBudget()
    for _ in range(calls):
        budget.count_call("api.example.org")
    assert sum(budget.take("api.example.org") for _ in range(1000)) == retries
