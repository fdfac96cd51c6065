"""One history: a first import and four increments of a changing hotel, with faults, until all is quiet."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from chaos.workers import Crash, Faults, Hit, Worker
from chaos.world import World

from host_pms.errors import BusyError, NeedsPersonError, TransientError

SYNCS = 5
HOURS_BETWEEN = 6
MOST_TRIES = 20
LONGEST_WAIT = 3600.0
RESTART_SECONDS = (10.0, 200.0, 3600.0)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to happen: the seed of all chance, the faults, and how soon a failed sync is tried again."""

    seed: int = 1
    hits: tuple[Hit, ...] = ()
    restart: float = 10.0
    disk: bool = False


@dataclass
class History:
    """What has happened. `tries` holds how each sync of the hotel ended, in order, one list a round."""

    plan: Plan
    world: World
    faults: Faults
    tries: list[list[BaseException | None]] = field(default_factory=list)

    @property
    def ended(self) -> bool:
        """Whether the last sync came to its end."""
        return self.tries[-1][-1] is None


def lived(plan: Plan) -> History:
    """The history of a plan, up to a last sync long after everything has calmed down."""
    world = World(plan.seed, disk=plan.disk)
    history = History(plan=plan, world=world, faults=Faults(planned=plan.hits))
    for _ in range(SYNCS):
        history.tries.append(_synced(world, history.faults, plan.restart))
        Worker(world, history.faults).look()
        _time_goes_by(world)
    world.quiet = True
    world.passes(HOURS_BETWEEN * 3600)
    history.tries.append(_synced(world, history.faults, plan.restart))
    return history


def _synced(world: World, faults: Faults, restart: float) -> list[BaseException | None]:
    """Tries of one sync until it is done, or cannot be."""
    tries: list[BaseException | None] = []
    while len(tries) < MOST_TRIES:
        tries.append(_tried(world, faults))
        if tries[-1] is None or _is_hopeless(tries):
            break
        world.passes(restart)
        restart = min(2 * restart, LONGEST_WAIT)
    return tries


def _tried(world: World, faults: Faults) -> BaseException | None:
    try:
        return Worker(world, faults).sync()
    except Crash as crash:
        return crash


def _is_hopeless(tries: Sequence[BaseException | None]) -> bool:
    """A bug, or what needs a person: nothing in these histories may come to that."""
    return not isinstance(tries[-1], TransientError | BusyError | Crash) or isinstance(
        tries[-1], NeedsPersonError
    )


def _time_goes_by(world: World) -> None:
    for _ in range(HOURS_BETWEEN):
        world.passes(3600)
        if world.chance.random() < 0.7:
            world.hotel.something_happens()
