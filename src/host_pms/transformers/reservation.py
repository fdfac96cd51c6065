"""R7 to R15: from reservation rows and their postings to reservation nights."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal, NamedTuple

from host_pms.models.climber.files import ReservationNight
from host_pms.models.host.reservation import Price, Reservation
from host_pms.transformers.books import Books
from host_pms.transformers.codes import UNASSIGNED, Catalogue, Resolver
from host_pms.transformers.money import ZERO, add, cents
from host_pms.transformers.postings import Invoiced, RoomPostings
from host_pms.transformers.rows import NewestRows, RowKey, row_key
from host_pms.transformers.status import Status, StatusTable
from host_pms.transformers.stays import Share, shares, stay_nights

IdFormat = Literal["composite", "numeric"]

OTHERS = 2
"""Sales group 0 is room, 1 is F&B, and this one and all above it are others."""

WITHOUT_REVENUE = frozenset({Status.CANCELLED, Status.NO_SHOW})
"""R8 and R10: nobody comes, so no room is occupied and no price counts."""

_DAY = timedelta(days=1)
_WITHOUT_TOP_BIT = (1 << 63) - 1


class NumericIdError(ValueError):
    """R14: two reservation ids have one number."""


class Priced(NamedTuple):
    """Exact sums of one date's prices (R9)."""

    room: Decimal = ZERO
    fb: Decimal = ZERO
    others: Decimal = ZERO


NOT_PRICED = Priced()


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """What holds for every row of a run; `today` is the hotel's business date."""

    today: date
    first_import: bool
    id_format: IdFormat
    statuses: StatusTable


class Names:
    """R3: the names without a catalogue that the published records carry, by list."""

    def __init__(self) -> None:
        self.lists: dict[str, set[str]] = {
            "agencies": set(),
            "companies": set(),
            "cros": set(),
            "groups": set(),
        }

    def note(self, listed: str, name: str | None) -> str:
        """The name as a code; a missing one is UNASSIGNED, which `closed` adds to every list."""
        if name is None:
            return UNASSIGNED
        self.lists[listed].add(name)
        return name


class Tally:
    """What is counted and collected while a run's rows become records."""

    def __init__(self, catalogue: Catalogue, books: Books) -> None:
        self.resolvers = {name: Resolver(listed=listed) for name, listed in catalogue.lists.items()}
        self.names = Names()
        self.books = books
        self.unknown_statuses = 0
        self.statuses: Counter[Status] = Counter()
        self.numeric_ids: dict[int, str] = {}


def reservation_nights(
    rows: NewestRows, postings: RoomPostings, terms: Terms, tally: Tally
) -> Iterator[ReservationNight]:
    """R16: every record of the run, rows in the order they came, nights by date."""
    waiting: dict[RowKey, tuple[Share, Invoiced]] = {}
    for row in rows:
        if row_key(row) not in waiting:
            sharing = rows.sharing(row)
            plans = zip(shares(sharing, terms.statuses), postings.landed(sharing), strict=True)
            waiting.update(zip(map(row_key, sharing), plans, strict=True))
        share, invoiced = waiting.pop(row_key(row))
        yield from _records(row, share, invoiced, terms, tally)


def _records(
    row: Reservation, share: Share, invoiced: Invoiced, terms: Terms, tally: Tally
) -> Iterator[ReservationNight]:
    """R7: one record for every stay night, every date with a price, and every date with a posting."""
    priced = _priced_by_date(row.prices)
    _enter_came_in(row.prices, tally.books)
    status = terms.statuses.status(row.status_id)
    tally.statuses[status] += 1
    tally.unknown_statuses += row.status_id not in terms.statuses.by_id
    nights = sorted({*stay_nights(row), *priced, *invoiced})
    if not nights:
        return
    codes = _codes(row, tally)
    external_id = _external_id(row, tally, terms.id_format)
    record_from = row.created if terms.first_import else terms.today
    for night in nights:
        tally.books.records += 1
        revenue = _published_prices(
            priced.get(night), status, tally.books, is_on_master=night in share.unpriced
        )
        is_past = night < terms.today
        invoiced_too = revenue if is_past and status is Status.CHECKED_OUT else NOT_PRICED  # R12
        is_stay = row.check_in <= night < row.check_out or night in share.claimed
        occupied = is_stay and night not in share.yielded
        tally.books.yielded += is_stay and not occupied
        yield ReservationNight(
            record_date=f"[{record_from},)",
            calendar_date=night,
            calendar_date_start=row.check_in,
            calendar_date_end=max(row.check_in, row.check_out - _DAY),
            created_date=row.created,
            pax=row.pax if occupied else 0,
            reservation_id=row.res_id,
            reservation_id_external=external_id,
            revenue_fb=revenue.fb,
            revenue_fb_invoice=invoiced_too.fb,
            revenue_others=revenue.others,
            revenue_others_invoice=invoiced_too.others,
            revenue_room=revenue.room,
            revenue_room_invoice=_published_postings(
                invoiced.get(night), status, tally.books, is_past=is_past
            ),
            rooms=row.rooms if occupied and status not in WITHOUT_REVENUE else 0,  # R8
            status=status,
            **codes,
        )


def _kind(price: Price) -> int:
    """Which revenue a price is: its place in `Priced` and in `Books.priced`."""
    return min(price.sales_group, OTHERS)


def _priced_by_date(prices: Sequence[Price]) -> dict[date, Priced]:
    """R9: exact sums by date and sales group."""
    sums: dict[date, list[Decimal]] = {}
    for price in prices:
        held = sums.setdefault(price.date, list(NOT_PRICED))
        held[_kind(price)] = add(held[_kind(price)], price.amount)
    return {night: Priced(*held) for night, held in sums.items()}


def _enter_came_in(prices: Sequence[Price], books: Books) -> None:
    for price in prices:
        book = books.priced[_kind(price)]
        book.came_in = add(book.came_in, price.amount)


def _published_prices(exact: Priced | None, status: Status, books: Books, *, is_on_master: bool) -> Priced:
    """R9 in cents, or nothing where R10 or R13 says so; entered in the books either way."""
    if exact is None:
        return NOT_PRICED
    if status in WITHOUT_REVENUE:
        for book, amount in zip(books.priced, exact, strict=True):
            book.zeroed_without_revenue = add(book.zeroed_without_revenue, amount)
        books.zeroed_without_revenue += any(exact)
        return NOT_PRICED
    if is_on_master:
        for book, amount in zip(books.priced, exact, strict=True):
            book.zeroed_on_parts = add(book.zeroed_on_parts, amount)
        books.zeroed_on_parts += any(exact)
        return NOT_PRICED
    published = Priced(*map(cents, exact))
    for book, amount, in_cents in zip(books.priced, exact, published, strict=True):
        book.carried = add(book.carried, amount)
        book.published = add(book.published, in_cents)
    return published


def _published_postings(exact: Decimal | None, status: Status, books: Books, *, is_past: bool) -> Decimal:
    """R11 in cents: nothing on a cancelled row (R10) or a night that is not past; entered in the books."""
    if exact is None:
        return ZERO
    if status is Status.CANCELLED:
        books.invoiced.zeroed_cancelled = add(books.invoiced.zeroed_cancelled, exact)
        books.zeroed_postings += exact != 0
        return ZERO
    if not is_past:
        books.invoiced.not_yet_past = add(books.invoiced.not_yet_past, exact)
        return ZERO
    published = cents(exact)
    books.invoiced.carried = add(books.invoiced.carried, exact)
    books.invoiced.published = add(books.invoiced.published, published)
    return published


def _codes(row: Reservation, tally: Tally) -> dict[str, str]:
    texts, resolvers = row.texts, tally.resolvers
    return {
        "agency_code": tally.names.note("agencies", texts.agency),
        "channel_code": resolvers["channels"].code(texts.channel),
        "company_code": tally.names.note("companies", texts.company),
        "cro_code": tally.names.note("cros", texts.cro),
        "group_code": tally.names.note("groups", texts.group),
        "package_code": resolvers["packages"].code(texts.package),
        "rate_code": resolvers["rates"].code(texts.rate),
        "room_code": resolvers["rooms"].code(texts.room),
        "segment_code": resolvers["segments"].code(texts.segment),
        "sub_segment_code": resolvers["subSegments"].code(texts.sub_segment),
    }


def _external_id(row: Reservation, tally: Tally, id_format: IdFormat) -> str:
    """R14: the same for a row in every run while its `ResNo` stays, and no other row has it."""
    parts = (row.res_no, row.res_id, row.guest_id, row.detail_id)
    composite = "-".join(part.replace("%", "%25").replace("-", "%2D") for part in parts)
    if id_format == "composite":
        return composite
    number = int.from_bytes(hashlib.sha256(composite.encode()).digest()[:8], "big") & _WITHOUT_TOP_BIT
    if tally.numeric_ids.setdefault(number, composite) != composite:
        raise NumericIdError(f"two reservations have the number {number}")
    return str(number)
