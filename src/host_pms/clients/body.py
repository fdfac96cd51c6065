"""A body, read within its limits; what may be wrong with it at first sight."""

import io
import zlib
from collections.abc import Iterable, Iterator
from typing import Final

import httpx2
import msgspec

from host_pms.clients.connection import seconds_left_of_call
from host_pms.clients.limits import SMALL_BODY, InFlight, Limits, NoRoomError

_GZIP: Final = zlib.MAX_WBITS + 16
# What one step of the decoder may put out: a chunk of 64 KiB can hold 66 MB.
_PIECE: Final = 64 * 1024
# All that an error's text is read for is one sentence.
_TEXT: Final = 64 * 1024
# Scalars are whole JSON too; none of interest is longer.
_SCALAR: Final = 4096


class BrokenBodyError(Exception):
    """The body did not arrive whole; another try may get it. Its text says how, without its content."""


class RefusedBodyError(Exception):
    """The body is beyond a limit; another try would be too. Its text says which."""


def read_body(response: httpx2.Response, limits: Limits, in_flight: InFlight) -> bytes:
    """The decoded body, at most `limits.page_bytes`; never more than that is held.

    Raises:
        BrokenBodyError: it is cut, is no gzip though it says so, or found no room.
        RefusedBodyError: it is too large, or a gzip bomb.
        httpx2.HTTPError: the connection failed.
    """
    kept = io.BytesIO()
    try:
        with in_flight.body(seconds_left_of_call) as grow:
            for piece in _decoded(response, limits):
                if kept.tell() + len(piece) > limits.page_bytes:
                    raise RefusedBodyError(f"its body is over {limits.page_bytes:,} bytes")
                if kept.tell() + len(piece) > SMALL_BODY:
                    grow()
                kept.write(piece)
    except NoRoomError:
        raise BrokenBodyError("other answers took all the memory for bodies") from None
    return kept.getvalue()


def read_text(response: httpx2.Response, limits: Limits) -> str | None:
    """The beginning of an error's body, to look for what it asks; None where it could not be read."""
    text = b""
    try:
        for piece in _decoded(response, limits):
            text += piece
            if len(text) >= _TEXT:
                break
    except (BrokenBodyError, RefusedBodyError, httpx2.HTTPError):
        return None
    return text.decode(errors="replace")


def fault_of_json(body: bytes) -> str | None:
    """Why `body` cannot be a whole JSON answer, as far as its two ends tell; None if it may be one.

    A cut that happens to end with the bracket that it began with is left to the full decoder.
    """
    text = body.strip(b" \t\r\n")
    if not text:
        return "its body is empty"
    if text.startswith(b"<"):
        return "its body is HTML"
    if text[:1] + text[-1:] in (b"{}", b"[]") and len(text) > 1:
        return None
    return None if _is_scalar(text) else "its JSON is cut"


def _is_scalar(text: bytes) -> bool:
    try:
        return len(text) < _SCALAR and not isinstance(msgspec.json.decode(text), dict | list)
    except (msgspec.DecodeError, RecursionError):
        return False


def _decoded(response: httpx2.Response, limits: Limits) -> Iterator[bytes]:
    if response.is_stream_consumed:
        # A transport may hand over an answer that it has read and decoded, as a mock does.
        return iter((response.content,))
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding == "identity":
        return _raw(response)
    if encoding in ("gzip", "x-gzip"):
        return _gunzipped(_raw(response), limits)
    raise BrokenBodyError("its body has an encoding that was not asked for")


def _raw(response: httpx2.Response) -> Iterator[bytes]:
    received = 0
    for chunk in response.iter_raw():
        received += len(chunk)
        yield chunk
    length = None if "Transfer-Encoding" in response.headers else response.headers.get("Content-Length")
    if length is not None and length.lstrip("0") != str(received).lstrip("0"):
        raise BrokenBodyError("its body is cut")


def _gunzipped(chunks: Iterable[bytes], limits: Limits) -> Iterator[bytes]:
    received = decoded = 0
    decoder = zlib.decompressobj(_GZIP)
    try:
        for chunk in chunks:
            received += len(chunk)
            waiting = chunk
            while waiting:
                if decoder.eof:
                    decoder = zlib.decompressobj(_GZIP)
                piece = decoder.decompress(waiting, _PIECE)
                decoded += len(piece)
                if decoded > SMALL_BODY:
                    _check_ratio(decoded, received, limits)
                yield piece
                waiting = decoder.unconsumed_tail or decoder.unused_data
        last = decoder.flush()
    except zlib.error:
        raise BrokenBodyError("its body says that it is gzip and is not") from None
    if received and not decoder.eof:
        raise BrokenBodyError("its gzip stream is cut")
    _check_ratio(decoded + len(last), received, limits)
    yield last


def _check_ratio(decoded: int, received: int, limits: Limits) -> None:
    if decoded > limits.gzip_ratio * received:
        raise RefusedBodyError(f"its body is a gzip bomb, over {limits.gzip_ratio} times its size")
