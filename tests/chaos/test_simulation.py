"""A slice of the simulation, and the mistakes that it must find; `make chaos` lives all histories."""

from itertools import islice

import pytest
from chaos.campaign import all_plans, tallied
from chaos.history import Plan, lived
from chaos.mistakes import MISTAKES, RARE, looked_for
from chaos.workers import CALLS, Fault, Hit

from host_pms import ports

QUARTERS, EVERY = 4, 100


@pytest.mark.parametrize("quarter", range(QUARTERS))
def test_nothing_is_lost_and_nothing_comes_twice_whatever_happens(quarter: int) -> None:
    tally = tallied(islice(all_plans(), quarter * EVERY // QUARTERS, None, EVERY))
    assert tally.wrong == []
    assert tally.histories > 150
    assert tally.methods == CALLS


def test_every_method_of_a_port_is_faulted() -> None:
    """But the clock's, which cannot fail, and `ahead`, which calls nobody."""
    known = {"pms": ports.PmsApi, "esb": ports.Esb, "store": ports.ObjectStore}
    known |= {"heads": ports.HeadStore, "queue": ports.Queue}
    methods = {
        f"{name}.{method}" for name, port in known.items() for method in vars(port) if method[0] != "_"
    }
    assert methods - {"pms.ahead"} == CALLS


@pytest.mark.parametrize("fault", list(Fault))
def test_a_history_is_the_same_every_time(fault: Fault) -> None:
    hits = (Hit(call=20, fault=fault), Hit(call=90, fault=Fault.CRASH_AFTER))
    plan = Plan(seed=3, hits=hits, restart=200.0)
    assert lived(plan).world.digest() == lived(plan).world.digest()


def test_another_seed_is_another_history() -> None:
    assert lived(Plan(seed=1)).world.digest() != lived(Plan(seed=3)).world.digest()


@pytest.mark.parametrize("mistake", [*MISTAKES, *RARE])
def test_a_mistake_of_design_is_found(mistake: str) -> None:
    assert looked_for(mistake, every=23)
