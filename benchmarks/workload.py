"""What the benchmarks read: the answers of one simulated hotel, as it sends them, page by page."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from host_pms.simulator.clock import START
from host_pms.simulator.hotels import synthetic_hotels
from host_pms.simulator.pms import MAX_PAGE, PageRequest

BOOKINGS = 26_500  # of which some 20,000 rows are known on the day
SEED = 7
LONG_AGO = datetime(2000, 1, 1)  # noqa: DTZ001 - hotel-local times carry no zone


@dataclass(frozen=True, kw_only=True)
class Workload:
    """A hotel's configuration and the pages of its two lists; every page begins with its forerunner's end."""

    config: bytes
    reservations: tuple[bytes, ...]
    revenue: tuple[bytes, ...]
    rows: int
    postings: int

    @property
    def megabytes(self) -> float:
        """All that is read."""
        return sum(map(len, (*self.reservations, *self.revenue))) / 1e6


def hotel(bookings: int = BOOKINGS) -> Workload:
    """A resort: names and codes, day uses, cancellations, no-shows, room moves, three sales groups."""
    (found,) = synthetic_hotels(1, seed=SEED, bookings=bookings)
    reservations, rows = _pages("Reservations", lambda request: found.reservations(START, request))
    revenue, postings = _pages("Revenue", lambda request: found.revenue(START, request, 0))
    return Workload(
        config=json.dumps(found.config(START)).encode(),
        reservations=reservations,
        revenue=revenue,
        rows=rows,
        postings=postings,
    )


def _pages(name: str, ask: Callable[[PageRequest], Any]) -> tuple[tuple[bytes, ...], int]:
    pages: list[bytes] = []
    start, total = 0, 1
    while start + 1 < total or not pages:
        answer = ask(PageRequest(update_from=LONG_AGO, start=start))
        pages.append(json.dumps(answer).encode())
        total = answer[name][0]["TotalRows"]
        start += MAX_PAGE - 1
    return tuple(pages), total
