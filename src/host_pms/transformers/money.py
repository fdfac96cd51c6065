"""Exact money: sums of every digit as written, rounded once, at the end (R9, R19)."""

from collections.abc import Iterable
from decimal import MAX_EMAX, MIN_EMIN, ROUND_HALF_UP, Context, Decimal, Inexact, InvalidOperation

from host_pms.models.host.values import FINEST_EXPONENT

_CONTEXT = Context(
    prec=1100 - FINEST_EXPONENT, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[Inexact, InvalidOperation]
)
"""Wide enough for any sum of amounts below 10^12 with the finest digits that are read, so nothing is
rounded (Python's default context rounds at 28 digits); if it ever were, `Inexact` is raised."""

_ROUNDING = Context(prec=1100 - FINEST_EXPONENT, rounding=ROUND_HALF_UP)
_CENT = Decimal("0.01")
ZERO = Decimal("0.00")
HALF_CENT = Decimal("0.005")

add = _CONTEXT.add
subtract = _CONTEXT.subtract
multiply = _CONTEXT.multiply


def total(amounts: Iterable[Decimal]) -> Decimal:
    """The exact sum."""
    result = ZERO
    for amount in amounts:
        result = add(result, amount)
    return result


def cents(amount: Decimal) -> Decimal:
    """R9: to cents, halves away from zero (1.005 → 1.01, -12.345 → -12.35), never minus zero."""
    return _ROUNDING.quantize(amount, _CENT) or ZERO
