"""The limit of a key is kept and used, and a 429 holds all its workers; in virtual time, over real HTTP."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Semaphore

import pytest
from fakes import FakeClock
from pydantic import SecretStr
from virtual_clock import VirtualClock

from host_pms.bootstrap import application
from host_pms.clock import Stop
from host_pms.config.settings import Settings, given_settings
from host_pms.errors import StoppedError
from host_pms.events import Event, EventName
from host_pms.services.fleet import HotelResult, Outcome, sync_fleet
from host_pms.services.lookahead import Lookahead
from host_pms.services.window import BEGINNING, Asked
from host_pms.simulator.calls import Call
from host_pms.simulator.gateway import RateLimit
from host_pms.simulator.server import Simulator

LIMIT, WINDOW = 8, 60.0
ENDS = {EventName.HOTEL_DONE, EventName.HOTEL_FAILED}


class TimedCalls(list[Call]):
    """The simulator's calls, each with the time at which it was answered."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__()
        self._clock = clock
        self.times: list[float] = []

    def append(self, call: Call) -> None:
        self.times.append(self._clock.monotonic())
        super().append(call)

    def to_host(self) -> list[tuple[float, int | None]]:
        pairs = zip(self.times, self, strict=True)
        return [(time, call.status) for time, call in pairs if call.path.startswith("/rms-v2")]


@dataclass(frozen=True)
class Synced:
    results: Sequence[HotelResult]
    host_calls: Sequence[tuple[float, int | None]]


class StandingClock(FakeClock):
    """Time that does not pass: who waits for his turn waits until he gives up."""

    def __init__(self) -> None:
        super().__init__()
        self.waits = Semaphore(0)
        self.tired = False

    def sleep(self, seconds: float) -> None:
        assert seconds
        self.waits.release()
        if self.waits._value > 100_000:
            self.tired = True
            raise StoppedError("nobody gives up")


def sync(folder: Path, *, hotels: int, threads: int, paced_at: int, faults: Sequence[str] = ()) -> Synced:
    clock = VirtualClock(threads)
    simulator = Simulator(
        hotels=hotels,
        bookings=100,
        rate_limit=RateLimit(calls=LIMIT, seconds=WINDOW),
        faults=faults,
        monotonic=clock.monotonic,
        wall=lambda: clock.now().timestamp(),
    )
    simulator.calls = calls = TimedCalls(clock)
    finished: list[str] = []

    def leave_at_the_end(event: Event) -> None:
        if event.name in ENDS and event.hotel_code is not None:
            finished.append(event.hotel_code)
            # A worker takes the next hotel as long as there is one.
            if len(finished) > hotels - threads:
                clock.leave()

    with simulator:
        given = settings(simulator, folder, paced_at=paced_at)
        with application(given, Stop(), leave_at_the_end, dry_run=False, clock=clock, pages_ahead=0) as wired:
            codes = list(simulator.hotels)
            results = sync_fleet(codes, Asked(), wired.policy, wired.world, at_once=threads)
    return Synced(results=results, host_calls=calls.to_host())


def settings(simulator: Simulator, folder: Path, *, paced_at: int) -> Settings:
    return given_settings(
        storage="local",
        local_root=folder,
        host_api_base_url=simulator.host_url,
        host_api_subscription_key=SecretStr(simulator.host_key),
        host_api_rate_limit=paced_at,
        esb_base_url=simulator.esb_url,
        esb_api_key=SecretStr(simulator.esb_key),
    )


@pytest.mark.parametrize(("hotels", "threads"), [(1, 1), (3, 1), (8, 8), (5, 3)])
def test_the_limit_is_never_passed_and_nine_tenths_of_it_are_used(
    hotels: int, threads: int, tmp_path: Path
) -> None:
    synced = sync(tmp_path, hotels=hotels, threads=threads, paced_at=LIMIT)
    assert all(result.outcome is Outcome.DONE for result in synced.results)
    assert [status for _, status in synced.host_calls if status != 200] == []
    times = [time for time, _ in synced.host_calls]
    at_best = (len(times) - 1) // LIMIT * WINDOW
    assert at_best > 0
    assert at_best / (max(times) - min(times)) >= 0.9


@pytest.mark.parametrize("form", ["", "/date", "/none"])
def test_after_a_429_every_worker_of_the_key_waits(form: str, tmp_path: Path) -> None:
    pause = 7.0
    fault = f"throttle=7s{form}@call=30"
    synced = sync(tmp_path, hotels=4, threads=4, paced_at=LIMIT, faults=[fault])
    assert all(result.outcome is Outcome.DONE for result in synced.results)
    throttled = [time for time, status in synced.host_calls if status == 429]
    assert len(throttled) == 1
    after = [time for time, _ in synced.host_calls if time > throttled[0]]
    assert min(after) - throttled[0] >= (0.5 if form == "/none" else pause - 1)


def test_without_pacing_429s_are_obeyed_and_nothing_is_lost(tmp_path: Path) -> None:
    synced = sync(tmp_path, hotels=4, threads=4, paced_at=0)
    assert all(result.outcome is Outcome.DONE for result in synced.results)
    windows = (max(time for time, _ in synced.host_calls) - 1000.0) / WINDOW
    refused = sum(1 for _, status in synced.host_calls if status == 429)
    # Each worker may run into the end of a window once; then all of them wait.
    assert 0 < refused <= 4 * (windows + 1)


def test_the_end_waits_for_no_page_that_was_dropped_while_it_waited_for_its_turn(tmp_path: Path) -> None:
    clock = StandingClock()
    with Simulator(hotels=1, bookings=1000) as simulator:
        (code,) = simulator.hotels
        given = settings(simulator, tmp_path, paced_at=1)
        with application(given, Stop(), lambda _event: None, dry_run=False, clock=clock) as wired:
            pages = Lookahead(
                fetch=lambda _start: b"",
                fetch_ahead=lambda start, wanted: wired.world.pms.ahead(wanted).reservations(
                    code, BEGINNING, start
                ),
                ahead=wired.world.ahead,
            )
            pages.answer(0, [99, 198, 297, 396])
            assert clock.waits.acquire(timeout=30)
            pages.drop()
        assert not clock.tired
        assert len(simulator.calls) == 1
