"""Amounts in units come to what decimals of every digit come to: read, summed, rounded, written (R9, R19)."""

from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from host_pms.models.host.amounts import as_decimal, required_amount, written_amount
from host_pms.models.host.values import FaultError
from host_pms.transformers.money import CENT, PUBLISHED, cents

WIDE = Context(prec=3000, rounding=ROUND_HALF_UP)
MANY = settings(max_examples=300, deadline=None, derandomize=True)

texts = st.one_of(
    st.integers(-(10**12) + 1, 10**12 - 1).map(str),
    st.decimals(-(10**9), 10**9, places=2).map(str),
    st.decimals(-1000, 1000, places=25).map(str),  # finer than a unit
    st.floats(-(10**11), 10**11).map(repr),
    st.sampled_from(["0.005", "-0.005", "1e-900", "-1.5E+3", "0e5", "-0.0", "+7", " 1.005 "]),
)


def exact(text: str) -> Decimal:
    return WIDE.create_decimal(text.strip())


@MANY
@given(texts)
def test_an_amount_is_what_was_written(text: str) -> None:
    assert as_decimal(required_amount(text, "")) == exact(text)


@MANY
@given(st.lists(texts, max_size=20))
def test_a_sum_keeps_every_digit(written: list[str]) -> None:
    expected = Decimal()
    for text in written:
        expected = WIDE.add(expected, exact(text))
    assert as_decimal(sum(required_amount(text, "") for text in written)) == expected


@MANY
@given(st.lists(texts, min_size=1, max_size=5))
@example(["-0.004"])
@example(["999999999999.995"])
def test_what_is_published_is_the_sum_rounded_once_halves_away_from_zero(written: list[str]) -> None:
    total = sum(required_amount(text, "") for text in written)
    expected = WIDE.quantize(as_decimal(total), Decimal("0.01")) if total else Decimal()
    in_cents, text = PUBLISHED[total]
    assert as_decimal(in_cents * CENT) == Decimal(text) == expected
    assert len(text.partition(".")[2]) == 2
    assert text != "-0.00"


@pytest.mark.parametrize(
    ("written", "rounded"),
    [
        ("1.005", 101),
        ("-12.345", -1235),
        ("-0.004", 0),
        ("-0.005", -1),
        ("0.0049999999999999999999999999999999999999", 0),
        ("999999999999.995", 100000000000000),
        ("1E+3", 100000),
    ],
)
def test_cents_round_halves_away_from_zero(written: str, rounded: int) -> None:
    assert cents(required_amount(written, "")) == rounded


@pytest.mark.parametrize(
    "value",
    [
        True,
        False,
        None,
        "",
        " ",
        "1,5",
        "1_000",
        ".5",
        "Infinity",
        "NaN",
        float("nan"),
        [1],
        {},
        "1e12",
        -(10**12),
        "1e-1001",
        "1e99999999999999999999",
    ],
)
def test_what_is_no_amount_is_a_fault(value: Any) -> None:
    required_amount(1, "")  # what was read before must not stand for True
    with pytest.raises(FaultError) as caught:
        required_amount(value, "Prices[3].Amount")
    assert caught.value.path == "Prices[3].Amount"


def test_a_decimal_is_read_by_its_digits() -> None:
    assert required_amount(written_amount(Decimal("1.50")), "") == required_amount("1.5", "")
