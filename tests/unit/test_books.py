"""R19: books that do not balance are found."""

from decimal import Decimal

import pytest

from host_pms.transformers.books import Books, PostingBooks, PricedBooks, RowBooks
from host_pms.transformers.money import add, cents, total


def priced(came_in: str, carried: str, published: str) -> PricedBooks:
    return PricedBooks(came_in=Decimal(came_in), carried=Decimal(carried), published=Decimal(published))


@pytest.mark.parametrize(
    "books",
    [
        Books(room=priced("10", "9.99", "9.99"), records=9),
        Books(fb=priced("10", "10", "10.02"), records=3),
        Books(others=priced("1e-40", "0", "0"), records=1),
        Books(invoiced=PostingBooks(read=Decimal(5), orphans=Decimal(4))),
        Books(invoiced=PostingBooks(read=Decimal(5), carried=Decimal(5), published=Decimal(6)), records=1),
        Books(rows=RowBooks(came_in=3, rejected=1, newest=1)),
    ],
)
def test_a_cent_or_a_row_that_is_gone_is_found(books: Books) -> None:
    assert len(books.faults()) == 1


def test_rounding_of_half_a_cent_a_record_balances() -> None:
    assert Books(room=priced("10.01", "10.01", "10"), records=2).faults() == []


@pytest.mark.parametrize(
    ("exact", "rounded"),
    [
        ("1.005", "1.01"),
        ("-12.345", "-12.35"),
        ("-0.004", "0.00"),
        ("-0.005", "-0.01"),
        ("0.0049999999999999999999999999999999999999", "0.00"),
        ("999999999999.995", "1000000000000.00"),
        ("1E+3", "1000.00"),
    ],
)
def test_cents_round_halves_away_from_zero_and_never_to_minus_zero(exact: str, rounded: str) -> None:
    assert str(cents(Decimal(exact))) == rounded


def test_sums_keep_every_digit() -> None:
    tiny, large = Decimal("1e-900"), Decimal("999999999999.99")
    assert add(total([tiny, large]), -large) == tiny
