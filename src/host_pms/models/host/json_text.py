"""JSON text as Host sends it: decoded digit for digit, or cut into rows byte for byte where it is odd."""

import json
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec


class PageError(ValueError):
    """An answer that is not what was asked for; says what is wrong, never what stands in it."""


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
