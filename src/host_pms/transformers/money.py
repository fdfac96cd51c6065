"""Money as it is published: rounded once, at the end, to cents (R9)."""

from functools import lru_cache

from host_pms.models.host.amounts import UNIT, Amount

_CENT = UNIT // 100
HALF_CENT = _CENT // 2


def cents(amount: Amount) -> int:
    """R9: to cents, halves away from zero (1.005 → 101, -12.345 → -1235)."""
    return (amount + HALF_CENT) // _CENT if amount >= 0 else -((HALF_CENT - amount) // _CENT)


@lru_cache(maxsize=16384)
def published(amount: Amount) -> tuple[Amount, str]:
    """What is published of an amount: in cents, and as it is written, with two decimals, never minus zero."""
    rounded = cents(amount)
    digits = f"{abs(rounded):03}"
    return rounded * _CENT, f"{'-' if rounded < 0 else ''}{digits[:-2]}.{digits[-2:]}"
