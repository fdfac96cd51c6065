"""A key's limit is kept and used by many processes, whatever becomes of them and of the table."""

import itertools
import random
from collections.abc import Callable

import pytest
from budget_world import KEY, BudgetWorld, Process, no_mistake
from msgspec.structs import replace

from host_pms.clients.holding import Holding
from host_pms.clients.ledger import LEASE, OUTAGE, PRESENCE, SKEW, WINDOW, Ledger, Member
from host_pms.ports import HeldText

CROWD = [(1, 1, 200), (8, 8, 200), (8, 3, 200), (50, 8, 200), (50, 50, 200), (7, 7, 10), (60, 60, 80)]


def started(world: BudgetWorld, processes: int, *, of: int, within: float = 5.0) -> list[Process]:
    """Processes that start in the next seconds, of so many that there may be."""
    made = [Process(world, f"p{number:03}", of) for number in range(processes)]
    for process in made:
        world.at(world.chance.uniform(0, within), process.start)
    return made


@pytest.mark.parametrize(("of", "processes", "limit"), CROWD)
def test_the_limit_is_kept_from_the_first_call_on_and_nearly_all_of_it_is_used(
    of: int, processes: int, limit: int
) -> None:
    world = BudgetWorld(limit=limit, seed=1, between=0.2)
    started(world, processes, of=of)
    world.run_until(400)
    assert world.most_in_a_minute() <= limit
    assert world.used(4) >= 0.95


def test_those_who_start_together_get_equal_parts_and_none_starves() -> None:
    world = BudgetWorld(limit=200, seed=2)
    started(world, 8, of=50)
    world.run_until(200)
    assert {member.calls for member in world.ledger().members.values()} == {25}


def test_newcomers_get_their_part_of_what_one_had_alone() -> None:
    world = BudgetWorld(limit=200, seed=3)
    started(world, 1, of=8)
    world.run_until(200)
    assert [member.calls for member in world.ledger().members.values()] == [200]
    late = [Process(world, f"q{number}", 8) for number in range(3)]
    for process in late:
        process.start()
    world.run_until(500)
    assert [member.calls for member in world.ledger().members.values()] == [50] * 4
    assert world.most_in_a_minute() <= 200
    assert world.used(3) >= 0.95


def test_who_leaves_makes_room_at_once_for_what_he_did_not_call() -> None:
    world = BudgetWorld(limit=200, seed=4, think=30.0)
    (idle,) = started(world, 1, of=2)
    world.run_until(70)
    made = len([time for time in world.called if time > world.time - 61])
    idle.leave()
    assert world.ledger().members[idle.name].made == made
    other = Process(world, "q", 2)
    world.think = 0.1
    other.start()
    world.run_until(100)
    assert other.paces.of(KEY).made(world.time + other.origin) > 100


def test_more_processes_than_were_told_wait_until_one_leaves() -> None:
    world = BudgetWorld(limit=60, seed=5)
    first = started(world, 3, of=3)
    world.run_until(30)
    late = Process(world, "late", 3)
    late.start()
    world.run_until(200)
    assert world.ledger().members["late"].calls == 0
    first[0].leave()
    world.run_until(400)
    assert world.ledger().members["late"].calls == 20
    assert world.most_in_a_minute() <= 60


@pytest.mark.parametrize("seconds", [15.0, 60.0, 200.0, 2000.0])
@pytest.mark.parametrize(("of", "processes"), [(8, 8), (50, 8), (50, 50)])
def test_a_table_that_is_away_for_all_breaks_nothing(seconds: float, of: int, processes: int) -> None:
    world = BudgetWorld(limit=200, seed=6, between=0.2)
    everybody = started(world, processes, of=of)
    world.run_until(150)
    world.is_out = True
    world.run_until(150 + seconds)
    if seconds > 500:
        assert world.used(3) == pytest.approx(processes * (200 // of) / 200, abs=0.05)
    world.is_out = False
    world.run_until(seconds + 450)
    assert world.most_in_a_minute() <= 200
    assert world.used(2) >= 0.9
    assert all(process.warned for process in everybody)


def test_who_never_reaches_the_table_waits_and_then_uses_his_share() -> None:
    world = BudgetWorld(limit=200, seed=7, is_out=True)
    started(world, 8, of=8)
    world.run_until(OUTAGE)
    assert world.called == []
    world.run_until(OUTAGE + 300)
    assert world.most_in_a_minute() <= 200
    assert world.used(4) >= 0.9
    world.is_out = False
    world.run_until(OUTAGE + 600)
    assert world.most_in_a_minute() <= 200


def test_tries_far_apart_do_not_make_one_outage() -> None:
    holding = Holding()
    for time in (0.0, 200.0):
        holding.lose_touch(time)
    assert holding.allowed(200.0, 25) == 0
    for number in range(1, 21):
        holding.lose_touch(200.0 + 5 * number)
    assert holding.allowed(300.0, 25) == 0
    holding.lose_touch(305.0)
    assert holding.allowed(305.0, 25) == 25


def test_a_crashed_process_is_given_up_after_five_minutes() -> None:
    world = BudgetWorld(limit=200, seed=8)
    crashed, *_ = started(world, 4, of=4)
    world.run_until(150)
    crashed.crash()
    world.run_until(150 + PRESENCE - 20)
    assert [member.calls for member in world.ledger().members.values()] == [50] * 4
    world.run_until(150 + PRESENCE + 100)
    assert sorted(member.calls for member in world.ledger().members.values()) == [66, 67, 67]


def test_a_damaged_item_is_told_and_leaves_everybody_his_share() -> None:
    world = BudgetWorld(limit=200, seed=9)
    (process,) = started(world, 1, of=4)
    world.run_until(100)
    world.items[KEY] = HeldText(body=b'{"members": 7}', version="damaged")
    world.run_until(300)
    assert {str(fault) for fault in process.warned} == {
        "A key's item in the table of RATE_BUDGET_TABLE cannot be read. Delete it while nothing runs."
    }
    assert process.budget.allowed(process.paces.of(KEY), 300 + process.origin) == 50


# --- any story ---


def story(seed: int, mistake: Callable[[Ledger], Ledger] = no_mistake) -> BudgetWorld:
    """The world after 900 s of joins, leaves, crashes, rests, and outages for one or for all.

    What docs/settings.md does not promise does not happen: nobody who is unknown to the table is cut off from
    it alone, or ends while it is out, nor anybody when it has been out for long.
    """
    chance = random.Random(seed)
    of = chance.choice([2, 3, 5, 8, 13, 50])
    world = BudgetWorld(
        limit=of * chance.randint(1, 20) + chance.randint(0, of),
        seed=seed,
        think=chance.choice([0.01, 0.1, 2.0]),
        between=chance.choice([0.0, 0.3]),
        lost_answers=chance.choice([0.0, 0.1]),
        mistake=mistake,
    )
    names = (f"p{number:03}" for number in itertools.count())
    alive = [Process(world, next(names), of) for _ in range(chance.randint(1, of))]
    asleep: list[Process] = []
    for process in alive:
        world.at(chance.uniform(0, 100), process.start)
    quiet_until = 150.0
    for time in sorted(chance.uniform(120, 900) for _ in range(25)):
        world.run_until(time)
        process = chance.choice(alive)
        known = world.gives(process) > 0
        may_end = len(alive) > 1 and (not world.is_out or (known and time < quiet_until - 300))
        match chance.choice(["join", "join", "leave", "leave", "crash", "rest", "cut off", "outage"]):
            case "join" if len(alive) < of:
                back = [other for other in asleep if other.cut_off_until < time and chance.random() < 0.5]
                alive.append(back[0] if back else Process(world, next(names), of))
                asleep = [other for other in asleep if other is not alive[-1]]
                alive[-1].start()
            case "leave" if may_end:
                process.leave()
                alive.remove(process)
                asleep.append(process)
            case "crash" if may_end:
                process.crash()
                alive.remove(process)
            case "rest" if time > quiet_until:
                process.idle_until = time + chance.uniform(5, 400)
            case "cut off" if time > quiet_until and process.idle_until < time - PRESENCE and known:
                process.cut_off_until = time + chance.uniform(5, PRESENCE - 80)
                quiet_until = process.cut_off_until + 200
            case "outage" if time > quiet_until and all(other.idle_until < time - OUTAGE for other in alive):
                world.is_out = True
                world.at(chance.choice([20, 100, 300]), lambda: setattr(world, "is_out", False))
                quiet_until = time + 500
    world.run_until(1200)
    return world


@pytest.mark.parametrize("seed", range(24))
def test_whatever_happens_no_minute_holds_more_than_the_limit(seed: int) -> None:
    world = story(seed)
    assert 0 < world.most_in_a_minute() <= world.limit


def each(change: Callable[[Ledger, Member], Member | None]) -> Callable[[Ledger], Ledger]:
    def changed(ledger: Ledger) -> Ledger:
        members = {name: change(ledger, member) for name, member in ledger.members.items()}
        return replace(ledger, members={name: member for name, member in members.items() if member})

    return changed


def last_seen(ledger: Ledger) -> float:
    return max((member.seen or 0.0 for member in ledger.members.values()), default=0.0)


def forget_silent(ledger: Ledger, member: Member) -> Member | None:
    return None if member.seen is not None and member.seen < last_seen(ledger) - 60 else member


def end_lease(ledger: Ledger, member: Member) -> Member:
    if member.seen is None or member.seen < last_seen(ledger) - 2 * SKEW:
        return member
    return replace(member, seen=member.seen - LEASE - WINDOW - SKEW)


MISTAKES: list[tuple[int, Callable[[Ledger], Ledger]]] = [
    (3, each(lambda _ledger, member: replace(member, made=0))),
    (2, each(forget_silent)),
    (3, each(end_lease)),
    (66, lambda ledger: replace(ledger, reunited=0.0)),
]


@pytest.mark.parametrize(
    ("seed", "mistake"), MISTAKES, ids=["calls that were made", "the silent", "leases", "reunions"]
)
def test_a_ledger_that_forgets_something_is_found_out(seed: int, mistake: Callable[[Ledger], Ledger]) -> None:
    world = story(seed, mistake)
    assert world.most_in_a_minute() > world.limit
