"""A run that stops while it reads or stores is gone on with by the next, none the worse for it (S3)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from fake_pms import POLICY, page
from stopping import CALLS, HELD, HOTEL, STAMP, HookedWorld, raising, undisturbed

from host_pms.errors import (
    AccessDeniedError,
    BusyError,
    ConnectorError,
    IncompleteListError,
    NeedsPersonError,
    RateLimitedError,
    StoppedError,
    TransientError,
)
from host_pms.events import EventName
from host_pms.models.head import Phase
from host_pms.services.journal import holding
from host_pms.services.sync import journal_of
from host_pms.services.window import Asked

STOPPED = StoppedError("Somebody asked the command to stop.")
DOWN = TransientError("Host is down.")
DIVERGENT = "DIVERGENT_OUTPUT"
PARTS = 7
"""Of at most 10 records."""
SECOND = "20240115T103145Z"


@contextmanager
def failing(error: Exception) -> Iterator[None]:
    with pytest.raises(type(error)) as caught:
        yield
    assert caught.value is error


def go_on(world: HookedWorld, asked: Asked | None = None) -> None:
    """The next run, a minute later, which nothing stops."""
    world.clock.sleep(60)
    world.pms.before = lambda _number: None
    world.store.before_put = lambda _bucket, _key: None
    world.sync(asked)


def assert_as_undisturbed(world: HookedWorld, runs: int = 2) -> None:
    expected = undisturbed(runs)
    assert world.published_files() == expected.published_files()
    assert world.told() == expected.told()
    assert world.head.cursors == expected.head.cursors
    assert world.open_run is None


def test_the_hotel_takes_so_many_calls() -> None:
    world = undisturbed(1)
    assert [name for name, _, _ in world.pms.answered] == [
        "config",
        *["reservations"] * 3,
        *["revenue"] * 4,
        *["grid"] * 3,
    ]
    assert len(world.pms.answered) == CALLS


@pytest.mark.parametrize("error", [STOPPED, DOWN], ids=["stopped", "down"])
@pytest.mark.parametrize("call", range(2, CALLS + 1))
def test_a_run_that_stopped_while_reading_goes_on_at_the_call_that_failed(
    call: int, error: ConnectorError
) -> None:
    world = HookedWorld()
    world.pms.before = raising(error, call)
    with failing(error):
        world.sync()
    assert world.told() == ([], [], [])
    assert not world.head.lease.held
    go_on(world)
    first_run = world.pms.answered[:CALLS]
    assert first_run == undisturbed(1).pms.answered
    assert len(set(first_run)) == CALLS
    assert world.pms.calls == 2 * CALLS + 1
    assert_as_undisturbed(world)


def test_a_run_that_stops_at_every_call_asks_for_nothing_twice() -> None:
    """Each run but the last adds one answer."""
    world = HookedWorld()
    for calls in range(1, CALLS):
        world.pms.before = raising(STOPPED, world.pms.calls + 2)
        with failing(STOPPED):
            world.sync()
        assert len(world.pms.answered) == calls
        world.clock.sleep(60)
    go_on(world)
    assert world.pms.answered[:CALLS] == undisturbed(1).pms.answered
    manifest = world.manifest()
    assert manifest["progress"]["spans"] == [[1, 1], *([epoch, 1] for epoch in range(2, CALLS)), [CALLS, 1]]
    assert_files_of_first_run_as_undisturbed(world)


def test_a_run_that_fails_before_it_is_open_leaves_nothing_to_go_on_with() -> None:
    world = HookedWorld()
    world.pms.before = raising(DOWN, 1)
    with failing(DOWN):
        world.sync()
    assert world.open_run is None
    go_on(world)
    assert [found.record_date for found in world.esb.registrations] == ["2024-01-15T10:31:45Z"] * 3


def test_a_quota_that_is_spent_keeps_the_progress_too() -> None:
    world = HookedWorld()
    spent = RateLimitedError("The quota is spent.", not_before=world.clock.now() + timedelta(hours=1))
    world.pms.before = raising(spent, 5)
    with failing(spent):
        world.sync()
    go_on(world)
    assert world.pms.calls == 2 * CALLS + 1
    assert_as_undisturbed(world)


def test_the_one_who_goes_on_says_so() -> None:
    world = HookedWorld()
    world.pms.before = raising(STOPPED, 4)
    with failing(STOPPED):
        world.sync()
    world.events.clear()
    go_on(world)
    resumed = world.events[0]
    assert (resumed.name, resumed.timestamp) == (EventName.RUN_RESUMED, STAMP)
    assert resumed.context == {"phase": "extract", "count": 3}


SPOILED = {
    "cut": b'{"Reservations": [{"ResId": 1',
    "an error page": b"<html>502</html>",
    "another envelope": b'{"Message": "no list here"}',
    "no UTF-8": b'{"Reservations": "\xff"}',
    "deep": b"[" * 200_000,
}


@pytest.mark.parametrize("call", [2, 4, 6, 8, 10])
@pytest.mark.parametrize("what", SPOILED)
def test_an_answer_that_was_unusable_is_asked_for_again(call: int, what: str) -> None:
    world = HookedWorld()
    world.pms.spoiled = {call: SPOILED[what]}
    with pytest.raises(TransientError):
        world.sync()
    assert world.told() == ([], [], [])
    assert SPOILED[what] in world.store.objects.values()
    go_on(world)
    answered = world.pms.answered
    assert answered[call] == answered[call - 1]
    assert answered[: call - 1] + answered[call : CALLS + 1] == undisturbed(1).pms.answered
    assert_as_undisturbed(world)


@pytest.mark.parametrize(
    ("first", "last", "spoiled"), [(2, 4, "Reservations"), (5, 6, "Revenue"), (7, 8, "Revenue")]
)
def test_a_list_that_was_incomplete_is_read_from_its_start(first: int, last: int, spoiled: str) -> None:
    """An empty page before the list's end, twice."""
    world = HookedWorld()
    empty = page(spoiled, [], 0)
    last_again = last + (last - first) + 1
    world.pms.spoiled = {last: empty, last_again: empty}
    with pytest.raises(IncompleteListError):
        world.sync()
    assert world.told() == ([], [], [])
    open_run = world.open_run
    assert open_run is not None
    assert open_run.progress.answers == first - 1
    before = len(world.pms.answered)
    assert before == last_again
    go_on(world)
    whole = undisturbed(1).pms.answered
    assert world.pms.answered[before : before + CALLS - first + 1] == whole[first - 1 :]
    assert_as_undisturbed(world)


def test_a_list_that_was_incomplete_twice_is_read_anew_twice() -> None:
    world = HookedWorld()
    world.pms.spoiled = dict.fromkeys((6, 8, 10, 12), page("Revenue", [], 0))
    for calls in (8, 12):
        with pytest.raises(IncompleteListError):
            world.sync()
        assert world.pms.calls == calls
    go_on(world)
    assert [since for _, since, start in world.pms.answered[12:14]] == [
        since for _, since, start in world.pms.answered[4:6]
    ]
    assert_files_of_first_run_as_undisturbed(world)


def assert_files_of_first_run_as_undisturbed(world: HookedWorld) -> None:
    first = {at: body for at, body in world.published_files().items() if STAMP in at[1]}
    assert first == undisturbed(1).published_files()


@pytest.mark.parametrize("call", [3, 6, 9])
def test_a_bug_leaves_the_run_open_and_the_next_one_goes_on(call: int) -> None:
    world = HookedWorld()
    bug = ValueError("a bug")
    world.pms.before = raising(bug, call)
    with failing(bug):
        world.sync()
    assert world.phase is Phase.EXTRACT
    assert not world.head.lease.held
    go_on(world)
    assert_as_undisturbed(world)


def test_a_key_that_is_refused_meanwhile_costs_no_call_once_it_is_mended() -> None:
    world = HookedWorld()
    refused = AccessDeniedError("Host refused the key.")
    world.pms.before = raising(refused, 5)
    with failing(refused):
        world.sync()
    assert (world.phase, world.head.lease.held) == (Phase.EXTRACT, False)
    assert world.open_run is not None
    assert world.open_run.reason == "Host refused the key."
    go_on(world)
    assert (world.manifest()["outcome"], world.manifest()["reason"]) == ("published", "")
    assert world.pms.calls == 2 * CALLS + 1
    assert_as_undisturbed(world)


def test_what_a_person_must_mend_ends_the_run_and_the_next_one_reads_anew() -> None:
    world = HookedWorld()
    refused = NeedsPersonError("The answer is beyond a limit.")
    world.pms.before = raising(refused, 5)
    with failing(refused):
        world.sync()
    assert world.open_run is None
    assert world.esb.watermarks == []
    manifest = world.manifest()
    assert (manifest["outcome"], manifest["reason"]) == ("abandoned", "The answer is beyond a limit.")
    assert [event.name for event in world.events][-1] is EventName.RUN_ABANDONED
    before = len(world.pms.answered)
    go_on(world)
    assert [found.record_date for found in world.esb.registrations] == ["2024-01-15T10:31:45Z"] * 3
    assert world.pms.answered[before:] == undisturbed(1).pms.answered


# --- frozen, staged, changed settings ---


def stopped_at_put(bucket: str, number: int = 1, phase: Phase = Phase.STAGED) -> HookedWorld:
    """A world whose run stopped when it put its object of this number into `bucket`."""
    world = HookedWorld()
    puts = iter(range(1, 1000))

    def before_put(at: str, key: str) -> None:
        if at == bucket and ("rejected" in key or at.startswith("out-")) and next(puts) == number:
            raise DOWN

    world.store.before_put = before_put
    with failing(DOWN):
        world.sync()
    assert world.phase is phase
    return world


PLACES = [
    ("raw-reservations", Phase.FROZEN),
    ("out-hotel-configs", Phase.STAGED),
    ("out-segments", Phase.STAGED),
    ("out-reservations", Phase.STAGED),
]


@pytest.mark.parametrize(("bucket", "phase"), PLACES)
def test_a_frozen_run_comes_to_the_same_bytes_without_asking_host(bucket: str, phase: Phase) -> None:
    world = stopped_at_put(bucket, phase=phase)
    assert world.told() == ([], [], [])
    world.pms.before = raising(DOWN, *range(CALLS + 1, 100))
    world.store.before_put = lambda _bucket, _key: None
    world.clock.sleep(60)
    with failing(DOWN):
        world.sync()  # finishes the first run, then fails at the first call of the second
    assert world.pms.calls == CALLS + 1
    assert world.published_files() == undisturbed(1).published_files()
    assert world.told() == undisturbed(1).told()
    assert world.open_run is None
    go_on(world, None)
    assert len(world.queue.sent) == 2


@pytest.mark.parametrize("bucket", ["out-hotel-configs", "out-reservations"])
def test_settings_that_changed_after_the_files_were_named_end_the_run(bucket: str) -> None:
    world = stopped_at_put(bucket)
    world.store.before_put = lambda _bucket, _key: None
    world.clock.sleep(60)
    changed = replace(POLICY, records_per_file=10)
    with pytest.raises(NeedsPersonError, match=DIVERGENT):
        world.sync(policy=changed)
    assert world.open_run is None
    assert world.told() == ([], [], [])
    manifest = world.manifest()
    assert manifest["outcome"] == "abandoned"
    assert DIVERGENT in manifest["reason"]
    assert manifest["watermark"] is None
    assert world.head.cursors.reservations is None
    world.sync(policy=changed)
    files = [found.file_key for found in world.esb.registrations]
    assert len(files) == 2 + PARTS
    assert all(SECOND in key for key in files)
    assert world.esb.watermarks == [datetime(2024, 1, 15, 10, 30, 45)]


def test_settings_that_changed_before_the_files_were_named_hold_for_them() -> None:
    world = stopped_at_put("raw-reservations", phase=Phase.FROZEN)
    world.store.before_put = lambda _bucket, _key: None
    world.sync(policy=replace(POLICY, records_per_file=10))
    assert len(world.esb.registrations) == 2 * (2 + PARTS)


def test_a_file_that_lies_in_the_way_with_other_bytes_ends_the_run() -> None:
    world = stopped_at_put("out-segments")
    world.store.objects["out-segments", f"{HOTEL}/segments-{STAMP}.json"] = b"of somebody else"
    world.store.before_put = lambda _bucket, _key: None
    world.clock.sleep(60)
    with pytest.raises(NeedsPersonError, match="other bytes"):
        world.sync()
    assert world.manifest()["outcome"] == "abandoned"
    assert world.told() == ([], [], [])
    go_on(world)
    assert len(world.esb.registrations) == 3


# --- what was asked for ---


@pytest.mark.parametrize("call", [3, 8])
def test_a_full_run_is_finished_as_one_by_an_ordinary_one(call: int) -> None:
    world = HookedWorld()
    world.pms.before = raising(STOPPED, call)
    with failing(STOPPED):
        world.sync(Asked(full=True))
    go_on(world)
    assert [(found.record_date, found.complete) for found in world.esb.registrations] == [
        *[("2024-01-15T10:30:45Z", True)] * 3,
        *[("2024-01-15T10:31:45Z", False)] * 3,
    ]
    updates = [since for name, since, _ in world.pms.answered if name == "reservations"]
    assert updates == [datetime(1900, 1, 1)] * 3 + [datetime(2024, 1, 15, 8, 30, 45)] * 3


def test_a_full_run_that_is_asked_for_while_another_is_open_comes_after_it() -> None:
    world = HookedWorld()
    world.pms.before = raising(STOPPED, 5)
    with failing(STOPPED):
        world.sync()
    go_on(world, Asked(full=True))
    assert [found.complete for found in world.esb.registrations] == [False] * 3 + [True] * 3


def test_a_run_from_a_date_that_was_left_open_moves_the_watermark_no_more_than_it_would_have() -> None:
    world = HookedWorld()
    world.pms.before = raising(STOPPED, 5)
    with failing(STOPPED):
        world.sync(Asked(since=HELD + timedelta(hours=3)))
    go_on(world)
    assert world.esb.watermarks == [datetime(2024, 1, 15, 10, 30, 45)]
    assert [found.complete for found in world.esb.registrations] == [False] * 6
    updates = [since for name, since, _ in world.pms.answered if name == "reservations"]
    assert updates == [HELD + timedelta(hours=3)] * 3 + [HELD - timedelta(hours=2)] * 3


# --- a worker that was taken over and does not know it ---


def taken_over(world: HookedWorld) -> Callable[..., None]:
    """Once, while the worker waits for an answer: its lease runs out, and another finishes its run."""
    done: list[bool] = []

    def take_over(*_: Any) -> None:
        if not done:
            done.append(True)
            world.clock.sleep(3600)
            world.sync()

    return take_over


def assert_one_run_of_each(world: HookedWorld) -> None:
    """Two timestamps: that of the run taken over, and that of the run after it; each told once."""
    stamps = {STAMP, "20240115T113045Z"}
    first = {at: body for at, body in world.published_files().items() if STAMP in at[1]}
    assert first == undisturbed(1).published_files()
    assert len(world.esb.registrations) == 6
    assert [message.attributes["Timestamp"] for message in world.queue.sent] == sorted(stamps)
    assert world.open_run is None
    assert not world.head.lease.held


@pytest.mark.parametrize("call", range(2, CALLS + 1))
def test_who_was_taken_over_while_reading_stops_and_harms_nothing(call: int) -> None:
    world = HookedWorld()
    take_over = taken_over(world)
    world.pms.before = lambda number: take_over() if number == call else None
    with pytest.raises(BusyError):
        world.sync()
    assert_one_run_of_each(world)
    sequence = world.head.sequence
    world.sync()
    assert world.head.sequence > sequence


@pytest.mark.parametrize(
    ("bucket", "name"),
    [
        ("raw-reservations", "reservation-"),
        ("raw-hotel-configs", "_state/answers"),
        ("raw-reservations", "rejected"),
        ("raw-segments", "segments"),
        ("out-hotel-configs", "config"),
        ("out-reservations", "reservation"),
        ("raw-hotel-configs", "_state/runs"),
    ],
)
def test_who_was_taken_over_while_storing_stops_and_harms_nothing(bucket: str, name: str) -> None:
    world = HookedWorld()
    take_over = taken_over(world)
    world.store.before_put = lambda at, key: take_over() if at == bucket and name in key else None
    with pytest.raises(BusyError):
        world.sync()
    assert_one_run_of_each(world)


@pytest.mark.parametrize("what", ["register", "move"])
def test_who_was_taken_over_while_telling_tells_nothing_else(what: str) -> None:
    world = HookedWorld()
    take_over = taken_over(world)
    world.esb.before_call = lambda found: take_over() if found == what else None
    with pytest.raises(BusyError):
        world.sync()
    assert_one_run_of_each(world)


def test_a_journal_that_was_taken_over_can_do_nothing_more() -> None:
    world = HookedWorld()
    neighbours = world.neighbours()
    zombie = journal_of(HOTEL, POLICY, neighbours)
    zombie.acquire()
    world.clock.sleep(3600)
    rival = journal_of(HOTEL, POLICY, neighbours)
    rival.acquire()
    ((before, _, _),) = world.heads.heads.values()
    for attempt in (
        zombie.keep,
        lambda: zombie.record(last_started=None),
        lambda: zombie.record(open_run=None),
    ):
        with pytest.raises(BusyError):
            attempt()
    zombie.release()
    with pytest.raises(BusyError), holding(zombie):
        pytest.fail("it got the lease again while the rival holds it")
    ((after, _, _),) = world.heads.heads.values()
    assert after == before
    rival.keep()
    rival.release()
    assert not world.head.lease.held


def test_what_the_old_worker_reads_after_a_take_over_is_not_the_new_ones() -> None:
    """It had asked for a page when it was taken over; the answer comes, changed, and counts for nothing."""
    world = HookedWorld()
    take_over = taken_over(world)

    def before(number: int) -> None:
        if number == 4:
            take_over()
            world.pms.pms.rows = []

    world.pms.before = before
    with pytest.raises(BusyError):
        world.sync()
    assert_one_run_of_each(world)
