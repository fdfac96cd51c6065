"""Money as it is published: rounded once, at the end, to cents (R9)."""

from host_pms.models.host.amounts import UNIT, Amount
from host_pms.models.remembered import Remembered

CENT = UNIT // 100
HALF_CENT = CENT // 2


def cents(amount: Amount) -> int:
    """R9: to cents, halves away from zero (1.005 → 101, -12.345 → -1235)."""
    return (amount + HALF_CENT) // CENT if amount >= 0 else -((HALF_CENT - amount) // CENT)


def _published(amount: Amount) -> tuple[int, str]:
    rounded = cents(amount)
    sign, positive = ("-", -rounded) if rounded < 0 else ("", rounded)
    return rounded, f"{sign}{positive // 100}.{_TWO_DIGITS[positive % 100]}"


_TWO_DIGITS = [f"{number:02}" for number in range(100)]

PUBLISHED: Remembered[Amount, tuple[int, str]] = Remembered(_published, at_most=16384)
"""What is published of an amount: in cents, and as it is written, with two decimals, never minus zero."""
