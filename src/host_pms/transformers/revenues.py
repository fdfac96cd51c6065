"""R9 to R12: a row's six revenues, night by night: what is published of them, entered in the books."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import date

from host_pms.models.climber.records import NOTHING, priced
from host_pms.models.host.amounts import Amount
from host_pms.models.host.prices import Prices
from host_pms.transformers.books import Books
from host_pms.transformers.money import CENT, PUBLISHED
from host_pms.transformers.postings import Invoiced
from host_pms.transformers.status import CANCELLED, CHECKED_OUT, NOBODY_COMES, Status


def published_prices(
    prices: Prices, status: Status, books: Books, *, on_master: AbstractSet[date], today: date
) -> Mapping[date, str]:
    """R9: the text of every night with a price, but for those that R10 or R13 zeroes."""
    room, fb, others = sums = _sums(prices)
    books.room.came_in += room
    books.fb.came_in += fb
    books.others.came_in += others
    if status in NOBODY_COMES:
        _zeroed_without_revenue(prices, sums, books)
        return {}
    if on_master:
        _zeroed_on_parts(prices.on(on_master), books)
        prices = prices.on(prices.room.keys() - on_master)
        room, fb, others = _sums(prices)
    books.room.carried += room
    books.fb.carried += fb
    books.others.carried += others
    return _written(prices, books, final_before=today if status is CHECKED_OUT else date.min)


_Sums = tuple[Amount, Amount, Amount]


def _sums(prices: Prices) -> _Sums:
    """Of room, F&B and others."""
    return sum(prices.room.values()), sum(prices.fb.values()), sum(prices.others.values())


def _written(prices: Prices, books: Books, *, final_before: date) -> Mapping[date, str]:
    """Every night's text, what stands in it entered as published; R12 on nights before `final_before`."""
    found: dict[date, str] = {}
    room_cents = fb_cents = others_cents = 0
    for night, exact in prices.room.items():
        in_cents, room = PUBLISHED[exact]
        room_cents += in_cents
        fb = others = NOTHING
        if night in prices.fb:
            in_cents, fb = PUBLISHED[prices.fb[night]]
            fb_cents += in_cents
        if night in prices.others:
            in_cents, others = PUBLISHED[prices.others[night]]
            others_cents += in_cents
        found[night] = priced(room, fb, others, is_final=night < final_before)
    books.room.published += CENT * room_cents
    books.fb.published += CENT * fb_cents
    books.others.published += CENT * others_cents
    return found


def _zeroed_without_revenue(prices: Prices, sums: _Sums, books: Books) -> None:
    room, fb, others = sums
    books.room.zeroed_without_revenue += room
    books.fb.zeroed_without_revenue += fb
    books.others.zeroed_without_revenue += others
    books.zeroed_without_revenue += _nights_with_revenue(prices)


def _zeroed_on_parts(prices: Prices, books: Books) -> None:
    room, fb, others = _sums(prices)
    books.room.zeroed_on_parts += room
    books.fb.zeroed_on_parts += fb
    books.others.zeroed_on_parts += others
    books.zeroed_on_parts += _nights_with_revenue(prices)


def _nights_with_revenue(prices: Prices) -> int:
    fb, others = prices.fb, prices.others
    return sum([bool(room or fb.get(night) or others.get(night)) for night, room in prices.room.items()])


def published_postings(
    invoiced: Invoiced, status: Status, books: Books, *, today: date
) -> Mapping[date, str]:
    """R11: as text by date, none of a cancelled row (R10), none of a night that is not past."""
    if not invoiced:
        return {}
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
