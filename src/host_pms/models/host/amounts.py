"""Exact amounts: whole numbers of a fine unit, since those add up four times as fast as decimals."""

import re
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, Inexact, InvalidOperation
from fractions import Fraction
from typing import Any

from host_pms.models.host.json_text import exact
from host_pms.models.host.values import FaultError
from host_pms.models.remembered import Remembered

PLACES = 20
UNIT: int = 10**PLACES
"""How many units make 1. Amounts of up to 20 decimals, as any of use has, are whole numbers of them."""

Amount = int | Fraction
"""An amount in units, digit for digit as it was written: whole, or a fraction where it is finer than a unit.
Sums are exact either way."""

AMOUNT_LIMIT = 10**12
"""R18: an amount's absolute value lies below this."""

FINEST_EXPONENT = -1000
"""Digits below 10^-1000 are refused: an exact sum of 1e-999999999 would fill the memory."""

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)


def required_amount(value: Any, path: str) -> Amount:
    """The exact amount of a JSON number: a whole one, or text as it was written (be it text in JSON too).

    Raises:
        FaultError: it is missing, no number, not finite, or not below 10^12 (R18).
    """
    if type(value) is int:
        value = str(value)
    if not isinstance(value, str):
        raise FaultError(path, "is missing" if value is None else "is no finite number")
    try:
        return AMOUNTS[value]
    except ArithmeticError as fault:
        raise FaultError(path, str(fault)) from None


def _read(text: str) -> Amount:
    whole, point, fraction = text.partition(".")
    written = whole + fraction
    digits = written.removeprefix("-")
    # As nearly every amount is written; such a one is within R18's limits.
    if (
        digits.isdecimal()
        and digits.isascii()
        and 0 < len(digits) - len(fraction) <= _WHOLE_DIGITS
        and len(point) <= len(fraction) <= PLACES
    ):
        return int(written) * _UNITS[len(fraction)]
    text = text.strip()
    if not text:
        raise ArithmeticError("is missing")
    if not _NUMBER.fullmatch(text):
        raise ArithmeticError("is no number")
    return _in_units(_checked(exact(text)))


AMOUNTS: Remembered[str, Amount] = Remembered(_read, at_most=16384)
"""The amount of a text; `ArithmeticError` says why it is none. A hotel's prices come again and again."""

_WHOLE_DIGITS = 12
_UNITS: list[int] = [10 ** (PLACES - decimals) for decimals in range(PLACES + 1)]
"""How many units the last of so many decimals stands for."""


def written_amount(value: Any) -> Any:
    """What `required_amount` takes: of a decimal, which stands for a JSON number, its digits."""
    return str(value) if isinstance(value, Decimal) else value


def required_sales_group(value: int | None, path: str) -> int:
    """What an amount is for: 0 is room, 1 is F&B, above 1 is other.

    Raises:
        FaultError: it is missing or negative.
    """
    if value is None or value < 0:
        raise FaultError(path, "is missing or negative")
    return value


def _checked(value: Decimal) -> Decimal:
    if not value.is_finite():
        raise ArithmeticError("is no finite number")
    if not -AMOUNT_LIMIT < value < AMOUNT_LIMIT:
        raise ArithmeticError("is not below 10^12")
    if value and int(value.as_tuple().exponent) < FINEST_EXPONENT:
        raise ArithmeticError("has more than 1,000 decimals")
    return value or Decimal(0)


_WIDE = Context(prec=1100 - FINEST_EXPONENT, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[Inexact, InvalidOperation])
"""Wide enough for any sum of amounts with the finest digits that are read; if anything were rounded,
`Inexact` would be raised (Python's default context rounds at 28 digits)."""


def _in_units(value: Decimal) -> Amount:
    units = _WIDE.multiply(value, _UNIT)
    whole = int(units)
    return whole if whole == units else Fraction(units)


_UNIT = Decimal(UNIT)
_CENT = Decimal("0.01")


def as_decimal(units: Amount) -> Decimal:
    """The same amount as a decimal of all its digits, two decimals at least."""
    value = _WIDE.divide(Decimal(units.numerator), Decimal(units.denominator * UNIT))
    return value if int(value.as_tuple().exponent) < -1 else _WIDE.quantize(value, _CENT)
