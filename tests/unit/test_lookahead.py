"""Pages that are fetched ahead: which, in what order, and what becomes of those nobody asks for."""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from host_pms.errors import AccessDeniedError, ConnectorError, RateLimitedError, StoppedError, TransientError
from host_pms.ports import Wanted
from host_pms.services.lookahead import Ahead, Lookahead, Room


class ByHand(Executor):
    """Runs what was submitted when its result is first asked for, or when `run` says so."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def submit(self, call: Callable[..., Any], /, *given: Any, **named: Any) -> Future[Any]:
        future = Asked(self)

        def work() -> None:
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(call(*given, **named))
                except ConnectorError as error:
                    future.set_exception(error)

        self.waiting.append(work)
        return future

    def run(self) -> None:
        while self.waiting:
            self.waiting.pop(0)()


class Asked(Future[Any]):
    def __init__(self, threads: ByHand) -> None:
        super().__init__()
        self._threads = threads

    def result(self, timeout: float | None = None) -> Any:
        self._threads.run()
        return super().result(timeout)


@dataclass
class Bench:
    """A list whose pages fail where `faults` says so, but only ahead of their turn where it is `shy`."""

    faults: dict[int, ConnectorError] = field(default_factory=dict)
    shy: bool = False
    page_bytes: int = 10
    room: Room = field(default_factory=Room)
    most: int = 8
    threads: ByHand = field(default_factory=ByHand)
    fetched: list[int] = field(default_factory=list)
    fetched_ahead: list[int] = field(default_factory=list)
    wanted: dict[int, Wanted] = field(default_factory=dict)

    def __post_init__(self) -> None:
        ahead = Ahead(threads=self.threads, answers=self.most, room=self.room)
        self.pages: Lookahead[int] = Lookahead(fetch=self.fetch, fetch_ahead=self.fetch_ahead, ahead=ahead)

    def fetch(self, start: int) -> bytes:
        self.fetched.append(start)
        if start in self.faults and not self.shy:
            raise self.faults[start]
        return self.page(start)

    def fetch_ahead(self, start: int, wanted: Wanted) -> bytes:
        self.fetched_ahead.append(start)
        self.wanted[start] = wanted
        if start in self.faults:
            raise self.faults[start]
        return self.page(start)

    def page(self, start: int) -> bytes:
        return f"page {start}".encode().ljust(self.page_bytes)

    def ask(self, start: int, expected: Sequence[int] = ()) -> bool:
        """Whether the page came that was asked for."""
        return self.pages.answer(start, expected) == self.page(start)


def test_expected_pages_are_fetched_once_and_in_order() -> None:
    bench = Bench()
    assert bench.ask(0)
    assert bench.ask(99, [198, 297])
    bench.threads.run()
    assert (bench.fetched, bench.fetched_ahead) == ([0, 99], [198, 297])
    assert bench.ask(198, [297, 396])
    bench.threads.run()
    assert (bench.fetched, bench.fetched_ahead) == ([0, 99], [198, 297, 396])


def test_no_more_are_fetched_ahead_than_may_be() -> None:
    bench = Bench(most=2)
    bench.ask(0, range(99, 10_000, 99))
    bench.threads.run()
    assert bench.fetched_ahead == [99, 198]


def test_a_page_that_was_not_expected_drops_the_others() -> None:
    bench = Bench()
    bench.ask(0, [99, 198])
    bench.threads.run()
    assert bench.ask(0)
    assert bench.ask(99)
    assert bench.fetched == [0, 0, 99]


def test_a_page_whose_turn_comes_before_its_thread_is_fetched_at_once() -> None:
    """The threads may be busy with other hotels, whose key is throttled."""
    bench = Bench()
    bench.ask(0, [99, 198])
    assert bench.ask(99, [198])
    assert (bench.fetched, bench.fetched_ahead) == ([0, 99], [])


@pytest.mark.parametrize(
    "error",
    [
        TransientError("down"),
        StoppedError("stop"),
        RateLimitedError("429", not_before=datetime(2024, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_page_that_failed_ahead_is_fetched_in_full_when_it_is_needed(error: TransientError) -> None:
    bench = Bench(faults={99: error}, shy=True)
    bench.ask(0, [99, 198])
    bench.threads.run()
    assert bench.ask(99, [198])
    assert bench.ask(198)
    assert (bench.fetched, bench.fetched_ahead) == ([0, 99], [99, 198])
    bench = Bench(faults={99: error})
    bench.ask(0, [99])
    bench.threads.run()
    with pytest.raises(type(error)):
        bench.ask(99)


def test_a_page_that_no_other_try_would_bring_is_not_fetched_again() -> None:
    bench = Bench(faults={99: AccessDeniedError("the key was refused")})
    bench.ask(0, [99])
    bench.threads.run()
    with pytest.raises(AccessDeniedError):
        bench.ask(99)
    assert bench.fetched == [0]


def test_a_page_that_failed_ahead_and_is_not_needed_is_no_failure() -> None:
    bench = Bench(faults={99: AccessDeniedError("the key was refused")})
    bench.ask(0, [99])
    bench.threads.run()
    assert bench.ask(0)
    bench.pages.drop()


def test_what_was_dropped_and_not_yet_begun_is_never_fetched() -> None:
    bench = Bench()
    bench.ask(0, [99, 198])
    bench.pages.drop()
    bench.threads.run()
    assert bench.fetched_ahead == []


def test_what_was_dropped_is_not_wanted_any_more_and_what_is_asked_for_still_is() -> None:
    bench = Bench()
    bench.ask(0, [99, 198, 297])
    bench.threads.run()
    bench.ask(99, [198, 297])
    assert [bench.wanted[start]() for start in (99, 198, 297)] == [True] * 3
    bench.ask(0, [99])
    bench.threads.run()
    assert [bench.wanted[start]() for start in (198, 297, 99)] == [False, False, True]
    bench.pages.drop()
    assert not bench.wanted[99]()


def test_pages_ahead_of_all_lists_share_a_room_and_give_it_back() -> None:
    """What a page takes is known from those before it."""
    room = Room(100)
    one, other = Bench(page_bytes=30, room=room), Bench(page_bytes=30, room=room)
    one.ask(0)
    one.ask(99, range(198, 1000, 99))
    other.ask(0)
    other.ask(99, range(198, 1000, 99))
    one.threads.run()
    other.threads.run()
    assert (one.fetched_ahead, other.fetched_ahead) == ([198, 297, 396], [])
    one.ask(198)
    other.ask(198, [297, 396])
    other.threads.run()
    assert other.fetched_ahead == [297]
    one.pages.drop()
    other.pages.drop()
    assert room.take(100)
    assert not room.take(1)


def test_without_threads_a_page_is_fetched_when_it_is_asked_for() -> None:
    bench = Bench()
    bench.pages.ahead = None
    assert bench.ask(0, [99, 198])
    assert bench.ask(99)
    assert (bench.fetched, bench.fetched_ahead) == ([0, 99], [])
