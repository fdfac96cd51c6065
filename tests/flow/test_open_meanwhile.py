"""A run lies open for a while, and its hotel goes on: rows that change in between are lost by no run (S9)."""

import json
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from fake_pms import POLICY, FakePms, config_body, price, reservation
from fakes import FakeClock
from stopping import HookedWorld, StoppingPms

from host_pms.errors import IncompleteListError, StoppedError, TransientError
from host_pms.models.run import TIMESTAMP

LOCAL = "%Y-%m-%dT%H:%M:%S"
NO_LOOKBACK = replace(POLICY, lookback=timedelta())
"""With one, the next run would read once more what this one lost."""


@dataclass
class LivingPms(StoppingPms):
    """A hotel with a clock, which lists the rows that were changed at or after `updateFrom`, newest last.

    Each change gives a row's only night a price that was never there before.
    """

    pms: FakePms = field(default_factory=lambda: FakePms(page_rows=10))
    clock: FakeClock = field(default_factory=FakeClock)
    chance: random.Random = field(default_factory=random.Random)
    rows: dict[int, dict[str, Any]] = field(default_factory=dict)
    changes: int = 0

    def config(self, hotel_code: str) -> bytes:
        self.pms.config_answer = config_body(LocalTime=f"{self.clock.now():{LOCAL}}")
        return super().config(hotel_code)

    def reservations(self, hotel_code: str, update_from: datetime, start: int) -> bytes:
        self.pms.rows = [row for row in self.rows.values() if row["LastUpdate"] >= f"{update_from:{LOCAL}}"]
        return super().reservations(hotel_code, update_from, start)

    def change(self, times: int) -> None:
        """So many rows come or change, one a second."""
        for _ in range(times):
            self.clock.sleep(1)
            self.changes += 1
            number = self.chance.choice([*self.rows, self.chance.randrange(10**6)])
            self.rows.pop(number, None)
            self.rows[number] = reservation(
                ResId=number,
                LastUpdate=f"{self.clock.now():{LOCAL}}",
                CheckOut="2024-01-21T11:00:00",
                Prices=[price("2024-01-20", f"{self.changes}.00")],
            )


def published_prices(world: HookedWorld) -> dict[str, float]:
    """What Climber has of each row in the end: the newest file that tells of it counts."""
    found: dict[str, float] = {}
    for bucket, key in sorted(world.store.objects):
        if bucket == "out-reservations":
            records = json.loads(world.store.objects[bucket, key])
            found |= {record["reservationIdExternal"]: record["revenueRoom"] for record in records}
    return found


def current_prices(pms: LivingPms) -> dict[str, float]:
    return {f"1-{number}-100-1": float(row["Prices"][0]["Amount"]) for number, row in pms.rows.items()}


def changing_until(pms: LivingPms, last: int) -> Callable[[int], None]:
    """Up to two rows change between any two calls; the call of this number is not made."""

    def before(number: int) -> None:
        pms.change(pms.chance.randrange(3))
        if number == last:
            raise StoppedError("Somebody asked the command to stop.")

    return before


@pytest.mark.parametrize("seed", range(30))
def test_nothing_is_lost_by_runs_that_lie_open_for_a_while(seed: int) -> None:
    chance = random.Random(seed)
    pms = LivingPms(chance=chance)
    world = HookedWorld(pms=pms)
    pms.clock = world.clock
    pms.change(60)
    stopped = 0
    for _ in range(8):
        pms.before = changing_until(pms, pms.calls + chance.randrange(1, 11))
        try:
            world.sync(policy=NO_LOOKBACK)
        except TransientError:
            stopped += 1
        world.clock.sleep(chance.randrange(10, 5000))
        pms.change(chance.randrange(8))
    assert stopped >= 2
    pms.before = lambda _number: None
    with suppress(IncompleteListError):  # a list that was left open may have moved too far
        world.sync(policy=NO_LOOKBACK)
    world.sync(policy=NO_LOOKBACK)
    assert published_prices(world) == current_prices(pms)
    assert len({message.attributes["Timestamp"] for message in world.queue.sent}) == len(world.queue.sent)
    assert max(world.esb.watermarks) == world.esb.watermarks[-1]
    assert world.head.last_started is not None
    assert world.queue.sent[-1].attributes["Timestamp"] <= f"{world.head.last_started:{TIMESTAMP}}"
