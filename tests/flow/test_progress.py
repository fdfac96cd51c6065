"""Whether a run came further than it was found, so that who calls again and again ends when it does not."""

from collections.abc import Callable

import pytest
from fake_pms import POLICY
from stopping import CALLS, HOTEL, STAMP, HookedWorld, raising

from host_pms.errors import ConnectorError, RateLimitedError, StoppedError, TransientError
from host_pms.models.head import Phase
from host_pms.services.fleet import HotelResult, Outcome, sync_fleet
from host_pms.services.journal import holding
from host_pms.services.sync import journal_of
from host_pms.services.window import Asked

STOPPED = StoppedError("Out of time.")
DOWN = TransientError("Host is down.")
NEXT_STAMP = "20240115T103145Z"


def synced(world: HookedWorld) -> HotelResult:
    (result,) = sync_fleet([HOTEL], Asked(), POLICY, world.neighbours(), at_once=1)
    return result


def outcome_of_event(world: HookedWorld) -> object:
    return world.events[-1].context["outcome"]


def failing_calls_from(number: int, error: ConnectorError) -> Callable[[int], None]:
    def before(call: int) -> None:
        if call >= number:
            raise error

    return before


@pytest.mark.parametrize("error", [STOPPED, DOWN], ids=["stopped", "down"])
def test_a_run_that_takes_one_more_answer_a_time_comes_to_its_end(error: ConnectorError) -> None:
    world = HookedWorld()
    for answers in range(1, CALLS):
        # Of those that it has kept it asks for none again.
        world.pms.before = raising(error, world.pms.calls + 2)
        result = synced(world)
        assert (result.error, result.timestamp, result.progressed) == (error, STAMP, True)
        assert not result.finished
        assert world.open_run is not None
        assert world.open_run.progress.answers == answers
        assert outcome_of_event(world) == "continue"
        world.clock.sleep(60)
    world.unhook()
    assert synced(world).outcome is Outcome.DONE


@pytest.mark.parametrize(
    ("error", "goes_on", "told"),
    [(STOPPED, True, "continue"), (DOWN, False, "transient")],
    ids=["stopped", "down"],
)
@pytest.mark.parametrize("kept", [0, 1, 4, 10])
def test_a_run_that_takes_none_has_not_come_further(
    error: ConnectorError, goes_on: bool, told: str, kept: int
) -> None:
    world = HookedWorld()
    if kept:
        world.pms.before = raising(DOWN, kept + 1)
        assert synced(world).progressed
    world.pms.before = failing_calls_from(1, error)
    result = synced(world)
    assert (result.error, result.timestamp, result.progressed) == (error, STAMP, False)
    assert (result.goes_on, outcome_of_event(world)) == (goes_on, told)


def test_who_knows_until_when_to_wait_goes_on_then() -> None:
    world = HookedWorld()
    world.pms.before = raising(RateLimitedError("Wait.", not_before=world.clock.now()), 1)
    result = synced(world)
    assert (result.progressed, result.goes_on) == (False, True)


def test_another_file_registered_is_progress() -> None:
    world = HookedWorld()
    calls: list[str] = []

    def at_most(number: int) -> Callable[[str], None]:
        def before_call(what: str) -> None:
            calls.append(what)
            if len(calls) > number:
                raise DOWN

        return before_call

    for taken in (1, 1, 0):
        calls.clear()
        world.esb.before_call = at_most(taken)
        result = synced(world)
        assert (result.outcome, result.timestamp) == (Outcome.TRANSIENT, STAMP)
        assert result.progressed == bool(taken)
    world.unhook()
    assert synced(world).outcome is Outcome.DONE


def test_another_phase_is_progress() -> None:
    world = HookedWorld()

    def before_call(what: str) -> None:
        if what == "move":
            raise DOWN

    def before_send() -> None:
        raise DOWN

    world.esb.before_call = before_call
    assert synced(world).progressed
    assert world.phase is Phase.WATERMARK
    assert not synced(world).progressed
    world.unhook()
    world.queue.before_send = before_send
    assert synced(world).progressed
    assert world.phase is Phase.TRIGGER


def test_a_run_that_was_finished_is_progress_though_the_next_cannot_begin() -> None:
    world = HookedWorld()
    world.esb.before_call = lambda _what: (_ for _ in ()).throw(DOWN)
    assert synced(world).outcome is Outcome.TRANSIENT
    world.unhook()
    world.clock.sleep(60)
    world.pms.before = failing_calls_from(1, DOWN)
    result = synced(world)
    assert (result.error, result.timestamp, result.progressed) == (DOWN, NEXT_STAMP, True)
    assert result.finished
    assert world.open_run is None


def test_of_a_hotel_that_another_holds_no_run_is_named() -> None:
    world = HookedWorld()
    assert synced(world).outcome is Outcome.DONE
    with holding(journal_of(HOTEL, POLICY, world.neighbours())):
        result = synced(world)
    assert (result.outcome, result.timestamp, result.progressed) == (Outcome.BUSY, None, False)


def test_where_the_head_cannot_be_written_no_run_is_named() -> None:
    world = HookedWorld()
    assert synced(world).timestamp == STAMP
    world.heads.before_swap = lambda _head: (_ for _ in ()).throw(DOWN)
    result = synced(world)
    assert (result.outcome, result.timestamp, result.progressed) == (Outcome.TRANSIENT, None, False)


def test_a_hotel_that_the_time_does_not_allow_is_not_begun() -> None:
    world = HookedWorld()

    def out_of_time() -> None:
        raise STOPPED

    world.checkpoint = out_of_time
    result = synced(world)
    assert (result.outcome, result.timestamp, result.progressed) == (Outcome.TRANSIENT, None, False)
    assert result.goes_on
    assert result.reason == "Stopped before the hotel was begun. The next run begins it."
    assert (world.heads.heads, world.events, world.pms.calls) == ({}, [], 0)
