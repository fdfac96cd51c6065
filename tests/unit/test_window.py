"""S9: from when a run reads, and the watermark that it leaves."""

from datetime import date, datetime, timedelta

import pytest

from host_pms.errors import NeedsPersonError
from host_pms.models.head import Cursors, Head, Lease, Window
from host_pms.models.host.config import HostConfig
from host_pms.ports import ImportParameters
from host_pms.services.window import BEGINNING, Asked, next_cursors, next_watermark, plan_window

NOW = datetime(2024, 1, 15, 10, 30, 45, 123000)
HELD = datetime(2024, 1, 14, 2, 0, 0)
TWO_HOURS = timedelta(hours=2)


def config(local_time: datetime | None = NOW) -> HostConfig:
    return HostConfig(hotel_code="H", today=date(2024, 1, 15), local_time=local_time, items=())


def head(cursors: Cursors | None = None, *watermarks: datetime) -> Head:
    return Head(
        schema=1,
        hotel_code="H",
        sequence=1,
        put_id="",
        lease=Lease(epoch=1, owner="me", held=True),
        cursors=cursors or Cursors(),
        watermarks=watermarks,
    )


def plan(asked: Asked | None = None, remembered: Head | None = None, **parameters: datetime | None) -> Window:
    given = ImportParameters(**{"last_import": HELD, **parameters})
    return plan_window(given, config(), asked or Asked(), remembered or head(), lookback=TWO_HOURS)


def put(window: Window, local_time: datetime | None = NOW, newest: datetime | None = None) -> datetime | None:
    """The watermark that a run with this window puts."""
    reached = next_cursors(window, config(local_time), Cursors(reservations=newest, postings=newest))
    return next_watermark(window, reached)


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
    assert (put(window) is not None) == moves


def test_since_before_any_import_leaves_the_first_import_to_come() -> None:
    window = plan(Asked(since=HELD), last_import=None)
    assert put(window) is None


def test_a_watermark_more_than_a_day_ahead_of_the_hotel_stops_the_run() -> None:
    assert plan(last_import=NOW + timedelta(days=1)).held is not None
    with pytest.raises(NeedsPersonError, match="more than a day after"):
        plan(last_import=NOW + timedelta(days=1, seconds=1))


def test_the_next_watermark_is_the_hotels_clock_in_whole_seconds() -> None:
    assert put(plan(), newest=HELD) == datetime(2024, 1, 15, 10, 30, 45)


def test_without_a_clock_it_is_the_newest_update_read() -> None:
    newest = HELD + timedelta(hours=1)
    assert put(plan(), None, newest) == newest
    assert put(plan(), None) is None


def test_it_never_goes_backwards() -> None:
    ahead = plan(last_import=NOW + timedelta(hours=3))
    assert put(ahead) is None


OURS = Cursors(reservations=HELD, postings=HELD - timedelta(days=3))


def test_what_was_last_put_means_our_own_cursors_each_list_its_own() -> None:
    """A hotel without a clock: the lists are read up to their newest rows."""
    window = plan(remembered=head(OURS, HELD))
    assert (window.update_from, window.revenue_from) == (HELD - TWO_HOURS, HELD - timedelta(days=3, hours=2))


@pytest.mark.parametrize("by_hand", [HELD - timedelta(days=30), HELD + timedelta(hours=1)])
def test_a_watermark_that_a_person_changed_counts_for_both_lists(by_hand: datetime) -> None:
    window = plan(remembered=head(OURS, HELD), last_import=by_hand)
    assert (window.update_from, window.revenue_from) == (by_hand - TWO_HOURS, by_hand - TWO_HOURS)
    assert window.cursors == Cursors(reservations=by_hand, postings=by_hand)


def test_a_watermark_that_a_person_took_away_means_a_first_import() -> None:
    assert plan(remembered=head(OURS, HELD), last_import=None).complete


def test_the_watermark_of_a_run_that_was_given_up_does_not_count_as_reached() -> None:
    """It may have been put; what counts is where that run began."""
    given_up = HELD + timedelta(days=1)
    assert plan(remembered=head(OURS, HELD, given_up), last_import=given_up).update_from == HELD - TWO_HOURS
    assert plan(remembered=head(Cursors(), given_up), last_import=given_up).complete


def test_each_list_reaches_its_own_newest_row_and_never_goes_back() -> None:
    window = plan(remembered=head(OURS, HELD))
    newest = Cursors(reservations=HELD - timedelta(days=1), postings=HELD + timedelta(hours=1))
    reached = next_cursors(window, config(None), newest)
    assert reached == Cursors(reservations=HELD, postings=HELD + timedelta(hours=1))
    assert next_watermark(window, reached) is None
