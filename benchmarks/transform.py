"""How fast the transform is, from the pages' bytes to the published bytes, all rules on; one JSON line.

`baseline.ratio` says how many times as fast as pydantic and `json` it is, `floor.ratio` how many times
the time of mere decoding and encoding it takes. All three run in turns in one process, and the best of
each counts: CPU time, the garbage collector on as in production. A hotel's amounts come again and again;
both ratios are told of a hotel too where hardly one comes twice.

    python benchmarks/transform.py [rounds [bookings]]
"""

import gc
import json
import sys
import time
from collections.abc import Callable
from datetime import datetime
from io import BytesIO
from itertools import islice

import baseline
import floor
import msgspec
import pydantic
import workload
from machine import machine

from host_pms.models.host.config import read_config
from host_pms.models.host.reservation import RESERVATIONS
from host_pms.models.host.revenue import POSTINGS
from host_pms.services.dataset import Dataset, take_batch
from host_pms.services.paging import Scan
from host_pms.transformers.books import Books
from host_pms.transformers.codes import read_catalogue
from host_pms.transformers.postings import RoomPostings
from host_pms.transformers.reservation import Tally, Terms, reservation_records
from host_pms.transformers.rows import NewestRows
from host_pms.transformers.status import read_statuses

ROUNDS = 7
RECORDS_AT_ONCE = 500
TIMES_THE_BASELINE = 5.0
TIMES_THE_FLOOR = 3.5
TIMES_THE_BASELINE_WHERE_AMOUNTS_DIFFER = 3.0
TIMES_THE_FLOOR_WHERE_AMOUNTS_DIFFER = 5.0
LATEST = datetime(9000, 1, 1)  # noqa: DTZ001 - hotel-local times carry no zone


def transform(hotel: workload.Workload) -> bytes:
    """The product's own path: scans, rows, postings, records, and books that balance."""
    config = read_config(hotel.config)
    statuses = read_statuses(config.items)
    rows = _reservations(hotel)
    rows.earliest_night(statuses, today=config.today)
    postings = _postings(hotel, rows)
    postings.earliest_night(statuses)
    tally = Tally(read_catalogue(config.items), Books(invoiced=postings.books))
    terms = Terms(today=config.today, first_import=False, id_format="composite", statuses=statuses)
    records = reservation_records(rows, postings, terms, tally)
    body = BytesIO()
    while some := list(islice(records, RECORDS_AT_ONCE)):
        body.write(b",\n" if body.tell() else b"[\n")
        body.write(b",\n".join(some))
    body.write(b"\n]\n")
    if faults := tally.books.faults():
        raise SystemExit(f"The books do not balance: {faults}")
    return body.getvalue()


def _reservations(hotel: workload.Workload) -> NewestRows:
    scan = Scan("reservations", RESERVATIONS, rows_have_ids=True)
    dataset = Dataset(name="reservation", kept=NewestRows(), latest_plausible=LATEST)
    for body in hotel.reservations:
        take_batch(dataset, "key", scan.take(body), RESERVATIONS)
    return dataset.kept


def _postings(hotel: workload.Workload, rows: NewestRows) -> RoomPostings:
    scan = Scan("postings", POSTINGS, rows_have_ids=False)
    kept = RoomPostings(rows, own_update_from=workload.LONG_AGO)
    dataset = Dataset(name="revenue", kept=kept, latest_plausible=LATEST)
    for body in hotel.revenue:
        take_batch(dataset, "key", scan.take(body), POSTINGS)
    return dataset.kept


def cpu_seconds(work: Callable[[], object]) -> float:
    """One run's."""
    gc.collect()
    start = time.process_time()
    work()
    return time.process_time() - start


def measured(hotel: workload.Workload, rounds: int) -> tuple[float, float, float]:
    """The best of the product, of the baseline, and of the floor, in CPU seconds."""
    published = transform(hotel)
    terms = (hotel.config, hotel.reservations, hotel.revenue)
    usual = baseline.reservations_file(*terms, first_import=False)
    if json.loads(usual) != json.loads(published):
        raise SystemExit("The baseline comes to other records.")
    nights = floor.nights(published)
    works: tuple[Callable[[], object], ...] = (
        lambda: transform(hotel),
        lambda: baseline.reservations_file(*terms, first_import=False),
        lambda: floor.decode_and_encode(hotel.reservations, hotel.revenue, nights),
    )
    times = [[cpu_seconds(work) for work in works] for _ in range(rounds)]
    product, usual_time, least = map(min, zip(*times, strict=True))
    return product, usual_time, least


def figures(
    hotel: workload.Workload, rounds: int, *, times_the_baseline: float, times_the_floor: float
) -> tuple[dict[str, object], dict[str, object]]:
    """Both figures with what they are held against."""
    product, usual, least = measured(hotel, rounds)
    against_baseline = {
        "figure": round(hotel.rows / product),
        "reference": round(hotel.rows / usual),
        "unit": "reservations/s",
        "against": f"json and pydantic {pydantic.VERSION}",
        "ratio": round(usual / product, 2),
        "goal": f">= {times_the_baseline}",
    }
    against_floor = {
        "figure": round(product, 3),
        "reference": round(least, 3),
        "unit": "CPU seconds",
        "against": f"msgspec {msgspec.__version__}",
        "ratio": round(product / least, 2),
        "goal": f"<= {times_the_floor}",
    }
    return against_baseline, against_floor


def report(rounds: int, bookings: int) -> dict[str, object]:
    """The figures of both hotels."""
    hotel = workload.hotel(bookings)
    usual = figures(hotel, rounds, times_the_baseline=TIMES_THE_BASELINE, times_the_floor=TIMES_THE_FLOOR)
    differing = figures(
        workload.with_amounts_that_differ(hotel),
        rounds,
        times_the_baseline=TIMES_THE_BASELINE_WHERE_AMOUNTS_DIFFER,
        times_the_floor=TIMES_THE_FLOOR_WHERE_AMOUNTS_DIFFER,
    )
    return {
        "benchmark": "transform",
        "reservations": hotel.rows,
        "postings": hotel.postings,
        "megabytes": round(hotel.megabytes),
        "baseline": usual[0],
        "floor": usual[1],
        "baseline where amounts differ": differing[0],
        "floor where amounts differ": differing[1],
        "machine": machine(),
        "rounds": rounds,
    }


if __name__ == "__main__":
    given = tuple(map(int, sys.argv[1:3]))
    print(json.dumps(report(*given, *(ROUNDS, workload.BOOKINGS)[len(given) :])))
