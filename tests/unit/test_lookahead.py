"""Pages that are fetched ahead: which, in what order, and what becomes of those nobody asks for."""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from datetime import UTC, datetime
from typing import Any

import pytest

from host_pms.errors import RateLimitedError, StoppedError, TransientError
from host_pms.services.lookahead import Lookahead


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
                except TransientError as error:
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


DOWN = TransientError("down")


def lookahead(faulty: Sequence[int] = (), error: TransientError = DOWN) -> tuple[Lookahead, list[int]]:
    fetched: list[int] = []

    def fetch(start: int) -> bytes:
        fetched.append(start)
        if start in faulty:
            raise error
        return f"page {start}".encode()

    return Lookahead(fetch=fetch, threads=ByHand()), fetched


def run(ahead: Lookahead) -> None:
    assert isinstance(ahead.threads, ByHand)
    ahead.threads.run()


def test_expected_pages_are_fetched_once_and_in_order() -> None:
    ahead, fetched = lookahead()
    assert ahead.page(0, []) == b"page 0"
    assert ahead.page(99, [198, 297]) == b"page 99"
    run(ahead)
    assert fetched == [0, 99, 198, 297]
    assert ahead.page(198, [297, 396]) == b"page 198"
    run(ahead)
    assert fetched == [0, 99, 198, 297, 396]


def test_a_page_that_was_not_expected_drops_the_others() -> None:
    ahead, fetched = lookahead()
    ahead.page(0, [99, 198])
    run(ahead)
    assert ahead.page(0, []) == b"page 0"
    assert ahead.page(99, []) == b"page 99"
    assert fetched == [0, 99, 198, 0, 99]


def test_a_page_whose_turn_comes_before_its_thread_is_fetched_at_once() -> None:
    """The threads may be busy with other hotels, whose key is throttled."""
    ahead, fetched = lookahead()
    ahead.page(0, [99, 198])
    assert ahead.page(99, [198]) == b"page 99"
    assert fetched == [0, 99]


def test_a_page_that_failed_ahead_is_tried_again_when_it_is_needed() -> None:
    faulty = [198]
    ahead, fetched = lookahead(faulty)
    ahead.page(0, [99, 198])
    run(ahead)
    assert ahead.page(99, [198]) == b"page 99"
    with pytest.raises(TransientError):
        ahead.page(198, [])
    faulty.clear()
    ahead.page(0, [198])
    assert ahead.page(198, []) == b"page 198"
    assert fetched == [0, 99, 198, 198, 0, 198]


@pytest.mark.parametrize(
    "error", [StoppedError("stop"), RateLimitedError("429", not_before=datetime(2024, 1, 1, tzinfo=UTC))]
)
def test_a_stop_and_a_throttle_are_not_tried_again(error: TransientError) -> None:
    ahead, fetched = lookahead([99], error)
    ahead.page(0, [99])
    run(ahead)
    with pytest.raises(type(error)):
        ahead.page(99, [])
    assert fetched == [0, 99]


def test_what_was_dropped_and_not_yet_begun_is_never_fetched() -> None:
    ahead, fetched = lookahead()
    threads = ahead.threads
    assert isinstance(threads, ByHand)
    ahead._under_way[99] = threads.submit(ahead.fetch, 99)
    ahead.drop()
    threads.run()
    assert fetched == []


def test_without_threads_a_page_is_fetched_when_it_is_asked_for() -> None:
    fetched: list[int] = []

    def fetch(start: int) -> bytes:
        fetched.append(start)
        return b""

    Lookahead(fetch=fetch, threads=None).page(0, [99, 198])
    assert fetched == [0]
