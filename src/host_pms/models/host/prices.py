"""A row's prices: as Host sends them, one by one, and as the rules take them, summed by date (R9)."""

from collections.abc import Container, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any

import msgspec

from host_pms.models.host.amounts import (
    AMOUNTS,
    Amount,
    required_amount,
    required_sales_group,
    written_amount,
)
from host_pms.models.host.values import FaultError, plain_date, required_day, whole
from host_pms.models.remembered import Remembered

ROOM, FB, OTHERS = range(3)
"""Sales group 0 is room, 1 is F&B, and all above it are others."""


class HostPrice(msgspec.Struct, rename="pascal", gc=False):
    """One price of one date, as it came; `amount` is a whole number, or text where it has a fraction."""

    sales_group: int | None = None
    date: str | None = None
    amount: Any = None


class Prices(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The exact sums by date (R9). `room` has every date with a price, be it of another kind."""

    room: Mapping[date, Amount]
    fb: Mapping[date, Amount]
    others: Mapping[date, Amount]

    def on(self, dates: Container[date]) -> "Prices":
        """Those of `dates`."""
        columns = (self.room, self.fb, self.others)
        return Prices(
            *[{night: exact for night, exact in sums.items() if night in dates} for sums in columns]
        )


UNPRICED = Prices({}, {}, {})


def night_prices(prices: Sequence[HostPrice]) -> Prices:
    """The sums of all dates that have a price.

    Raises:
        FaultError: one of them cannot be read (R18).
    """
    if not prices:
        return UNPRICED
    room: dict[date, Amount] = {}
    columns: tuple[dict[date, Amount], ...] = (room, {}, {})
    try:
        for price in prices:
            amount = price.amount
            exact = AMOUNTS[amount] if type(amount) is str else required_amount(amount, "")
            night = _DATES[price.date]
            sums = columns[_KINDS[price.sales_group]]
            sums[night] = sums[night] + exact if night in sums else exact
            if night not in room:
                room[night] = 0
    except (FaultError, ArithmeticError):
        for number, price in enumerate(prices):
            _check(price, f"Prices[{number}]")
        raise
    return Prices(*columns)


def _check(price: HostPrice, path: str) -> None:
    """Raise the price's fault, with the path to it."""
    required_amount(price.amount, f"{path}.Amount")
    required_sales_group(price.sales_group, f"{path}.SalesGroup")
    required_day(price.date, f"{path}.Date")


def _kind(sales_group: int | None) -> int:
    return min(required_sales_group(sales_group, ""), OTHERS)


# Dates and groups come again and again.
_DATES: Remembered[str | None, date] = Remembered(partial(required_day, path=""))
_KINDS: Remembered[int | None, int] = Remembered(_kind)


def loose_prices(prices: Any) -> list[HostPrice] | None:
    """Prices with variants in them: whole numbers and amounts as text.

    Raises:
        FaultError: they are no list of objects, or something in them is of another type.
    """
    if prices is None:
        return None
    if not isinstance(prices, list):
        raise FaultError("Prices", "is no list")
    return [_loose_price(price, f"Prices[{number}]") for number, price in enumerate(prices)]


def _loose_price(price: Any, path: str) -> HostPrice:
    if not isinstance(price, dict):
        raise FaultError(path, "is no object")
    return HostPrice(
        date=plain_date(price.get("Date"), f"{path}.Date"),
        sales_group=whole(price.get("SalesGroup"), f"{path}.SalesGroup"),
        amount=written_amount(price.get("Amount")),
    )
