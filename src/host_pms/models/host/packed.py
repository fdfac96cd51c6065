"""Rows and amounts as text and back, exactly, for those that are more than memory should hold.

Only the process that wrote them reads them: the form changes with the version.
"""

from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import Any

import msgspec

from host_pms.models.host.amounts import Amount
from host_pms.models.host.prices import Prices
from host_pms.models.host.reservation import Reservation


def packed(row: Reservation) -> bytes:
    """The row as JSON: 400 bytes, where the value takes 1,300."""
    return _encode(row)


def unpacked(body: bytes) -> Reservation:
    """A row that stands for the one that `packed` was given, field by field."""
    try:
        return _WHOLE.decode(body)
    except msgspec.ValidationError:
        return _FINE.decode(body)


def written(amount: Amount) -> str:
    """An amount as text; one that is finer than a unit as `1/3`."""
    return str(amount)


def amount_of(text: str) -> Amount:
    """The amount that `written` was given."""
    return Fraction(text) if "/" in text else int(text)


# msgspec decodes no union of int and Fraction, and nearly all rows have whole amounts only.


class _WholePrices(Prices, frozen=True):
    room: Mapping[date, int]
    fb: Mapping[date, int]
    others: Mapping[date, int]


class _WholeRow(Reservation, frozen=True, kw_only=True):
    prices: _WholePrices


class _FinePrices(Prices, frozen=True):
    room: Mapping[date, Fraction]
    fb: Mapping[date, Fraction]
    others: Mapping[date, Fraction]


class _FineRow(Reservation, frozen=True, kw_only=True):
    prices: _FinePrices


def _as_text(amount: Any) -> str:
    """Only fractions come here: nothing else in a row is beyond JSON."""
    return written(amount)


def _fraction(_kind: type, value: Any) -> Fraction:
    return Fraction(value)


_encode = msgspec.json.Encoder(enc_hook=_as_text).encode  # MessagePack has no whole numbers beyond 64 bits
_WHOLE = msgspec.json.Decoder(_WholeRow)
_FINE = msgspec.json.Decoder(_FineRow, dec_hook=_fraction)
