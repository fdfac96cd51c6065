"""One answer's list of rows: decoded at once when every row is well-formed, row by row when not (R18)."""

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Generic, TypeVar

import msgspec

from host_pms.models.host.values import FaultError, if_whole


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
    """A row that is not even loosely of the expected shape."""

    path: str
    reason: str


class WireRow(msgspec.Struct):
    """A row as it came; `total_rows` is the length of the whole list."""

    total_rows: int | None = msgspec.field(default=None, name="TotalRows")


Row = TypeVar("Row", bound=WireRow)
Clean = TypeVar("Clean")


@dataclass(frozen=True, kw_only=True, slots=True)
class Page(Generic[Row]):
    """The rows of one answer, and the length of the whole list as the answer gives it.

    `contents` has eight bytes a row that stand for all that the row holds, its number and the list's
    length aside (S7).
    """

    rows: Sequence[Row | UnreadableRow]
    contents: Sequence[bytes]
    total_rows: int | None


@dataclass(frozen=True, kw_only=True)
class RowReader(Generic[Row, Clean]):
    """How one dataset's answers are read.

    `envelope` finds the list in well-formed JSON, None where there is none; `wire` decodes a well-formed
    row, unless `odd` is found in it: then, and where that fails, `loosely` makes a row of any JSON object.
    `clean` applies R18. The last two raise `FaultError`.
    """

    names: tuple[str, ...]
    bare: bool
    envelope: Callable[[bytes], list[msgspec.Raw] | None]
    wire: Callable[[msgspec.Raw], Row]
    odd: re.Pattern[bytes]
    loosely: Callable[[dict[str, Any]], Row]
    clean: Callable[[Row], Clean]

    def page(self, body: bytes) -> Page[Row]:
        """The answer's rows.

        Raises:
            PageError: it is no JSON, or an envelope without its list.
        """
        total = None
        rows: list[Row | UnreadableRow] = []
        contents: list[bytes] = []
        for raw in self._raw_rows(body):
            row, row_total = self._row(raw)
            rows.append(row)
            contents.append(_content(bytes(raw)))
            total = total if row_total is None else row_total
        return Page(rows=rows, contents=contents, total_rows=total)

    def cleaned(self, row: Row | UnreadableRow, position: int) -> Clean | Reject:
        """The row as a value, or why it was set aside."""
        if isinstance(row, UnreadableRow):
            return Reject(position=position, path=row.path, reason=row.reason)
        try:
            return self.clean(row)
        except FaultError as fault:
            return Reject(position=position, path=fault.path, reason=fault.reason)

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
            wire = None if self.odd.search(raw) else self.wire(raw)
        except (ValueError, ArithmeticError, RecursionError):
            wire = None
        return self._loose_row(decode(bytes(raw))) if wire is None else (wire, wire.total_rows)

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


def _content(raw: bytes) -> bytes:
    return hashlib.blake2b(_NUMBERS.sub(b"", raw), digest_size=8).digest()


def exact(number: str) -> Decimal:
    """A JSON number digit for digit; infinite where its exponent is beyond what can be told."""
    try:
        return Decimal(number)
    except ArithmeticError:
        return Decimal("Infinity")


_EXACT = msgspec.json.Decoder(float_hook=exact)


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
        return json.loads(body, parse_float=exact)
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


_SLOW = json.JSONDecoder(parse_float=exact)
_SPACE = re.compile(r"[ \t\r\n]*")


def sliced(body: bytes, names: Sequence[str], *, bare: bool) -> list[bytes]:
    """The rows of an answer byte for byte, where `msgspec` refuses it as a whole.

    Raises:
        PageError: it is no JSON, or has no such list.
    """
    listed(_decode_slowly(body), names, bare=bare)  # or it raises: from here on all is whole and there
    text = body.decode("utf-8-sig")
    start = _after_space(text, 0)
    if text[start] == "[":
        return _elements(text, start)
    found: dict[str, list[bytes]] = {}
    at = _after_space(text, start + 1)
    while text[at] != "}":
        name, at = _SLOW.raw_decode(text, at)
        at = _after_space(text, _after_space(text, at) + 1)
        if name in names and text[at] == "[":
            found[name] = _elements(text, at)
        _, at = _SLOW.raw_decode(text, at)
        at = _after_space(text, at)
        at = _after_space(text, at + 1) if text[at] == "," else at
    return next(found[name] for name in names if name in found)


def _elements(text: str, start: int) -> list[bytes]:
    rows: list[bytes] = []
    at = _after_space(text, start + 1)
    while text[at] != "]":
        _, end = _SLOW.raw_decode(text, at)
        rows.append(text[at:end].encode())
        at = _after_space(text, end)
        at = _after_space(text, at + 1) if text[at] == "," else at
    return rows


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at
