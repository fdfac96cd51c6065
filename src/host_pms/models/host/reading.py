"""One answer's list of rows: decoded at once when every row is well-formed, row by row when not (R18)."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Generic, TypeVar

import msgspec

from host_pms.models.host.values import FaultError, whole


class PageError(ValueError):
    """An answer that is not what was asked for; says what is wrong, never what stands in it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reject:
    """A row that was set aside: its place in its page (from 0), the path to the fault, the reason."""

    position: int
    path: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class UnreadableRow:
    """A row that is not even loosely of the expected shape; `content` stands for what it holds."""

    path: str
    reason: str
    content: bytes
    total_rows: int | None = None


class WireRow(msgspec.Struct):
    """A row as it came. `total_rows` is the page's, so it is taken off before rows are compared."""

    total_rows: int | None = msgspec.field(default=None, name="TotalRows")


Row = TypeVar("Row", bound=WireRow)
Clean = TypeVar("Clean")


@dataclass(frozen=True, kw_only=True, slots=True)
class Page(Generic[Row]):
    """The rows of one answer, and the length of the whole list as the answer gives it."""

    rows: Sequence[Row | UnreadableRow]
    total_rows: int | None


@dataclass(frozen=True, kw_only=True)
class RowReader(Generic[Row, Clean]):
    """How one dataset's answers are read.

    `envelope` decodes a well-formed answer to its list, None where there is no list in it; `loosely`
    makes a row of any JSON object, and `clean` applies R18 to it. The last two raise `FaultError`.
    """

    names: tuple[str, ...]
    bare: bool
    envelope: Callable[[bytes], list[Row] | None]
    loosely: Callable[[dict[str, Any]], Row]
    clean: Callable[[Row], Clean]

    def page(self, body: bytes) -> Page[Row]:
        """The answer's rows.

        Raises:
            PageError: it is no JSON, or an envelope without its list.
        """
        try:
            rows: Sequence[Row | UnreadableRow] | None = self.envelope(body)
        except (msgspec.DecodeError, UnicodeDecodeError, ArithmeticError, RecursionError):
            rows = None
        if rows is None:
            rows = [self._loose_row(row) for row in listed(decode(body), self.names, bare=self.bare)]
        return Page(rows=rows, total_rows=_take_total(rows))

    def _loose_row(self, row: Any) -> Row | UnreadableRow:
        if not isinstance(row, dict):
            return UnreadableRow(path="$", reason="is no object", content=_canonical(row))
        try:
            wire = self.loosely(row)
        except FaultError as fault:
            kept = {name: value for name, value in row.items() if name not in {"RowNumber", "TotalRows"}}
            return UnreadableRow(
                path=fault.path,
                reason=fault.reason,
                content=_canonical(kept),
                total_rows=_total_rows(row.get("TotalRows")),
            )
        wire.total_rows = _total_rows(row.get("TotalRows"))
        return wire

    def cleaned(self, row: Row | UnreadableRow, position: int) -> Clean | Reject:
        """The row as a value, or why it was set aside."""
        if isinstance(row, UnreadableRow):
            return Reject(position=position, path=row.path, reason=row.reason)
        try:
            return self.clean(row)
        except FaultError as fault:
            return Reject(position=position, path=fault.path, reason=fault.reason)


_EXACT = msgspec.json.Decoder(float_hook=Decimal)


def decode(body: bytes) -> Any:
    """Any JSON, numbers with a fraction as exact decimals.

    What `msgspec` refuses is read again with the standard library: one lone surrogate in a guest's
    name, or one NaN, would cost the whole page otherwise.

    Raises:
        PageError: it is no JSON at all, or nested too deeply.
    """
    try:
        return _EXACT.decode(body)
    except RecursionError:
        raise PageError("is nested too deeply") from None
    except (ValueError, ArithmeticError):
        return _decode_slowly(body)


def check_json(body: bytes) -> None:
    """Return if `body` is whole JSON, without making anything of it.

    Raises:
        PageError: it is not; it may have been cut, and be whole when it is asked for again.
    """
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
    except RecursionError:
        raise PageError("is nested too deeply") from None
    except ValueError:
        _decode_slowly(body)


def _decode_slowly(body: bytes) -> Any:
    try:
        return json.loads(body, parse_float=Decimal)
    except RecursionError:
        raise PageError("is nested too deeply") from None
    except UnicodeDecodeError:
        raise PageError("is no valid UTF-8") from None
    except (ValueError, ArithmeticError):
        raise PageError("is no valid JSON") from None


def listed(answer: Any, names: Sequence[str], *, bare: bool = False) -> list[Any]:
    """The list that an envelope holds under the first of `names` that is one, or the bare list.

    Raises:
        PageError: there is none: an envelope without its list is an error, not "no rows" (S6).
    """
    if bare and isinstance(answer, list):
        return answer
    if isinstance(answer, dict):
        for name in names:
            found = answer.get(name)
            if isinstance(found, list):
                return found
    raise PageError(f"has no list {names[0]!r}")


def content(row: WireRow | UnreadableRow) -> bytes:
    """Eight bytes that stand for what a row holds, its number and the list's length aside (S7)."""
    held = row.content if isinstance(row, UnreadableRow) else msgspec.msgpack.encode(row)
    return hashlib.blake2b(held, digest_size=8).digest()


def _take_total(rows: Sequence[WireRow | UnreadableRow]) -> int | None:
    """The last `TotalRows` of a page; what is no number counts as missing (S8 makes an error of it)."""
    latest = None
    for row in rows:
        latest = row.total_rows if row.total_rows is not None else latest
        if isinstance(row, WireRow):
            row.total_rows = None
    return latest


def _total_rows(value: Any) -> int | None:
    try:
        return whole(value, "TotalRows")
    except FaultError:
        return None


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, default=str).encode()
