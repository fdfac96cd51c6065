"""Simulated hotels, and the connector that syncs them to a place as often as it is started."""

import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal

from commands import variables
from kills.places import Place
from kills.traps import Trap, TrappedCalls, TrappedFaults
from kills.workers import Worker

from host_pms.simulator.bookings import Booking
from host_pms.simulator.calls import Call
from host_pms.simulator.churn import Churn
from host_pms.simulator.hotels import BookedHotel
from host_pms.simulator.server import Simulator

Step = timedelta | Literal["sync", "churn"]
"""What happens to hotels beside kills: their clock moves on, they are synced, bookings change."""

_CHANGES = 5
_NO_CONTENT = 204


@dataclass(frozen=True, kw_only=True)
class Size:
    """How many hotels, and bookings of each."""

    hotels: int
    bookings: int


SMALL = Size(hotels=3, bookings=60)
LARGE = Size(hotels=1, bookings=6_500)
"""Its first import takes about 160 answers, so that progress is recorded three times."""


@dataclass(frozen=True, kw_only=True)
class Moved:
    """A watermark that the ESB took, and how many files it knew by then."""

    hotel: str
    watermark: str
    registered: int


class Hotels:
    """Serve while the simulator's own `with` block lasts. `folder` is where the connector works."""

    def __init__(self, *, size: Size, seed: int, place: Place, folder: Path, trap: Trap) -> None:
        self.size = size
        self.place = place
        self.moved: list[Moved] = []
        self.simulator = Simulator(hotels=size.hotels, bookings=size.bookings, seed=seed)
        self._faults = self.simulator.faults = TrappedFaults(trap)
        self.simulator.calls = TrappedCalls(trap, self._saw)
        self._churn = Churn(bookings=_CHANGES, seed=seed)
        self._folder = folder
        self._started = 0

    @property
    def codes(self) -> list[str]:
        """All of them."""
        return list(self.simulator.hotels)

    def bookings(self, code: str) -> tuple[Booking, ...]:
        """As they are now."""
        hotel = self.simulator.hotels[code]
        assert isinstance(hotel, BookedHotel)
        return hotel.bookings

    def start(self, *more: str, place: Place | None = None, folder: Path | None = None) -> Worker:
        """Another `host-pms sync` of all of them, here or elsewhere."""
        self._started += 1
        given = variables(self.simulator, LEASE_TTL="3s", **(place or self.place).variables())
        return Worker(folder or self._folder, self._started, given, more)

    def happens(self, step: Step) -> None:
        """The clock moves on, or bookings change; once nobody asks for anything."""
        self._wait_until_nothing_is_asked()
        if isinstance(step, timedelta):
            self.simulator.clock.advance(step)
        elif step == "churn":
            for hotel in self.simulator.hotels.values():
                self._churn(hotel, self.simulator.clock)

    def _wait_until_nothing_is_asked(self) -> None:
        """What a process asked for that is dead by now may still be on its way; or it has no end."""
        time.sleep(0.02)
        deadline = time.monotonic() + 1
        while self._faults.asked > len(self.simulator.calls) and time.monotonic() < deadline:
            time.sleep(0.01)

    def _saw(self, call: Call) -> None:
        if call.path.endswith("/import-dates") and call.status == _NO_CONTENT:
            hotel, esb = call.path.split("/")[-2], self.simulator.esb
            registered = len(esb.registrations)
            self.moved.append(Moved(hotel=hotel, watermark=esb.watermarks[hotel], registered=registered))
