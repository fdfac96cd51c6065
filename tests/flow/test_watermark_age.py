"""How far the watermark lies behind is told at each end of a hotel's run: an alarm sees who falls behind."""

from datetime import datetime, timedelta

import pytest
from fake_pms import POLICY, FakePms, config_body, reservation
from stopping import HELD, HOTEL, HookedEsb, HookedWorld, StoppingPms, raising

from host_pms.errors import TransientError
from host_pms.ports import ImportParameters
from host_pms.services.fleet import HotelResult, Outcome, sync_fleet
from host_pms.services.journal import holding
from host_pms.services.sync import journal_of
from host_pms.services.window import Asked

DOWN = TransientError("It is down.")
UTC_NOW = datetime(2024, 1, 15, 10, 30, 45)
BY_UTC = UTC_NOW - HELD
DAY = timedelta(days=1)
EAST = timedelta(hours=5, minutes=30)
"""The hotel's clock before UTC."""


class SilentEsb(HookedEsb):
    """An ESB that does not answer."""

    def parameters(self, hotel_code: str) -> ImportParameters:
        raise TransientError(f"{hotel_code}: no answer.")


def world() -> HookedWorld:
    """A hotel in the east, at whose opening its clock shows `UTC_NOW + EAST`."""
    answer = config_body(LocalTime=f"{(UTC_NOW + EAST).isoformat()}.000")
    return HookedWorld(pms=StoppingPms(FakePms(rows=[reservation()], config_answer=answer)))


def synced(found: HookedWorld) -> HotelResult:
    (result,) = sync_fleet([HOTEL], Asked(), POLICY, found.neighbours(), at_once=1)
    age, told = result.watermark_age, found.events[-1].context.get("watermark_age_hours")
    assert told == (None if age is None else pytest.approx(age / timedelta(hours=1), abs=0.001))
    return result


def test_after_a_run_it_is_as_old_as_the_run() -> None:
    found = world()
    found.pms.before = lambda number: found.clock.sleep(60 if number == 2 else 0)
    result = synced(found)
    assert (result.outcome, result.watermark_age) == (Outcome.DONE, timedelta(minutes=1))


def test_where_host_is_down_it_is_by_utc() -> None:
    found = world()
    found.pms.before = raising(DOWN, 1)
    assert synced(found).watermark_age == BY_UTC


def test_where_host_went_down_it_is_by_the_hotels_clock() -> None:
    found = world()
    found.pms.before = raising(DOWN, 2)
    assert synced(found).watermark_age == BY_UTC + EAST


def test_of_a_run_that_is_gone_on_with_days_later_too() -> None:
    found = world()
    found.pms.before = raising(DOWN, 2, 3)
    assert synced(found).outcome is Outcome.TRANSIENT
    found.clock.sleep(timedelta(days=2).total_seconds())
    assert synced(found).watermark_age == BY_UTC + EAST + timedelta(days=2)


@pytest.mark.parametrize("what", ["register", "move"])
def test_a_run_that_could_not_tell_has_moved_nothing(what: str) -> None:
    found = world()

    def before_call(call: str) -> None:
        if call == what:
            raise DOWN

    found.esb.before_call = before_call
    assert synced(found).watermark_age == BY_UTC + EAST


def test_a_run_that_moved_it_and_could_not_send_the_trigger() -> None:
    found = HookedWorld()

    def before_send() -> None:
        raise DOWN

    found.queue.before_send = before_send
    assert (synced(found).watermark_age or DAY) < timedelta(seconds=1)
    found.clock.sleep(3600)
    # The next one does not look again: the head remembers that it was moved.
    assert synced(found).watermark_age == timedelta(hours=1)


def test_where_the_esb_is_down_it_is_what_was_last_put_there() -> None:
    found = HookedWorld()
    assert synced(found).outcome is Outcome.DONE
    found.esb = SilentEsb()
    found.clock.sleep(3 * 3600)
    assert synced(found).watermark_age == timedelta(hours=3)


def test_a_person_who_sets_it_back_is_heard() -> None:
    found = HookedWorld()
    assert synced(found).outcome is Outcome.DONE
    found.esb.parameter = ImportParameters(last_import=HELD)
    found.pms.before = raising(DOWN, found.pms.calls + 1)
    assert synced(found).watermark_age == BY_UTC


def test_a_person_who_takes_it_away_is_heard() -> None:
    found = HookedWorld()
    assert synced(found).outcome is Outcome.DONE
    found.esb.parameter = ImportParameters(last_import=None)
    found.pms.before = raising(DOWN, found.pms.calls + 1)
    assert synced(found).watermark_age is None


def test_of_a_hotel_that_another_holds_it_is_told_too() -> None:
    found = HookedWorld()
    assert synced(found).outcome is Outcome.DONE
    found.clock.sleep(7200)
    with holding(journal_of(HOTEL, POLICY, found.neighbours())):
        result = synced(found)
    assert (result.outcome, result.watermark_age) == (Outcome.BUSY, timedelta(hours=2))


def test_a_hotel_that_was_never_imported_has_none() -> None:
    found = HookedWorld(esb=HookedEsb(parameter=ImportParameters(last_import=None)))
    found.pms.before = raising(DOWN, 3)
    assert synced(found).watermark_age is None
    found.esb = SilentEsb()
    assert synced(found).watermark_age is None


def test_a_clock_that_lies_before_the_watermark_makes_no_age_below_zero() -> None:
    found = HookedWorld(esb=HookedEsb(parameter=ImportParameters(last_import=UTC_NOW + DAY / 2)))
    found.pms.before = raising(DOWN, 3)
    assert synced(found).watermark_age == timedelta()
