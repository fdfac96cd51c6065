"""S9: from when a run reads, and the watermark that it leaves."""

from datetime import date, datetime, timedelta

import pytest

from host_pms.errors import NeedsPersonError
from host_pms.models.host.config import HostConfig
from host_pms.ports import ImportParameters
from host_pms.services.window import BEGINNING, Asked, Window, next_watermark, plan_window

NOW = datetime(2024, 1, 15, 10, 30, 45, 123000)
HELD = datetime(2024, 1, 14, 2, 0, 0)
TWO_HOURS = timedelta(hours=2)


def config(local_time: datetime | None = NOW) -> HostConfig:
    return HostConfig(hotel_code="H", today=date(2024, 1, 15), local_time=local_time, items=())


def plan(asked: Asked | None = None, **parameters: datetime | None) -> Window:
    given = ImportParameters(**{"last_import": HELD, **parameters})
    return plan_window(given, config(), asked or Asked(), lookback=TWO_HOURS)


def test_an_increment_reads_from_the_watermark_less_the_look_back() -> None:
    window = plan()
    assert (window.update_from, window.complete) == (HELD - TWO_HOURS, False)


def test_it_does_not_read_before_the_earliest_import_date() -> None:
    earliest = HELD - timedelta(minutes=5)
    assert plan(min_import=earliest).update_from == earliest


def test_without_a_watermark_it_is_a_first_import_whatever_the_earliest_date() -> None:
    window = plan(last_import=None, min_import=HELD)
    assert (window.update_from, window.complete) == (BEGINNING, True)


def test_full_is_a_first_import() -> None:
    window = plan(Asked(full=True))
    assert (window.update_from, window.complete) == (BEGINNING, True)


@pytest.mark.parametrize(("since", "moves"), [(HELD, True), (HELD + timedelta(seconds=1), False)])
def test_since_moves_the_watermark_only_if_it_is_not_after_the_cursor(since: datetime, moves: bool) -> None:
    window = plan(Asked(since=since))
    assert (window.update_from, window.complete) == (since, False)
    assert (next_watermark(window, config(), None) is not None) == moves


def test_since_before_any_import_leaves_the_first_import_to_come() -> None:
    window = plan(Asked(since=HELD), last_import=None)
    assert next_watermark(window, config(), None) is None


def test_a_watermark_more_than_a_day_ahead_of_the_hotel_stops_the_run() -> None:
    assert plan(last_import=NOW + timedelta(days=1)).held is not None
    with pytest.raises(NeedsPersonError, match="more than a day after"):
        plan(last_import=NOW + timedelta(days=1, seconds=1))


def test_the_next_watermark_is_the_hotels_clock_in_whole_seconds() -> None:
    assert next_watermark(plan(), config(), HELD) == datetime(2024, 1, 15, 10, 30, 45)


def test_without_a_clock_it_is_the_newest_update_read() -> None:
    newest = HELD + timedelta(hours=1)
    assert next_watermark(plan(), config(None), newest) == newest
    assert next_watermark(plan(), config(None), None) is None


def test_it_never_goes_backwards() -> None:
    ahead = plan(last_import=NOW + timedelta(hours=3))
    assert next_watermark(ahead, config(), None) is None
