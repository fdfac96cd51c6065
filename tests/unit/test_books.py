"""R19: books that do not balance are found."""

import pytest

from host_pms.models.host.amounts import Amount, required_amount
from host_pms.transformers.books import Books, PostingBooks, PricedBooks, RowBooks


def exact(text: str) -> Amount:
    return required_amount(text, "")


def priced(came_in: str, carried: str, published: str) -> PricedBooks:
    return PricedBooks(came_in=exact(came_in), carried=exact(carried), published=exact(published))


@pytest.mark.parametrize(
    "books",
    [
        Books(room=priced("10", "9.99", "9.99"), records=9),
        Books(fb=priced("10", "10", "10.02"), records=3),
        Books(others=priced("1e-40", "0", "0"), records=1),
        Books(invoiced=PostingBooks(read=exact("5"), orphans=exact("4"))),
        Books(invoiced=PostingBooks(read=exact("5"), carried=exact("5"), published=exact("6")), records=1),
        Books(rows=RowBooks(came_in=3, rejected=1, newest=1)),
    ],
)
def test_a_cent_or_a_row_that_is_gone_is_found(books: Books) -> None:
    assert len(books.faults()) == 1


def test_rounding_of_half_a_cent_a_record_balances() -> None:
    assert Books(room=priced("10.01", "10.01", "10"), records=2).faults() == []


def test_the_lines_are_exact_decimals() -> None:
    lines = Books(others=priced("1e-40", "-12.3", "7"), records=1).lines()["revenueOthers"]
    assert lines["in"] == "1E-40"
    assert (lines["carried"], lines["published"], lines["rounding"]) == ("-12.30", "7.00", "19.30")
