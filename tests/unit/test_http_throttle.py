"""Throttles and quotas: how long, for whom, and when it is too long."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from fakes import FakeClock
from http_doubles import Reply, request, world
from hypothesis import given
from hypothesis import strategies as st

from host_pms.clients.gateway import asked_wait, quota_wait
from host_pms.clients.limits import Limits
from host_pms.errors import RateLimitedError

NOW = datetime(2024, 1, 15, 10, 30, 45, tzinfo=UTC)
LIMIT_TEXT = b'{"statusCode": 429, "message": "Rate limit is exceeded. Try again in 7 seconds."}'
GOOD = Reply(200, b"{}")


@pytest.mark.parametrize(
    ("headers", "text", "seconds"),
    [
        ({"Retry-After": "7"}, "", 7),
        ({"Retry-After": " 7.5 "}, "", 7.5),
        ({}, "Rate limit is exceeded. Try again in 7 seconds.", 7),
        ({}, "TRY AGAIN IN 1 SECOND", 1),
        ({"Retry-After": "3"}, "Try again in 7 seconds.", 7),
        ({"Retry-After": "9"}, "Try again in 7 seconds.", 9),
        ({"Retry-After": "Mon, 15 Jan 2024 10:31:05 GMT"}, "", 20),
        ({"Retry-After": "Mon, 15 Jan 2024 10:31:05 -0000"}, "", 20),
        ({"Retry-After": "Monday, 15-Jan-24 10:31:05 GMT"}, "", 20),
        ({"Retry-After": "Mon, 15 Jan 2024 11:31:05 +0100"}, "", 20),
        ({"Retry-After": "Mon, 15 Jan 2024 12:00:10 GMT", "Date": "Mon, 15 Jan 2024 12:00:00 GMT"}, "", 10),
        ({"Retry-After": "Mon, 15 Jan 2024 10:31:05 GMT", "Date": "yesterday"}, "", 20),
        ({"Retry-After": "Mon, 15 Jan 2024 10:30:00 GMT"}, "", 0),
        ({"Retry-After": "soon"}, "", None),
        ({"Retry-After": "-5"}, "", None),
        ({"Retry-After": "\u0667"}, "", None),
        ({"Retry-After": "Mon, 15 Jan 2024 10:31:05 +99999999999999999999"}, "", None),
        ({"Retry-After": "9" * 400}, "", 31 * 86_400),
        ({}, "maximum admitted 200 per Minute", None),
        ({}, "", None),
    ],
)
def test_how_long_a_429_asks_to_wait(headers: dict[str, str], text: str, seconds: float | None) -> None:
    assert asked_wait(headers, text, NOW) == seconds


@given(st.text(), st.text(), st.text())
def test_no_header_and_no_text_breaks_the_reader(after: str, date: str, text: str) -> None:
    headers = {"Retry-After": after, "Date": date}
    for read in (asked_wait, quota_wait):
        seconds = read(headers, text, NOW)
        assert seconds is None or 0 <= seconds <= 31 * 86_400


@pytest.mark.parametrize(
    ("headers", "text", "seconds"),
    [
        ({}, "Out of call volume quota. Quota will be replenished in 01:23:45.", 5025),
        ({}, "Quota will be replenished in 2.01:00:00.", 2 * 86_400 + 3600),
        ({}, "Quota will be replenished in 00:00:07.1234567.", 7),
        ({"Retry-After": "6000"}, "Quota will be replenished in 01:23:45.", 6000),
        ({}, "Out of call volume quota.", None),
    ],
)
def test_when_a_quota_is_replenished(headers: dict[str, str], text: str, seconds: float | None) -> None:
    assert quota_wait(headers, text, NOW) == seconds


@pytest.mark.parametrize(
    ("reply", "seconds"),
    [
        (Reply(429, LIMIT_TEXT), 7),
        (Reply(200, LIMIT_TEXT), 7),
        (Reply(429, b"", {"Retry-After": "90"}), 90),
        (Reply(429, b"", {"Retry-After": "0"}), 1),
        (Reply(429, (b"x" * 9, b"y"), {"Retry-After": "4", "Content-Length": "99"}), 4),
        (Reply(429, b"no gzip", {"Retry-After": "4", "Content-Encoding": "gzip"}), 4),
        (Reply(429, b""), 1),
    ],
)
def test_a_429_is_waited_out_in_full_and_the_call_goes_on(reply: Reply, seconds: float) -> None:
    it = world(reply, GOOD)
    assert it.sender.send(request()).body == b"{}"
    assert sum(it.clock.sleeps) == pytest.approx(seconds)


def test_without_a_hint_the_pauses_grow_like_the_backoff_but_not_below_a_second() -> None:
    it = world(*[Reply(429, b"")] * 8, GOOD)
    it.sender.send(request())
    gaps = [later - earlier for earlier, later in zip(it.upstream.times, it.upstream.times[1:], strict=False)]
    assert gaps == pytest.approx([1, 1, 2, 4, 8, 16, 30, 30])


def test_a_429_longer_than_the_time_left_ends_the_call_at_once_and_says_until_when() -> None:
    it = world(Reply(429, LIMIT_TEXT), seconds_left=lambda: 6.5)
    with pytest.raises(RateLimitedError, match="not be used before 2024-01-15 10:30:52 UTC") as limited:
        it.sender.send(request())
    assert limited.value.not_before == NOW + timedelta(seconds=7)
    assert it.clock.sleeps == []


def test_a_run_that_is_told_to_stop_does_not_sleep_out_its_pause() -> None:
    left = iter([60.0, 60.0, 0.0])
    it = world(Reply(429, b"", {"Retry-After": "50"}), seconds_left=lambda: next(left))
    with pytest.raises(RateLimitedError):
        it.sender.send(request())
    assert it.clock.sleeps == [1.0, 1.0]


def test_a_key_that_never_recovers_is_given_up_after_the_longest_pause() -> None:
    it = world(Reply(429, b"", {"Retry-After": "25"}), limits=Limits(throttle_seconds=60))
    with pytest.raises(RateLimitedError):
        it.sender.send(request())
    assert it.calls == 3
    assert sum(it.clock.sleeps) == 50


def test_a_wait_of_an_hour_is_a_later_runs() -> None:
    it = world(Reply(429, b"", {"Retry-After": "3600"}))
    with pytest.raises(RateLimitedError) as limited:
        it.sender.send(request())
    assert limited.value.not_before == NOW + timedelta(hours=1)
    assert it.clock.sleeps == []


def test_a_spent_quota_is_final_for_every_call_with_that_key_and_says_when() -> None:
    spent = Reply(
        403,
        b'{"statusCode":403,"message":"Out of call volume quota. Quota will be replenished in 01:23:45."}',
    )
    it = world(spent, GOOD)
    for _ in range(2):
        with pytest.raises(RateLimitedError, match=r"quota is spent.*2024-01-15 11:54:30") as limited:
            it.sender.send(request())
        assert limited.value.not_before == NOW + timedelta(hours=1, minutes=23, seconds=45)
    assert it.calls == 1
    assert it.sender.send(request(key="another")).status == 200
    it.clock.sleep(5025)
    assert it.sender.send(request()).status == 200


def test_a_quota_that_does_not_say_when_is_looked_at_again_after_an_hour() -> None:
    with pytest.raises(RateLimitedError) as limited:
        world(Reply(403, b"Out of QUOTA")).sender.send(request())
    assert limited.value.not_before == NOW + timedelta(hours=1)


def test_a_403_whose_reason_broke_off_is_asked_again() -> None:
    it = world(Reply(403, b"{", {"Content-Length": "90"}), GOOD)
    assert it.sender.send(request()).status == 200


class WaitingClock(FakeClock):
    """Tells when somebody has begun to wait."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting = threading.Event()

    def sleep(self, seconds: float) -> None:
        self.waiting.set()
        super().sleep(seconds)


def test_all_threads_of_a_key_wait_for_what_one_of_them_was_told() -> None:
    clock = WaitingClock()
    it = world(Reply(429, LIMIT_TEXT), GOOD, clock=clock)
    threads = [threading.Thread(target=it.sender.send, args=(request(),)) for _ in range(8)]
    threads[0].start()
    assert clock.waiting.wait(10)
    for thread in threads[1:]:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert it.calls == 9
    first, *others = it.upstream.times
    assert min(others) >= first + 7


def test_another_key_does_not_wait() -> None:
    it = world(Reply(429, LIMIT_TEXT), GOOD, seconds_left=lambda: 1.0)
    with pytest.raises(RateLimitedError):
        it.sender.send(request(key="one"))
    it.sender.send(request(key="two"))
    assert it.clock.sleeps == []
