"""Rows and postings in temporary files: the same, row by row and sum by sum, as in dictionaries."""

import math
import tracemalloc
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from functools import partial
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from host_pms.models.host.amounts import UNIT, Amount
from host_pms.models.host.packed import amount_of, packed, unpacked, written
from host_pms.models.host.prices import Prices
from host_pms.models.host.reservation import Reservation, Texts
from host_pms.models.host.revenue import Posting
from host_pms.services.on_disk import PostingsOnDisk, RowsOnDisk
from host_pms.services.temporary import Temporary
from host_pms.transformers.books import Books
from host_pms.transformers.codes import Codes, read_catalogue
from host_pms.transformers.postings import RoomPostings
from host_pms.transformers.reservation import Tally, Terms, reservation_records
from host_pms.transformers.rows import NewestRows, guest_key
from host_pms.transformers.status import read_statuses

TODAY = date(2024, 1, 15)
OWN = datetime(2024, 1, 10)
STATUSES = read_statuses([])
SEVERAL = settings(max_examples=100, deadline=None, derandomize=True)

# Small pools, so that ids collide; and ids that a database could take for others.
ids = st.sampled_from(["1", "01", "a", "A", "a ", "é", "e\u0301", "\0", "1\0", "'", "😀"])
nights = st.dates(date(2024, 1, 8), date(2024, 1, 20))
updates = st.none() | st.sampled_from(
    [datetime(2024, 1, 9), datetime(2024, 1, 9, 8, 0, 0, 1), datetime(2024, 1, 9, 8), datetime(2024, 1, 12)]
)
amounts: st.SearchStrategy[Amount] = (
    st.just(0)
    | st.integers(-(10**12) * UNIT + 1, 10**12 * UNIT - 1)
    | st.builds(Fraction, st.integers(-(10**34), 10**34), st.sampled_from([10**5, 10**980]))
)
names = st.none() | st.sampled_from(["Tours", "Ünïcode \0", '"'])


@st.composite
def prices(draw: st.DrawFn) -> Prices:
    room = draw(st.dictionaries(nights, amounts, max_size=4))
    some = st.dictionaries(st.sampled_from(sorted(room)), amounts) if room else st.just({})
    return Prices(room, draw(some), draw(some))


@st.composite
def reservations(draw: st.DrawFn) -> Reservation:
    check_in = draw(nights)
    return Reservation(
        res_no=draw(st.sampled_from(["1", "2"])),
        res_id=draw(ids),
        guest_id=draw(st.sampled_from(["7", "8"])),
        detail_id=draw(st.sampled_from(["0", "1"])),
        master=draw(st.booleans()),
        created=draw(nights),
        check_in=check_in,
        check_out=check_in + draw(st.integers(0, 4)) * timedelta(days=1),
        last_update=draw(updates),
        status_id=draw(st.sampled_from([0, 6, 7, 10, 20, 10**17])),
        rooms=draw(st.integers(0, 3)),
        pax=draw(st.integers(0, 10**17)),
        texts=Texts(*[draw(names) for _ in range(10)]),
        prices=draw(prices()),
    )


postings = st.builds(
    Posting,
    res_id=ids,
    guest_id=st.sampled_from(["7", "8"]),
    date=nights,
    room=st.booleans(),
    net=amounts,
    last_update=updates,
)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """All that can be asked of rows and postings, and what they come to."""

    rows: list[Any]
    counts: tuple[int, ...]
    guests: list[Any]
    earliest: tuple[date | None, ...]
    records: list[bytes]
    tally: list[Any]
    books: Books


def outcome(rows: list[Reservation], posted: list[Posting], *, in_memory: float) -> Outcome:
    kept, kept_postings = tables(in_memory)
    for row in rows:
        kept.add(row)
    earliest = kept.earliest_night(STATUSES, today=TODAY)
    for posting in posted:
        kept_postings.add(posting)
    tally = Tally(read_catalogue([]), Books(invoiced=kept_postings.books))
    records = list(reservation_records(kept, kept_postings, terms(), tally))
    return Outcome(
        rows=[fields(row) for row in kept],
        counts=(len(kept), kept.older, kept.nights, kept.shared_details(), kept_postings.other_groups),
        guests=[about(row, kept, kept_postings) for row in rows],
        earliest=(earliest, kept_postings.earliest_night(STATUSES)),
        records=records,
        tally=[noted(tally.codes), tally.statuses, tally.unknown_statuses],
        books=tally.books,
    )


def noted(codes: Codes) -> list[dict[str | None, str]]:
    return [codes.agencies, codes.companies, codes.cros, codes.groups]


def tables(in_memory: float) -> tuple[NewestRows, RoomPostings]:
    rows = NewestRows(partial(RowsOnDisk, temporary=Temporary()), in_memory=in_memory)
    larger = partial(PostingsOnDisk, temporary=Temporary())
    return rows, RoomPostings(rows, own_update_from=OWN, larger=larger, in_memory=in_memory)


def terms() -> Terms:
    return Terms(today=TODAY, first_import=True, id_format="composite", statuses=STATUSES)


def about(row: Reservation, rows: NewestRows, posted: RoomPostings) -> tuple[Any, ...]:
    key = guest_key(row.res_id, row.guest_id)
    sharing = [fields(other) for other in rows.sharing(row)]
    alone, live = rows.is_alone(row), rows.has_live(key, STATUSES)
    stranger = rows.has_guest((row.guest_id, row.res_id))
    return sharing, alone, live, rows.has_guest(key), stranger, posted.of(row)


def fields(row: Reservation) -> Any:
    """The row's values, whichever of its types stand for it."""
    return [*msgspec.structs.astuple(row)[:-1], msgspec.structs.astuple(row.prices)]


@SEVERAL
@given(
    rows=st.lists(reservations(), max_size=12),
    posted=st.lists(postings, max_size=12),
    in_memory=st.sampled_from([0, 3, 10]),
)
def test_they_come_to_the_same_as_in_memory(
    rows: list[Reservation], posted: list[Posting], in_memory: int
) -> None:
    assert outcome(rows, posted, in_memory=in_memory) == outcome(rows, posted, in_memory=math.inf)


@SEVERAL
@given(row=reservations())
def test_a_row_is_read_as_it_was_written(row: Reservation) -> None:
    assert fields(unpacked(packed(row))) == fields(row)


@SEVERAL
@given(amount=amounts)
def test_an_amount_is_read_as_it_was_written(amount: Amount) -> None:
    assert amount_of(written(amount)) == amount


def test_rows_go_over_only_when_they_are_too_many() -> None:
    made: list[int] = []

    def larger(rows: Any) -> RowsOnDisk:
        made.append(sum(1 for _ in rows))
        return RowsOnDisk([], Temporary())

    rows = NewestRows(larger, in_memory=9)
    for row in stays(3):  # 3 nights each, so they count 4
        rows.add(row)
    assert made == [3]


# --- memory ---

SHORT, LONG = 1_500, 6_000


def test_four_times_the_rows_take_no_more_memory() -> None:
    peak(SHORT)  # what is remembered of dates and amounts is there from now on
    assert peak(LONG) <= 1.2 * peak(SHORT)


def peak(count: int) -> int:
    """The most bytes that Python's own objects take while so many rows become records."""
    rows, posted = tables(in_memory=500)
    tally = Tally(read_catalogue([]), Books(invoiced=posted.books))
    tracemalloc.start()
    for row in stays(count):
        rows.add(row)
    rows.earliest_night(STATUSES, today=TODAY)
    for row in stays(count):
        posted.add(posting_of(row))
    posted.earliest_night(STATUSES)
    deque(reservation_records(rows, posted, terms(), tally), maxlen=0)
    assert (tally.books.records, tally.books.faults()) == (3 * count, [])
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


def stays(count: int) -> Iterator[Reservation]:
    """Stays of three nights, every tenth of them the second part of the one before."""
    nights = [date(2024, 1, day) for day in (8, 9, 10)]
    for number in range(count):
        stay = number - (number % 10 == 9)
        yield Reservation(
            res_no=str(stay),
            res_id=str(stay),
            guest_id=str(stay),
            detail_id=str(number),
            master=stay == number,
            created=nights[0],
            check_in=nights[0],
            check_out=date(2024, 1, 11),
            last_update=OWN,
            status_id=20,
            rooms=1,
            pax=2,
            texts=Texts(*10 * [None]),
            prices=Prices(dict.fromkeys(nights, 95 * UNIT + number % 100), {nights[0]: 12 * UNIT}, {}),
        )


def posting_of(row: Reservation) -> Posting:
    return Posting(
        res_id=row.res_id, guest_id=row.guest_id, date=row.check_in, room=True, net=UNIT, last_update=OWN
    )
