"""R9 to R11: a row's six revenues, night by night: what is published of them, entered in the books."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date

from host_pms.models.host.amounts import Amount
from host_pms.models.host.prices import NightPrices
from host_pms.transformers.books import Books, PostingBooks, PricedBooks
from host_pms.transformers.money import published
from host_pms.transformers.postings import Invoiced
from host_pms.transformers.status import Status

WITHOUT_REVENUE = frozenset({Status.CANCELLED, Status.NO_SHOW})
"""R8 and R10: nobody comes, so no room is occupied and no price counts."""

NOTHING = "0.00"
NOT_PRICED = (NOTHING, NOTHING, NOTHING)


def published_prices(
    prices: Sequence[NightPrices], status: Status, books: Books, *, on_master: AbstractSet[date]
) -> Mapping[date, Sequence[str]]:
    """R9: room, F&B and others in cents by date, but for those that R10 or R13 zeroes."""
    room, fb, others = books.priced
    room.came_in += sum([night.room for night in prices])
    fb.came_in += sum([night.fb for night in prices])
    others.came_in += sum([night.others for night in prices])
    if status in WITHOUT_REVENUE:
        for night in prices:
            _zeroed_without_revenue(night, books)
        return {}
    found: dict[date, Sequence[str]] = {}
    for night in prices:
        if night.date in on_master:
            _zeroed_on_parts(night, books)
        else:
            found[night.date] = (
                _carried(room, night.room),
                _carried(fb, night.fb) if night.fb else NOTHING,
                _carried(others, night.others) if night.others else NOTHING,
            )
    return found


def _zeroed_without_revenue(night: NightPrices, books: Books) -> None:
    books.room.zeroed_without_revenue += night.room
    books.fb.zeroed_without_revenue += night.fb
    books.others.zeroed_without_revenue += night.others
    books.zeroed_without_revenue += any((night.room, night.fb, night.others))


def _zeroed_on_parts(night: NightPrices, books: Books) -> None:
    books.room.zeroed_on_parts += night.room
    books.fb.zeroed_on_parts += night.fb
    books.others.zeroed_on_parts += night.others
    books.zeroed_on_parts += any((night.room, night.fb, night.others))


def published_postings(
    invoiced: Invoiced, status: Status, books: Books, *, today: date
) -> Mapping[date, str]:
    """R11 in cents by date: none of a cancelled row (R10), none of a night that is not past."""
    found: dict[date, str] = {}
    is_cancelled = status is Status.CANCELLED
    for night, exact in invoiced.items():
        if is_cancelled:
            books.invoiced.zeroed_cancelled += exact
            books.zeroed_postings += exact != 0
        elif night >= today:
            books.invoiced.not_yet_past += exact
        else:
            found[night] = _carried(books.invoiced, exact)
    return found


def _carried(book: PricedBooks | PostingBooks, exact: Amount) -> str:
    """What is published of an amount, entered in its book."""
    in_cents, written = published(exact)
    book.carried += exact
    book.published += in_cents
    return written
