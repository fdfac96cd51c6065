"""R7 to R15: from reservation rows and their postings to reservation nights."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain
from typing import Literal

from host_pms.models.climber.records import Shared, records, shared
from host_pms.models.host.reservation import Reservation
from host_pms.transformers.books import Books
from host_pms.transformers.codes import Catalogue, Codes
from host_pms.transformers.numbers import Numbers
from host_pms.transformers.postings import Invoiced, RoomPostings
from host_pms.transformers.revenues import published_postings, published_prices
from host_pms.transformers.rows import NewestRows, RowKey, row_key
from host_pms.transformers.status import NOBODY_COMES, Status, StatusTable
from host_pms.transformers.stays import WHOLE, Share, record_nights, shares, stay_nights

IdFormat = Literal["composite", "numeric"]

_DAY = timedelta(days=1)
_WITHOUT_TOP_BIT = (1 << 63) - 1


class NumericIdError(ValueError):
    """R14: two reservation ids have one number."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """What holds for every row of a run; `today` is the hotel's business date."""

    today: date
    first_import: bool
    id_format: IdFormat
    statuses: StatusTable


class Tally:
    """What is counted and collected while a run's rows become records."""

    def __init__(self, catalogue: Catalogue, books: Books) -> None:
        self.codes = Codes(catalogue.lists)
        self.books = books
        self.unknown_statuses = 0
        self.statuses: Counter[Status] = Counter()
        self.numeric_ids = Numbers()


def reservation_records(
    rows: NewestRows, postings: RoomPostings, terms: Terms, tally: Tally
) -> Iterator[bytes]:
    """R16: every record of the run as JSON, rows in the order they came, nights by date."""
    return chain.from_iterable(
        _records(row, share, invoiced, terms, tally)
        for row, share, invoiced in _shared_out(rows, postings, terms.statuses)
    )


def _shared_out(
    rows: NewestRows, postings: RoomPostings, statuses: StatusTable
) -> Iterator[tuple[Reservation, Share, Invoiced]]:
    """Every row with its share of its stay (R13) and what of its guest's postings lands on it (R11)."""
    waiting: dict[RowKey, tuple[Share, Invoiced]] = {}
    for row in rows:
        if rows.is_alone(row):
            yield row, WHOLE, postings.of(row)
            continue
        if row_key(row) not in waiting:
            sharing = rows.sharing(row)
            plans = zip(shares(sharing, statuses), postings.landed(sharing), strict=True)
            waiting.update(zip(map(row_key, sharing), plans, strict=True))
        yield row, *waiting.pop(row_key(row))


def _records(row: Reservation, share: Share, invoiced: Invoiced, terms: Terms, tally: Tally) -> list[bytes]:
    """R7: one record for every stay night, every date with a price, and every date with a posting."""
    books = tally.books
    status = terms.statuses.status(row.status_id)
    tally.statuses[status] += 1
    tally.unknown_statuses += row.status_id not in terms.statuses.by_id
    stay = occupied = stay_nights(row)
    if share is not WHOLE:
        stay |= share.claimed
        occupied = stay - share.yielded
        books.yielded += len(stay) - len(occupied)
    nights = record_nights(row, invoiced)
    if not nights:
        return []
    books.records += len(nights)
    return records(
        _shared(row, status, terms, tally),
        nights,
        occupied=occupied,
        pax=row.pax,
        rooms=0 if status in NOBODY_COMES else row.rooms,  # R8
        prices=published_prices(row.prices, status, books, on_master=share.unpriced, today=terms.today),
        room_invoices=published_postings(invoiced, status, books, today=terms.today),
    )


def _shared(row: Reservation, status: Status, terms: Terms, tally: Tally) -> Shared:
    return shared(
        record_from=row.created if terms.first_import else terms.today,
        check_in=row.check_in,
        last_night=row.check_in if row.check_out == row.check_in else row.check_out - _DAY,
        created=row.created,
        reservation_id=row.res_id,
        external_id=_external_id(row, tally, terms.id_format),
        status=int(status),
        codes=tally.codes.of(row.texts),
    )


def _external_id(row: Reservation, tally: Tally, id_format: IdFormat) -> str:
    """R14: the same for a row in every run while its `ResNo` stays, and no other row has it."""
    parts = (row.res_no, row.res_id, row.guest_id, row.detail_id)
    composite = "-".join(parts)
    if composite.count("-") > len(parts) - 1 or "%" in composite:
        composite = "-".join(part.replace("%", "%25").replace("-", "%2D") for part in parts)
    if id_format == "composite":
        return composite
    number = int.from_bytes(hashlib.sha256(composite.encode()).digest()[:8], "big") & _WITHOUT_TOP_BIT
    if not tally.numeric_ids.add(number):  # no two rows have one composite: it holds R5's key
        raise NumericIdError(f"two reservations have the number {number}")
    return str(number)
