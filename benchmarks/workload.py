"""What the benchmarks read: the answers of one simulated hotel, as it sends them, page by page."""

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
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


def with_amounts_that_differ(hotel: Workload) -> Workload:
    """The same hotel, but hardly an amount comes twice: nothing that is remembered of one helps the next."""
    return replace(
        hotel,
        reservations=_each_row(hotel.reservations, "Reservations", _priced_anew),
        revenue=_each_row(hotel.revenue, "Revenue", _posted_anew),
    )


Row = dict[str, Any]


def _each_row(pages: Sequence[bytes], name: str, change: Callable[[Row], Row]) -> tuple[bytes, ...]:
    answers = (json.loads(page) for page in pages)
    return tuple(json.dumps({name: [change(row) for row in answer[name]]}).encode() for answer in answers)


def _priced_anew(row: Row) -> Row:
    chance = random.Random(row["RowNumber"])  # noqa: S311 - no secret; the row is the same on both its pages
    return {
        **row,
        "Prices": [{**price, "Amount": round(chance.uniform(5, 900), 2)} for price in row["Prices"]],
    }


def _posted_anew(row: Row) -> Row:
    chance = random.Random(row["RowNumber"])  # noqa: S311 - likewise
    return {**row, "RevenueNet": round(chance.uniform(20, 900), 3)}


def _pages(name: str, ask: Callable[[PageRequest], Any]) -> tuple[tuple[bytes, ...], int]:
    pages: list[bytes] = []
    start, total = 0, 1
    while start + 1 < total or not pages:
        answer = ask(PageRequest(update_from=LONG_AGO, start=start))
        pages.append(json.dumps(answer).encode())
        total = answer[name][0]["TotalRows"]
        start += MAX_PAGE - 1
    return tuple(pages), total
