"""R9 to R12: a row's six revenues, night by night: what is published of them, entered in the books."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date

from host_pms.models.climber.records import NOTHING, priced
from host_pms.models.host.amounts import Amount
from host_pms.models.host.prices import NightPrices
from host_pms.transformers.books import Books
from host_pms.transformers.money import CENT, PUBLISHED
from host_pms.transformers.postings import Invoiced
from host_pms.transformers.status import CANCELLED, NOBODY_COMES, Status


def published_prices(
    prices: Sequence[NightPrices],
    status: Status,
    books: Books,
    *,
    on_master: AbstractSet[date],
    final_before: date,
) -> Mapping[date, str]:
    """R9 and R12: the revenues of the nights, as text, but for those that R10 or R13 zeroes."""
    came_in = room, fb, others = _sums(prices)
    books.room.came_in += room
    books.fb.came_in += fb
    books.others.came_in += others
    if status in NOBODY_COMES:
        _zeroed_without_revenue(prices, came_in, books)
        return {}
    if on_master:
        _zeroed_on_parts([night for night in prices if night.date in on_master], books)
        prices = [night for night in prices if night.date not in on_master]
        room, fb, others = _sums(prices)
    books.room.carried += room
    books.fb.carried += fb
    books.others.carried += others
    return _written(prices, books, final_before)


Sums = tuple[Amount, Amount, Amount]


def _sums(prices: Sequence[NightPrices]) -> Sums:
    """Room, F&B and others."""
    return (
        sum([night.room for night in prices]),
        sum([night.fb for night in prices]),
        sum([night.others for night in prices]),
    )


def _written(prices: Sequence[NightPrices], books: Books, final_before: date) -> Mapping[date, str]:
    """Each night's text, its cents entered as published; R12 for nights before `final_before`."""
    found: dict[date, str] = {}
    rooms = fbs = others = 0
    for night in prices:
        in_cents, room_text = PUBLISHED[night.room]
        rooms += in_cents
        if not (night.fb or night.others):
            found[night.date] = priced(room_text, NOTHING, NOTHING, is_final=False)
            continue
        in_cents, fb_text = PUBLISHED[night.fb]
        fbs += in_cents
        in_cents, others_text = PUBLISHED[night.others]
        others += in_cents
        found[night.date] = priced(room_text, fb_text, others_text, is_final=night.date < final_before)
    books.room.published += rooms * CENT
    books.fb.published += fbs * CENT
    books.others.published += others * CENT
    return found


def _zeroed_without_revenue(prices: Sequence[NightPrices], sums: Sums, books: Books) -> None:
    room, fb, others = sums
    books.room.zeroed_without_revenue += room
    books.fb.zeroed_without_revenue += fb
    books.others.zeroed_without_revenue += others
    books.zeroed_without_revenue += _priced_nights(prices)


def _zeroed_on_parts(prices: Sequence[NightPrices], books: Books) -> None:
    room, fb, others = _sums(prices)
    books.room.zeroed_on_parts += room
    books.fb.zeroed_on_parts += fb
    books.others.zeroed_on_parts += others
    books.zeroed_on_parts += _priced_nights(prices)


def _priced_nights(prices: Sequence[NightPrices]) -> int:
    return len([night for night in prices if night.room or night.fb or night.others])


def published_postings(
    invoiced: Invoiced, status: Status, books: Books, *, today: date
) -> Mapping[date, str]:
    """R11 as text by date: none of a cancelled row (R10), none of a night that is not past."""
    book = books.invoiced
    if status is CANCELLED:
        book.zeroed_cancelled += sum(invoiced.values())
        books.zeroed_postings += len([exact for exact in invoiced.values() if exact])
        return {}
    found: dict[date, str] = {}
    for night, exact in invoiced.items():
        if night >= today:
            book.not_yet_past += exact
        else:
            in_cents, found[night] = PUBLISHED[exact]
            book.carried += exact
            book.published += in_cents * CENT
    return found
