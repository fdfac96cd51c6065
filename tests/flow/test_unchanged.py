"""S6: where nothing changed since the last run, nothing is told but the watermark."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import msgspec
import pytest
from fake_pms import config_body, encode, item, posting, reservation
from stopping import HELD, HookedEsb, HookedWorld, StoppingPms, dated_grid, raising

from host_pms.errors import NeedsPersonError, StoppedError, TransientError
from host_pms.events import EventName
from host_pms.models.head import Phase
from host_pms.ports import ImportParameters
from host_pms.services.sync import Published
from host_pms.services.window import Asked

SECOND = "20240115T113045Z"


@dataclass
class QuietPms(StoppingPms):
    """A hotel in which a test changes one thing at a time; nothing changed since `updateFrom`."""

    day: date = date(2024, 1, 15)
    hour: int = 10
    inventory: int = 40
    items: list[dict[str, Any]] = field(default_factory=list)

    def config(self, hotel_code: str) -> bytes:
        body = msgspec.json.decode(
            config_body(HotelDate=f"{self.day}T00:00:00", LocalTime=f"{self.day}T{self.hour}:30:45")
        )
        body["ConfigInfo"] += self.items
        self.pms.config_answer = encode(body)
        return super().config(hotel_code)

    def inventory_grid(self, hotel_code: str, first: date, last: date) -> bytes:
        return self._answer(
            ("grid", None, first), lambda: dated_grid(hotel_code, first, last, self.inventory)
        )


def quiet(last_import: datetime | None = HELD) -> HookedWorld:
    """A hotel after its first run; now nothing happens for an hour."""
    pms = QuietPms()
    world = HookedWorld(pms=pms, esb=HookedEsb(parameter=ImportParameters(last_import=last_import)))
    world.sync()
    pms.pms.rows, pms.pms.postings = [], []
    an_hour_later(world)
    return world


def an_hour_later(world: HookedWorld) -> None:
    world.clock.sleep(3600)
    world.pms.hour += 1  # type: ignore[attr-defined]
    world.events.clear()
    world.esb.registrations.clear()
    world.queue.sent.clear()


def assert_published(world: HookedWorld, published: Published) -> None:
    assert [found.file_type for found in published.files] == ["config", "segments", "reservation"]
    assert [found.file_key for found in world.esb.registrations] == [found.key for found in published.files]
    assert len(world.queue.sent) == 1


def test_nothing_is_told_but_the_watermark() -> None:
    world = quiet()
    before = world.published_files()
    published = world.sync()
    assert published.files == ()
    assert world.published_files() == before
    assert (world.esb.registrations, world.queue.sent) == ([], [])
    assert world.esb.watermarks[1:] == [datetime(2024, 1, 15, 11, 30, 45)]
    assert published.watermark == datetime(2024, 1, 15, 11, 30, 45)
    assert world.head.cursors.reservations == datetime(2024, 1, 15, 11, 30, 45)
    assert not [at for at in world.store.objects if at[0] == "raw-segments" and SECOND in at[1]]
    assert EventName.TRIGGER_SENT not in [event.name for event in world.events]
    manifest = world.manifest(SECOND)
    assert (manifest["outcome"], manifest["files"], manifest["registered"]) == ("unchanged", [], 0)
    assert manifest["watermark"] == "2024-01-15T11:30:45"


def test_its_answers_are_kept_like_any_others() -> None:
    world = quiet()
    world.sync()
    kept = [key for bucket, key in world.store.objects if bucket.startswith("raw-") and SECOND in key]
    assert (
        len(kept) == 1 + 2 + 3 + 2
    )  # the configuration, two empty lists, the grid; their list, the manifest


def test_a_day_without_a_change_stays_unchanged_hour_by_hour() -> None:
    world = quiet()
    for _ in range(5):
        world.sync()
        an_hour_later(world)
    assert len(world.published_files()) == 3
    assert [found.hour for found in world.esb.watermarks] == [10, 11, 12, 13, 14, 15]


def one_row(pms: QuietPms) -> None:
    pms.pms.rows = [reservation()]


def one_unreadable_row(pms: QuietPms) -> None:
    pms.pms.rows = [reservation(ResId=None)]


def one_posting(pms: QuietPms) -> None:
    pms.pms.postings = [posting()]


def a_changed_room(pms: QuietPms) -> None:
    pms.inventory = 39


def a_new_segment(pms: QuietPms) -> None:
    pms.items = [item("SEGMENT", "LEIS", "Leisure")]


def a_new_day(pms: QuietPms) -> None:
    pms.day, pms.hour = date(2024, 1, 16), 1


CHANGES = [one_row, one_unreadable_row, one_posting, a_changed_room, a_new_segment, a_new_day]


@pytest.mark.parametrize("change", CHANGES)
def test_one_change_is_published(change: Callable[[QuietPms], None]) -> None:
    world = quiet()
    change(world.pms)  # type: ignore[arg-type]
    assert_published(world, world.sync())
    assert world.manifest(SECOND)["outcome"] == "published"


@pytest.mark.parametrize("change", [a_changed_room, a_new_segment, a_new_day])
def test_a_change_is_published_once(change: Callable[[QuietPms], None]) -> None:
    world = quiet()
    change(world.pms)  # type: ignore[arg-type]
    world.sync()
    an_hour_later(world)
    assert world.sync().files == ()


@pytest.mark.parametrize("change", [a_changed_room, a_new_segment])
def test_a_change_that_is_taken_back_is_published_too(change: Callable[[QuietPms], None]) -> None:
    world = quiet()
    change(world.pms)  # type: ignore[arg-type]
    world.sync()
    an_hour_later(world)
    world.pms.inventory, world.pms.items = 40, []  # type: ignore[attr-defined]
    assert_published(world, world.sync())


def test_a_full_run_always_publishes() -> None:
    world = quiet()
    for _ in range(2):
        published = world.sync(Asked(full=True))
        assert_published(world, published)
        assert all(found.complete for found in world.esb.registrations)
        an_hour_later(world)


@pytest.mark.parametrize("last_import", [None, HELD])
def test_the_first_run_publishes_although_there_is_no_row(last_import: datetime | None) -> None:
    pms = QuietPms()
    pms.pms.rows, pms.pms.postings = [], []
    world = HookedWorld(pms=pms, esb=HookedEsb(parameter=ImportParameters(last_import=last_import)))
    assert_published(world, world.sync())


def test_a_run_from_a_date_publishes_only_a_change() -> None:
    world = quiet()
    assert world.sync(Asked(since=datetime(2024, 1, 1))).files == ()
    an_hour_later(world)
    one_row(world.pms)  # type: ignore[arg-type]
    assert_published(world, world.sync(Asked(since=datetime(2024, 1, 1))))


def test_a_run_that_was_given_up_does_not_count_as_the_last_one() -> None:
    """The room changed, but nobody was told: the next run must tell it."""
    world = quiet()
    a_changed_room(world.pms)  # type: ignore[arg-type]
    refused = NeedsPersonError("The ESB refused it.")

    def refuse(_what: str) -> None:
        raise refused

    world.esb.before_call = refuse
    with pytest.raises(NeedsPersonError):
        world.sync()
    assert world.open_run is None
    world.esb.before_call = lambda _what: None
    an_hour_later(world)
    assert_published(world, world.sync())


def test_an_unchanged_run_whose_watermark_was_refused_reads_the_same_window_again() -> None:
    """It registered nothing, so it is given up; the watermark may have been put all the same."""
    world = quiet()
    cursors = world.head.cursors
    put = datetime(2024, 1, 15, 11, 30, 45)

    def refuse_after(what: str) -> None:
        assert what == "move"
        world.esb.parameter = ImportParameters(last_import=put)
        raise NeedsPersonError("The ESB refused it.")

    world.esb.before_call = refuse_after
    with pytest.raises(NeedsPersonError):
        world.sync()
    assert world.open_run is None
    assert world.head.cursors == cursors
    world.esb.before_call = lambda _what: None
    an_hour_later(world)
    asked = len(world.pms.answered)
    assert world.sync().files == ()
    assert world.pms.answered[asked + 1] == ("reservations", datetime(2024, 1, 15, 8, 30, 45), 0)


@pytest.mark.parametrize("when", ["reading", "moving", "closing"])
def test_an_unchanged_run_that_stopped_is_finished_as_unchanged(when: str) -> None:
    world = quiet()
    before = world.published_files()
    down = TransientError("It is down.")

    def fail(*_: Any) -> None:
        raise down

    def fail_at_the_manifest(_bucket: str, key: str) -> None:
        if "_state/runs" in key:
            raise down

    calls = world.pms.calls
    if when == "reading":
        world.pms.before = raising(StoppedError("Stopped."), calls + 5)
    elif when == "moving":
        world.esb.before_call = fail
    else:
        world.store.before_put = fail_at_the_manifest
    with pytest.raises(TransientError):
        world.sync()
    assert world.phase in {Phase.EXTRACT, Phase.WATERMARK, Phase.CLOSED}
    world.pms.before = lambda _number: None
    world.esb.before_call = lambda _what: None
    world.store.before_put = lambda _bucket, _key: None
    an_hour_later(world)
    assert world.sync().files == ()
    assert world.published_files() == before
    assert (world.esb.registrations, world.queue.sent) == ([], [])
    assert [found.hour for found in world.esb.watermarks[1:]] == [11, 12]
    assert world.manifest(SECOND)["outcome"] == "unchanged"


def test_an_operators_reset_reads_from_there_and_is_not_overwritten_while_nothing_changed() -> None:
    world = quiet()
    reset = datetime(2023, 6, 1)

    def operator(_number: int) -> None:
        world.esb.parameter = ImportParameters(last_import=reset)

    world.pms.before = operator
    assert world.sync().watermark == reset
    assert len(world.esb.watermarks) == 1
    an_hour_later(world)
    world.pms.before = lambda _number: None
    asked = len(world.pms.answered)
    world.sync()
    assert world.pms.answered[asked + 1] == ("reservations", datetime(2023, 5, 31, 22), 0)
