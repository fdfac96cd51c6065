"""Every worked example, through the pure functions alone; in memory, and in temporary files."""

import math
from functools import partial

import msgspec
import pytest
from golden_cases import NAMES, exact_json, load
from sorted_out import cleaned

from host_pms.models.climber.files import ReservationNight, encode
from host_pms.models.host.config import read_config
from host_pms.models.host.inventory import read_grid
from host_pms.models.host.reading import Reject
from host_pms.models.host.reservation import RESERVATIONS
from host_pms.models.host.revenue import POSTINGS
from host_pms.services.on_disk import PostingsOnDisk, RowsOnDisk
from host_pms.services.temporary import Temporary
from host_pms.transformers.books import Books
from host_pms.transformers.codes import read_catalogue
from host_pms.transformers.inventory import inventory_start, room_inventory
from host_pms.transformers.postings import RoomPostings
from host_pms.transformers.reservation import Tally, Terms, reservation_records
from host_pms.transformers.rows import NewestRows
from host_pms.transformers.segment import segments
from host_pms.transformers.status import read_statuses


@pytest.mark.parametrize("in_memory", [math.inf, 10, 0])
@pytest.mark.parametrize("name", NAMES)
def test_case_comes_out_as_expected(name: str, in_memory: float) -> None:
    case = load(name)
    config = read_config(case.body("config"))
    catalogue, statuses = read_catalogue(config.items), read_statuses(config.items)
    rows = NewestRows(partial(RowsOnDisk, temporary=Temporary()), in_memory=in_memory)
    for row in RESERVATIONS.page(case.body("reservations")).rows:
        clean = cleaned(RESERVATIONS, row, 0)
        assert not isinstance(clean, Reject)
        rows.add(clean)
    postings = RoomPostings(
        rows,
        own_update_from=case.update_from,
        larger=partial(PostingsOnDisk, temporary=Temporary()),
        in_memory=in_memory,
    )
    books = Books(invoiced=postings.books)
    for row in POSTINGS.page(case.body("revenue")).rows:
        clean = cleaned(POSTINGS, row, 0)
        assert not isinstance(clean, Reject)
        postings.add(clean)
    terms = Terms(
        today=config.today, first_import=case.first_import, id_format="composite", statuses=statuses
    )
    tally = Tally(catalogue, books)
    records = list(reservation_records(rows, postings, terms, tally))
    nights = msgspec.json.decode(b"[" + b",".join(records) + b"]", type=list[ReservationNight])
    first = inventory_start(config.today, case.update_from.date(), first_import=case.first_import)
    inventory = room_inventory(catalogue, read_grid(case.body("inventory")), today=config.today, first=first)

    assert exact_json(encode(nights)) == case.expected("reservations")
    assert exact_json(encode(segments(catalogue, tally.codes))) == case.expected("segments")
    assert exact_json(encode(inventory.configuration)) == case.expected("config")
    assert list(msgspec.json.decode(encode(nights))[0] if nights else []) == list(
        case.expected("reservations")[0] if nights else []
    )
    assert books.faults() == []
