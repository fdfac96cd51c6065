"""An operator gives up a run that cannot be finished: nothing is lost, the next run reads anew."""

import json
from datetime import datetime
from typing import Any

import msgspec
import pytest
from fake_pms import HOTEL, POLICY, FakeEsb, FakePms, World, reservation

from host_pms.errors import BusyError, NeedsPersonError, TransientError, UsageError
from host_pms.models.head import Head, Phase, read_head
from host_pms.ports import ImportParameters, Registration
from host_pms.report.run_text import consequences
from host_pms.services import dropping
from host_pms.services.history import KnownRun, asked_run, find_run
from host_pms.services.journal import Journal, holding
from host_pms.services.sync import journal_of

HELD = datetime(2024, 1, 14, 2)
FIRST, SECOND = "20240115T103045Z", "20240115T103145Z"


class FailingEsb(FakeEsb):
    """Its calls that tell it something fail from the one of number `failing_from`, until it is mended.

    A watermark is taken although its call fails.
    """

    failing_from = 2
    told = 0

    def register(self, registration: Registration, *, idempotency_key: str) -> None:
        self._fail()
        super().register(registration, idempotency_key=idempotency_key)

    def move_watermark(self, hotel_code: str, last_import: datetime, *, idempotency_key: str) -> None:
        super().move_watermark(hotel_code, last_import, idempotency_key=idempotency_key)
        self._fail()

    def _fail(self) -> None:
        self.told += 1
        if self.told >= self.failing_from:
            raise NeedsPersonError("the ESB refused it")


def left_open(failing_from: int) -> World:
    esb = FailingEsb(parameter=ImportParameters(last_import=HELD))
    esb.failing_from = failing_from
    found = World(pms=FakePms(rows=[reservation()]), esb=esb)
    with pytest.raises(NeedsPersonError):
        found.sync()
    esb.failing_from = 1000
    found.clock.sleep(60)
    return found


def known(found: World, timestamp: str = FIRST) -> KnownRun:
    return find_run(asked_run(HOTEL, timestamp), found.archive(), POLICY)


def drop(found: World, timestamp: str = FIRST) -> None:
    dropping.drop(asked_run(HOTEL, timestamp), found.archive(), POLICY)


def head(found: World) -> Head:
    ((body, _, _),) = found.heads.heads.values()
    return read_head(body, HOTEL)


def triggers(found: World) -> list[str]:
    return [json.loads(message.body)["timestamp"] for message in found.queue.sent]


@pytest.mark.parametrize(("failing_from", "phase"), [(2, Phase.REGISTER), (4, Phase.WATERMARK)])
def test_the_next_run_reads_from_where_the_dropped_one_began(failing_from: int, phase: Phase) -> None:
    found = left_open(failing_from)
    assert known(found).phase is phase
    window = known(found).manifest.window
    drop(found)
    dropped = known(found)
    assert (dropped.stage, dropped.manifest.reason) == ("abandoned", "Dropped by an operator")
    assert (head(found).open_run, head(found).lease.held) == (None, False)
    published = found.sync()
    assert (published.window.update_from, published.window.complete) == (window.update_from, False)
    assert triggers(found) == [SECOND]
    assert [
        night["reservationId"]
        for night in json.loads(
            found.store.objects["out-reservations", f"HOTEL001/reservation-{SECOND}.json"]
        )
    ] == ["10", "10"]


def test_what_is_said_before_tells_how_far_the_run_came() -> None:
    said = {failing: list(consequences(known(left_open(failing)))) for failing in (2, 4)}
    assert said[2][0] == f"HOTEL001 {FIRST}: open, register. Files: 1 of 3 registered."
    assert said[4][0] == f"HOTEL001 {FIRST}: open, watermark. Files: 3 of 3 registered."
    for lines in said.values():
        assert "Nothing is lost: the next run reads everything anew, from where this one began." in lines
        assert "What is registered stays registered; the processor was not told of it." in lines
    assert "Its watermark may have been put; it will not count." not in said[2]
    assert "Its watermark may have been put; it will not count." in said[4]
    assert max(len(line) for lines in said.values() for line in lines) <= 80


def test_a_run_that_only_waits_for_its_trigger_can_be_dropped() -> None:
    found = World(
        pms=FakePms(rows=[reservation()]), esb=FakeEsb(parameter=ImportParameters(last_import=HELD))
    )

    def lost(*_: Any, **__: Any) -> None:
        raise TransientError("the queue is down")

    send, found.queue.send = found.queue.send, lost  # type: ignore[method-assign]
    with pytest.raises(TransientError):
        found.sync()
    assert "What is registered stays registered; the processor may have been told of it." in list(
        consequences(known(found))
    )
    drop(found)
    found.queue.send = send  # type: ignore[method-assign]
    found.clock.sleep(60)
    assert found.sync().window.update_from == datetime(2024, 1, 14)
    assert triggers(found) == [SECOND]


def test_a_hotel_that_a_worker_holds_is_busy() -> None:
    found = left_open(2)
    with holding(journal_of(HOTEL, POLICY, found.neighbours())), pytest.raises(BusyError):
        drop(found)
    assert known(found).phase is Phase.REGISTER
    drop(found)


def test_a_run_that_was_finished_meanwhile_is_left_alone() -> None:
    found = left_open(2)
    found.sync()
    before = dict(found.store.objects)
    with pytest.raises(UsageError, match="is not open any more"):
        drop(found)
    assert (found.store.objects, head(found).lease.held) == (before, False)
    assert triggers(found) == [FIRST, SECOND]


def test_another_run_that_is_open_by_now_is_left_alone() -> None:
    found = left_open(2)
    found.esb.failing_from = found.esb.told + 5  # type: ignore[attr-defined]  # the first is finished
    with pytest.raises(NeedsPersonError):
        found.sync()
    assert known(found, SECOND).phase is Phase.REGISTER
    with pytest.raises(UsageError, match="is not open any more"):
        drop(found)
    assert known(found, SECOND).phase is Phase.REGISTER


def test_a_closed_run_cannot_be_dropped() -> None:
    found = left_open(2)
    found.sync()
    with pytest.raises(UsageError, match=r"is closed \(published\)"):
        dropping.refuse_what_is_done(known(found))


def advanced(found: World, phase: Phase, reason: str = "") -> None:
    """The open run, brought to a phase in which a worker may die."""
    journal: Journal = journal_of(HOTEL, POLICY, found.neighbours())
    with holding(journal):
        plan = journal.open_run.plan
        if plan is not None and phase is Phase.CLOSED:
            plan = msgspec.structs.replace(plan, registered=len(plan.files))
        journal.advance(phase=phase, reason=reason, plan=plan)


def test_a_run_that_has_only_to_be_closed_is_left_to_the_next_run() -> None:
    found = left_open(2)
    advanced(found, Phase.CLOSED)
    with pytest.raises(UsageError, match="has done all that it had to do"):
        dropping.refuse_what_is_done(known(found))
    with pytest.raises(UsageError):
        drop(found)
    assert known(found).phase is Phase.CLOSED


def test_a_run_that_is_being_given_up_keeps_its_own_reason() -> None:
    found = left_open(2)
    advanced(found, Phase.ABANDONED, "the first reason")
    drop(found)
    assert (known(found).stage, known(found).manifest.reason) == ("abandoned", "the first reason")
