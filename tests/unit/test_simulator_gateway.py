"""The gateway: a sliding window and a quota for every subscription key, and latency."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from simulator_client import PLAIN, Ticks, Waited, get

from host_pms.simulator.gateway import Latency, Quota, QuotaPeriod, RateLimit, SlidingWindow
from host_pms.simulator.server import Simulator

CONFIG = "/ExternalRms/Config"


class Limited:
    """A simulator with a limit, and the clock that its windows go by."""

    def __init__(self, **options: Any) -> None:
        self.ticks = Ticks()
        self.simulator = Simulator(
            hotels=2,
            bookings=1,
            host_keys={"HOTEL002": "second-key"},
            monotonic=self.ticks,
            wall=lambda: 1e9 + self.ticks.now,
            **options,
        )

    def call(self, **given: Any) -> httpx2.Response:
        return get(self.simulator, CONFIG, **given)

    def statuses(self, calls: int, **given: Any) -> list[int]:
        return [self.call(**given).status_code for _ in range(calls)]


@pytest.fixture
def limited(request: pytest.FixtureRequest) -> Iterator[Limited]:
    made = Limited(**request.param)
    with made.simulator:
        yield made


def given(**options: Any) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("limited", [options], indirect=True)


@given(rate_limit=RateLimit(calls=3))
def test_the_window_slides(limited: Limited) -> None:
    """Three a minute: every call is free again a minute after it was made, not when a minute turns."""
    admitted = []
    for second in (0, 10, 50, 55, 59.9, 60, 65, 70, 100, 110, 120):
        limited.ticks.now = second
        admitted.append(limited.call().status_code == 200)
    assert admitted == [True, True, True, False, False, True, False, True, False, True, True]


@given(rate_limit=RateLimit(calls=2, seconds=2.0))
def test_the_window_may_be_short(limited: Limited) -> None:
    assert limited.statuses(3) == [200, 200, 429]
    limited.ticks.now = 1.99
    assert limited.call().json()["message"] == "Rate limit is exceeded. Try again in 1 seconds."
    limited.ticks.now = 2
    assert limited.statuses(3) == [200, 200, 429]


@given(rate_limit=RateLimit(calls=1))
def test_a_refused_call_tells_the_wait_and_counts_for_nothing(limited: Limited) -> None:
    limited.call()
    for second, wait in [(0, "60"), (29.5, "31"), (59.5, "1")]:
        limited.ticks.now = second
        answer = limited.call()
        assert answer.status_code == 429
        assert answer.headers["Retry-After"] == wait
        message = f"Rate limit is exceeded. Try again in {wait} seconds."
        assert answer.json() == {"statusCode": 429, "message": message}
    limited.ticks.now = 60
    assert limited.call().status_code == 200


@given(rate_limit=RateLimit(calls=2))
def test_every_key_has_a_window_of_its_own_for_all_calls(limited: Limited) -> None:
    assert limited.call(hotelCode="HOTEL001").status_code == 200
    assert get(limited.simulator, "/ExternalRms/Nothing").status_code == 404
    assert limited.statuses(2) == [429, 429]
    assert limited.statuses(3, hotelCode="HOTEL002", key="second-key") == [200, 200, 429]


@given(rate_limit=RateLimit(calls=1), quota=Quota(calls=1))
def test_a_wrong_key_is_refused_and_not_counted(limited: Limited) -> None:
    assert limited.statuses(3, key="wrong") == [401, 401, 401]
    assert limited.statuses(2) == [200, 429]


@given(rate_limit=RateLimit(calls=1))
def test_the_esb_and_the_simulators_own_calls_have_no_limit(limited: Limited) -> None:
    simulator = limited.simulator
    for _ in range(3):
        headers = {"X-API-Key": simulator.esb_key}
        assert httpx2.get(f"{simulator.esb_url}/hotels", headers=headers, verify=PLAIN).status_code == 200
        assert httpx2.get(f"{simulator.url}/simulator/clock", verify=PLAIN).status_code == 200


TEXT = "Rate limit is exceeded. Try again in 60 seconds."
FORMS = {
    "seconds": ("60", TEXT),
    "date": ("Sun, 09 Sep 2001 01:47:40 GMT", TEXT),
    "none": (None, TEXT),
    "maximum": (None, "maximum admitted 1 per Minute"),
}


@pytest.mark.parametrize(
    ("limited", "form"),
    [({"rate_limit": RateLimit(calls=1, retry_after=form)}, form) for form in FORMS],
    indirect=["limited"],
)
def test_how_the_wait_is_told(limited: Limited, form: str) -> None:
    limited.call()
    answer = limited.call()
    assert (answer.headers.get("Retry-After"), answer.json()["message"]) == FORMS[form]


@given(rate_limit=RateLimit(calls=1, retry_after="mixed"))
def test_the_wait_is_told_each_way_in_turn(limited: Limited) -> None:
    limited.call()
    answers = [limited.call() for _ in range(5)]
    told = [(answer.headers.get("Retry-After"), answer.json()["message"]) for answer in answers]
    assert told == [*FORMS.values(), FORMS["seconds"]]


@given(rate_limit=RateLimit(calls=1, seconds=2.5, retry_after="date"))
def test_a_date_is_never_too_early(limited: Limited) -> None:
    limited.ticks.now = 0.9
    limited.call()
    limited.ticks.now = 1.0  # asked to wait for 2.4 s, until 3.4
    assert limited.call().headers["Retry-After"] == "Sun, 09 Sep 2001 01:46:44 GMT"


def test_the_maximum_names_its_window() -> None:
    assert RateLimit(calls=200).maximum == "200 per Minute"
    assert RateLimit(calls=20, seconds=2.0).maximum == "20 per 2 Seconds"


@given(quota=Quota(calls=2, seconds=86_400))
def test_a_quota_lasts_for_a_period(limited: Limited) -> None:
    assert limited.statuses(2) == [200, 200]
    limited.ticks.now = 86_400 - (3600 + 23 * 60 + 44.5)
    answer = limited.call()
    assert answer.status_code == 403
    assert answer.json() == {
        "statusCode": 403,
        "message": "Out of call volume quota. Quota will be replenished in 01:23:45.",
    }
    limited.ticks.now = 86_400
    assert limited.statuses(3) == [200, 200, 403]


def test_a_quota_of_days_is_told_in_days() -> None:
    limited = Limited(quota=Quota(calls=0, seconds=2 * 86_400 + 1))
    with limited.simulator:
        assert limited.call().json()["message"].endswith("in 2.00:00:01.")


def test_windows_and_periods_by_themselves() -> None:
    window, period = (
        SlidingWindow(RateLimit(calls=2, seconds=10)),
        QuotaPeriod(Quota(calls=1, seconds=10)),
    )
    assert [window.wait(now) for now in (0, 3, 5, 9.5, 10, 10, 13)] == [0, 0, 5, 0.5, 0, 3, 0]
    assert [period.wait(now) for now in (4, 4, 13, 14, 23)] == [0, 10, 1, 0, 1]


def test_a_window_never_admits_more_than_it_may() -> None:
    window = SlidingWindow(RateLimit(calls=20, seconds=100))
    admitted = [now for now in range(1000) if not window.wait(now)]
    assert len(admitted) == 200
    assert max(sum(end - 100 < call <= end for call in admitted) for end in admitted) == 20


def test_calls_take_longer_by_the_latency_and_a_jitter_from_the_seed() -> None:
    def waited(seed: int, latency: Latency) -> list[float]:
        waits = Waited()
        with Simulator(hotels=1, bookings=1, seed=seed, latency=latency, pause=waits) as simulator:
            for _ in range(5):
                get(simulator, CONFIG)
        return waits.seconds

    assert waited(1, Latency(seconds=0.05)) == [0.05] * 5
    jittery = waited(1, Latency(seconds=0.05, jitter=0.02))
    assert all(0.05 <= seconds <= 0.07 for seconds in jittery)
    assert len(set(jittery)) == 5
    assert waited(1, Latency(seconds=0.05, jitter=0.02)) == jittery
    assert waited(2, Latency(seconds=0.05, jitter=0.02)) != jittery
