"""A run that stops while it tells the world is finished by the next one, under its own timestamp (S3)."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

import pytest
from fake_pms import POLICY, FakeEsb, FakePms, World, reservation
from fakes import MemoryQueue

from host_pms.errors import BusyError, NeedsPersonError, TransientError
from host_pms.models.head import Head, read_head
from host_pms.ports import ImportParameters, Registration
from host_pms.services.journal import holding
from host_pms.services.sync import journal_of

HELD = datetime(2024, 1, 14, 2)
NOW = datetime(2024, 1, 15, 10, 30, 45)


@dataclass
class FaultyEsb(FakeEsb):
    """Fails at the calls of these numbers that tell it something, before it takes them or after."""

    failing: dict[int, tuple[str, Exception]] = field(default_factory=dict)
    told: int = 0

    def register(self, registration: Registration, *, idempotency_key: str) -> None:
        if self._is_taken():
            known = {found.file_key for found in self.registrations}
            if registration.file_key not in known:
                super().register(registration, idempotency_key=idempotency_key)
        self._fail_after()

    def move_watermark(self, hotel_code: str, last_import: datetime, *, idempotency_key: str) -> None:
        if self._is_taken():
            super().move_watermark(hotel_code, last_import, idempotency_key=idempotency_key)
        self._fail_after()

    def _is_taken(self) -> bool:
        self.told += 1
        when, error = self.failing.get(self.told, ("", None))
        if when == "before" and error is not None:
            raise error
        return True

    def _fail_after(self) -> None:
        when, error = self.failing.get(self.told, ("", None))
        if when == "after" and error is not None:
            raise error


class FaultyQueue(MemoryQueue):
    def __init__(self, failures: Iterable[str]) -> None:
        super().__init__()
        self._failures = iter(failures)

    def send(self, body: str, **more: object) -> None:  # type: ignore[override]
        failure = next(self._failures, "")
        if failure == "before":
            raise TransientError("the queue is down")
        super().send(body, **more)  # type: ignore[arg-type]
        if failure == "after":
            raise TransientError("the queue's answer got lost")


def world(failing: dict[int, tuple[str, Exception]] | None = None, queue: Iterable[str] = ()) -> World:
    esb = FaultyEsb(parameter=ImportParameters(last_import=HELD), failing=failing or {})
    return World(pms=FakePms(rows=[reservation()]), esb=esb, queue=FaultyQueue(queue))


def head(found: World) -> Head:
    ((body, _, _),) = found.heads.heads.values()
    return read_head(body, "HOTEL001")


def timestamps(found: World) -> list[str]:
    return [json.loads(message.body)["timestamp"] for message in found.queue.sent]


DOWN = TransientError("the ESB is down")


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("call", [1, 2, 3, 4])
def test_what_was_left_to_tell_is_told_first_by_the_next_run(call: int, when: str) -> None:
    """Three registrations and the watermark; the trigger after them."""
    found = world({call: (when, DOWN)})
    with pytest.raises(TransientError):
        found.sync()
    assert found.queue.sent == []
    assert not head(found).lease.held
    found.clock.sleep(60)
    found.sync()
    assert timestamps(found) == ["20240115T103045Z", "20240115T103145Z"]
    keys = [registration.file_key for registration in found.esb.registrations]
    assert (len(keys), len(set(keys))) == (6, 6)
    assert found.esb.watermarks[0] == NOW
    assert head(found).open_run is None


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_trigger_that_was_not_sent_is_sent_by_the_next_run(when: str) -> None:
    found = world(queue=[when])
    with pytest.raises(TransientError):
        found.sync()
    assert head(found).open_run is not None
    found.clock.sleep(60)
    found.sync()
    assert timestamps(found) == ["20240115T103045Z", "20240115T103145Z"]


def test_a_run_that_fails_for_good_before_its_first_registration_is_given_up() -> None:
    found = world({1: ("before", NeedsPersonError("the ESB refused it"))})
    with pytest.raises(NeedsPersonError):
        found.sync()
    assert head(found).open_run is None
    assert found.esb.watermarks == []
    found.clock.sleep(60)
    found.sync()
    assert timestamps(found) == ["20240115T103145Z"]


def test_a_run_that_registered_something_stays_open_whatever_happened() -> None:
    found = world({2: ("before", NeedsPersonError("the ESB refused it"))})
    with pytest.raises(NeedsPersonError):
        found.sync()
    still_open = head(found).open_run
    assert still_open is not None
    assert still_open.registered == 1


def test_a_reset_between_two_runs_is_obeyed_by_the_one_that_finishes() -> None:
    found = world({4: ("before", DOWN)})
    with pytest.raises(TransientError):
        found.sync()
    reset = datetime(2023, 6, 1)
    found.esb.parameter = ImportParameters(last_import=reset)
    found.clock.sleep(60)
    window = found.sync().window
    assert window.held == reset
    assert found.esb.watermarks == [datetime(2024, 1, 15, 10, 30, 45)]


def test_two_runs_in_one_second_have_two_timestamps() -> None:
    found = world()
    found.sync()
    found.sync()
    assert timestamps(found) == ["20240115T103045Z", "20240115T103046Z"]


def test_a_rival_is_busy_and_tells_nothing() -> None:
    found = world()
    neighbours = found.neighbours()
    with holding(journal_of("HOTEL001", POLICY, neighbours)), pytest.raises(BusyError):
        found.sync()
    assert (found.esb.registrations, found.queue.sent, found.pms.calls) == ([], [], [])
