"""A dry run shows what a run would do now, whatever the runs before it left, and leaves no trace."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from fake_pms import POLICY
from fakes import MemoryHeads
from stopping import HOTEL, HookedWorld, raising

from host_pms.errors import NeedsPersonError, TransientError
from host_pms.local.dry import DiscardingQueue, ReadOnlyEsb, ReadOnlyHeads, ReadOnlyStore
from host_pms.ports import HeldHead
from host_pms.services.fleet import HotelResult, Outcome, sync_fleet
from host_pms.services.journal import holding
from host_pms.services.sync import Published, journal_of
from host_pms.services.window import Asked

DOWN = TransientError("Host is down.")


def dry(world: HookedWorld) -> HotelResult:
    """A dry run, after which all is as it was."""
    neighbours = replace(
        world.neighbours(),
        store=ReadOnlyStore(world.store),
        heads=ReadOnlyHeads(world.heads),
        queue=DiscardingQueue(),
        esb=ReadOnlyEsb(world.esb),
    )
    before = (dict(world.store.objects), dict(world.heads.heads), world.told())
    (result,) = sync_fleet([HOTEL], Asked(), POLICY, neighbours, at_once=1)
    assert (world.store.objects, world.heads.heads, world.told()) == before
    return result


def stopped_reading(world: HookedWorld) -> None:
    world.pms.before = raising(DOWN, 5)


def stopped_telling(world: HookedWorld) -> None:
    def before_call(what: str) -> None:
        if what == "move":
            raise DOWN

    world.esb.before_call = before_call


def nothing(_world: HookedWorld) -> None:
    pass


@pytest.mark.parametrize(
    "left_by", [nothing, stopped_reading, stopped_telling], ids=lambda hook: hook.__name__
)
def test_it_comes_to_what_the_run_comes_to(left_by: Callable[[HookedWorld], None]) -> None:
    world = HookedWorld()
    left_by(world)
    try:
        world.sync()
    except TransientError:
        assert world.open_run is not None
    world.unhook()
    world.clock.sleep(60)
    shown = dry(world)
    assert shown.outcome is Outcome.DONE, shown.reason
    done = world.sync()
    assert shown.published is not None
    assert as_a_whole(shown.published) == as_a_whole(done)
    assert world.open_run is None


def as_a_whole(published: Published) -> object:
    return (published.window, published.files, published.counts, published.watermark)


def test_where_nothing_has_changed_it_shows_no_files() -> None:
    world = HookedWorld()
    assert len((world.sync()).files) == 3
    world.pms.pms.rows.clear()
    world.pms.pms.postings.clear()
    world.clock.sleep(60)
    shown = dry(world)
    assert shown.published is not None
    assert shown.published.files == ()


def test_a_worker_that_holds_the_hotel_is_no_hindrance_and_goes_on() -> None:
    world = HookedWorld()
    with holding(journal := journal_of(HOTEL, POLICY, world.neighbours())):
        assert dry(world).outcome is Outcome.DONE
        journal.record()


class Forbidden(MemoryHeads):
    """Heads that nobody may read."""

    def read(self, bucket: str, key: str) -> HeldHead | None:
        raise NeedsPersonError(f"No right to read {bucket}/{key}.")


def test_it_needs_no_right_on_the_storage() -> None:
    world = HookedWorld()
    world.heads = Forbidden(world.clock)  # type: ignore[assignment]
    assert dry(world).outcome is Outcome.DONE
