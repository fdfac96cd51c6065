"""A hotel's days: a first import and increments, in each of which processes are killed."""

import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from random import Random

from kills.attempts import Attempts, Outcomes, Suffered, timestamp_of
from kills.hotels import Hotels, Step
from kills.moments import Usual, draw_moment
from kills.places import head_of
from kills.traps import Moment, Trap

DEADLINE = 30.0
"""Seconds after which a hotel that is still busy is a fault: ten times the lease."""

_A_LEASE = 2.5
"""Seconds; what is left of 3.25 a sync's own start takes. S3 does not know that a process is dead."""

_DAYS = (0.25, 1, 1, 3, 30)
_MOST_KILLS_A_DAY = 5
_VICTIMS = ((0,), (1,), (0, 1))


class History:
    """Kills until there were enough, then a quiet last day. `steps` is what happened beside the kills.

    `churns`: bookings change between a kill and what comes after it. `late`: the last run that was cut off
    is gone on with on the next day. `mixed` are the hotels and timestamps of runs during which that was so:
    their pages may be others when they are asked for again.
    """

    def __init__(self, hotels: Hotels, trap: Trap, rng: Random, usual: Mapping[bool, Usual]) -> None:
        self.churns = rng.random() < 0.5
        self.late = False
        self._wants_late = rng.random() < 0.3
        self.steps: list[Step] = []
        self.mixed: set[tuple[str, str]] = set()
        self._hotels = hotels
        self._attempts = Attempts(hotels, trap)
        self._rng = rng
        self._usual = usual

    @property
    def suffered(self) -> Suffered:
        """So far."""
        return self._attempts.suffered

    def run(self, kills: int, before: Suffered) -> None:
        """So many, or one more; `before` is what others suffered, so that a quarter of all are rivals'."""
        while self.suffered.kills < kills and not self.suffered.faults:
            if self.steps:
                self._happens(timedelta(days=self._rng.choice(_DAYS)))
            self.steps.append("sync")
            wanted = self._rng.randint(self._fewest_kills(), _MOST_KILLS_A_DAY)
            self._day(min(kills, self.suffered.kills + wanted), before)
            self.late = self._wants_late and self.suffered.kills >= kills and self._all_open()
            if not self.late:
                self._finish()
        self._happens(timedelta(days=1))
        self.steps.append("sync")
        self._finish()

    def _day(self, kills: int, before: Suffered) -> None:
        """Until there are so many kills, or a moment did not come."""
        while self.suffered.kills < kills and not self.suffered.faults:
            killed = self.suffered.kills
            outcomes = self._attempt(before)
            if self.suffered.kills > killed:
                if self.churns and self._rng.random() < 0.7:
                    self._happens("churn")
            elif any(map(self._is_done, outcomes)):
                return
            else:
                time.sleep(_A_LEASE)

    def _attempt(self, before: Suffered) -> Sequence[Outcomes]:
        if 4 * (before.of_rivals + self.suffered.of_rivals) >= before.kills + self.suffered.kills:
            return self._attempts.lone(self._moment())
        if self._rng.random() < 0.25:
            return self._attempts.stalled(self._moment(), self._moment(), self._rng.uniform(0.3, 1.5))
        return self._attempts.rivals(self._moment(), self._rng.choice(_VICTIMS))

    def _moment(self) -> Moment:
        return draw_moment(self._rng, self._usual[self._is_first])

    def _finish(self) -> None:
        """Sync until nothing is left open and nobody is busy."""
        deadline = time.monotonic() + DEADLINE
        while not self._is_done(self._attempts.undisturbed()):
            if self.suffered.faults or time.monotonic() > deadline:
                self.suffered.faults.append("a hotel was never done")
                return
            time.sleep(_A_LEASE)

    def _is_done(self, outcomes: Outcomes) -> bool:
        return set(outcomes) == set(self._hotels.codes) and set(outcomes.values()) == {"done"}

    def _fewest_kills(self) -> int:
        """A first import takes longest: there is most to be killed."""
        return 3 if self._is_first else 1

    @property
    def _is_first(self) -> bool:
        return self.steps.count("sync") == 1

    def _all_open(self) -> bool:
        return len(self._open_runs()) == len(self._hotels.codes)

    def _open_runs(self) -> set[tuple[str, str]]:
        heads = {hotel: head_of(self._hotels.place, hotel) for hotel in self._hotels.codes}
        return {
            (hotel, timestamp_of(hotel, head.open_run))
            for hotel, head in heads.items()
            if head and head.open_run
        }

    def _happens(self, step: Step) -> None:
        self.mixed |= self._open_runs()
        self._hotels.happens(step)
        self.steps.append(step)
