"""One answer's list of rows: each decoded at once when it is well-formed, loosely when not (R18)."""

import re
from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from host_pms.models.host.json_text import decode, sliced
from host_pms.models.host.values import FaultError, if_whole


@dataclass(frozen=True, kw_only=True, slots=True)
class Reject:
    """A row that was set aside: its place in its page (from 0), the path to the fault, the reason."""

    position: int
    path: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class UnreadableRow:
    """A row that is not even loosely of the expected shape."""

    path: str
    reason: str


class WireRow(msgspec.Struct, gc=False):
    """A row as it came; `total_rows` is the length of the whole list."""

    total_rows: int | None = msgspec.field(default=None, name="TotalRows")


Row = TypeVar("Row", bound=WireRow)
Clean = TypeVar("Clean")


@dataclass(frozen=True, kw_only=True, slots=True)
class Page(Generic[Row]):
    """The rows of one answer, and the length of the whole list as the answer gives it."""

    rows: Sequence[Row | UnreadableRow]
    total_rows: int | None
    raws: Sequence[msgspec.Raw]

    def contents(self, places: Iterable[int]) -> "array[int]":
        """For each of the rows at `places` a number of 64 bits that stands for all that the row holds.

        Its number and the list's length aside (S7). They can be compared within one process only.
        """
        return array("q", [_content(self.raws[place]) for place in places])


@dataclass(frozen=True, kw_only=True)
class RowReader(Generic[Row, Clean]):
    """How one dataset's answers are read.

    `envelope` finds the list in well-formed JSON, None where there is none; `wire` decodes a well-formed
    row, and where that fails, `loosely` makes a row of any JSON object. `clean` applies R18. The last two
    raise `FaultError`.
    """

    names: tuple[str, ...]
    bare: bool
    envelope: Callable[[bytes], list[msgspec.Raw] | None]
    wire: Callable[[msgspec.Raw], Row]
    loosely: Callable[[dict[str, Any]], Row]
    clean: Callable[[Row], Clean]

    def page(self, body: bytes) -> Page[Row]:
        """The answer's rows.

        Raises:
            PageError: it is no JSON, or an envelope without its list.
        """
        raws = self._raw_rows(body)
        try:
            wires = [*map(self.wire, raws)]
        except (ValueError, ArithmeticError, RecursionError):
            return self._mixed_page(raws)
        totals = (row.total_rows for row in reversed(wires) if row.total_rows is not None)
        return Page(rows=wires, total_rows=next(totals, None), raws=raws)

    def _mixed_page(self, raws: Sequence[msgspec.Raw]) -> Page[Row]:
        """The page's rows, some of them not well-formed."""
        total = None
        rows: list[Row | UnreadableRow] = []
        for raw in raws:
            row, row_total = self._row(raw)
            rows.append(row)
            total = total if row_total is None else row_total
        return Page(rows=rows, total_rows=total, raws=raws)

    def sorted_out(self, rows: Iterable[tuple[int, Row | UnreadableRow]]) -> tuple[list[Clean], list[Reject]]:
        """The readable ones of `rows` as values, and why the others were set aside; each has its place."""
        values: list[Clean] = []
        rejects: list[Reject] = []
        clean = self.clean
        for place, row in rows:
            if isinstance(row, UnreadableRow):
                rejects.append(Reject(position=place, path=row.path, reason=row.reason))
                continue
            try:
                values.append(clean(row))
            except FaultError as fault:
                rejects.append(Reject(position=place, path=fault.path, reason=fault.reason))
        return values, rejects

    def _raw_rows(self, body: bytes) -> list[msgspec.Raw]:
        try:
            raws = self.envelope(body)
        except (ValueError, RecursionError):
            raws = None
        if raws is None:
            return [msgspec.Raw(raw) for raw in sliced(body, self.names, bare=self.bare)]
        return raws

    def _row(self, raw: msgspec.Raw) -> tuple[Row | UnreadableRow, int | None]:
        try:
            wire = self.wire(raw)
        except (ValueError, ArithmeticError, RecursionError):
            return self._loose_row(decode(bytes(raw)))
        return wire, wire.total_rows

    def _loose_row(self, row: Any) -> tuple[Row | UnreadableRow, int | None]:
        if not isinstance(row, dict):
            return UnreadableRow(path="$", reason="is no object"), None
        total = if_whole(row.get("TotalRows"))
        try:
            return self.loosely(row), total
        except FaultError as fault:
            return UnreadableRow(path=fault.path, reason=fault.reason), total


_NUMBERS = re.compile(rb'"(?:RowNumber|TotalRows)"\s*:\s*[^,}\]]*,?')
"""The two fields of a row that are its place's and not its own. A quote inside a text is escaped, so this
never matches there."""

_NO_DIGITS = b"0123456789 \t\r\n"
_AT_THE_END = b':,"TotalRows":}'
"""What follows `RowNumber` where Host writes the two of them, without digits and white space."""


def _content(raw: msgspec.Raw) -> int:
    """Python's own hash of 64 bits: keyed, and five times as fast as BLAKE2 on rows of 2 kB."""
    row = bytes(raw)
    own, _, numbers = row.rpartition(b'"RowNumber"')
    if numbers.translate(None, _NO_DIGITS) != _AT_THE_END:
        own = _NUMBERS.sub(b"", row)
    return hash(own)
