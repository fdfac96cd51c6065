"""Faults of the connection, and answers given in place of the API's: all that lies below JSON.

Starlette knows no connections, so a reset or a body that breaks off needs the transport under it. The
server's protocol class hands it to each request in `state`, where ASGI lets a server put what it likes. That
is one overridden method of asyncio's own interface; nothing of uvicorn is replaced. A connection is then
ended as asyncio ends one: `close()` within a body is a FIN in its middle, `abort()` with SO_LINGER at 0
a RST. The middleware returns only when uvicorn has seen that end, which then misses no answer.
"""

import asyncio
import gzip
import socket
import struct
import zlib
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from host_pms.simulator.apim import out_of_quota, rate_limited
from host_pms.simulator.called import called_hotel
from host_pms.simulator.calls import NO_ANSWER
from host_pms.simulator.effects import (
    Delay,
    Effect,
    Instead,
    OnTheWire,
    OtherAnswer,
    OutOfQuota,
    Throttle,
    WireBreak,
)
from host_pms.simulator.faults import Faults
from host_pms.simulator.waits import Pause, Waits, gone
from host_pms.simulator.whole import send_whole, whole_answer, whole_request

EFFECTS = "host_pms.effects"
"""Where a call's scope holds what befalls it, for the middleware behind this one."""

_TRANSPORT = "transport"
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # struct linger: on, for 0 s
_BOMB_MIB = 64


class Connection(H11Protocol):
    """uvicorn's own protocol, which also tells each request the transport that it came over."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Note the transport; H11Protocol narrows the parameter in the same way."""
        super().connection_made(transport)
        self.app_state = self.app_state | {_TRANSPORT: transport}


class WireFaults:
    """Middleware that decides what befalls a call, and does what no application can do."""

    def __init__(
        self, app: ASGIApp, *, faults: Faults, waits: Waits, pause: Pause, wall: Callable[[], float]
    ) -> None:
        self._app = app
        self._faults = faults
        self._waits = waits
        self._pause = pause
        self._wall = wall
        self._breaks: Mapping[WireBreak, Callable[[OnTheWire, Scope, Receive, Send], Awaitable[None]]] = {
            "reset": self._reset,
            "truncate": self._truncate,
            "drip": self._drip,
            "drip-headers": self._drip_headers,
            "bad-gzip": self._bad_gzip,
            "short-gzip": self._bad_gzip,
            "no-answer": self._no_answer,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """All delays are waited for; then the first fault that breaks or replaces the answer counts."""
        hotel, receive = await called_hotel(scope, receive, look_into_body=self._faults.any_by_hotel)
        effects = scope[EFFECTS] = self._faults.befalling(scope["path"], hotel)
        for effect in effects:
            if isinstance(effect, Delay):
                await self._pause(effect.seconds)
        match _first_break(effects):
            case None:
                await self._app(scope, receive, send)
            case OnTheWire() as on_the_wire:
                # A client whose request is still being sent would meet the end in one of several ways.
                _, receive = await whole_request(receive)
                await self._breaks[on_the_wire.how](on_the_wire, scope, receive, send)
            case instead:
                await _response(instead, self._wall())(scope, receive, send)

    async def _reset(self, _effect: OnTheWire, scope: Scope, receive: Receive, send: Send) -> None:
        await send(NO_ANSWER)
        transport = _transport(scope)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        transport.abort()
        await gone(receive)

    async def _truncate(self, _effect: OnTheWire, scope: Scope, receive: Receive, send: Send) -> None:
        """Half of the body that Content-Length announces; of an empty one not even the headers."""
        answer = await whole_answer(self._app, scope, receive)
        if answer.body:
            await send(answer.start)
            half = answer.body[: len(answer.body) // 2]
            await send({"type": "http.response.body", "body": half, "more_body": True})
        else:
            await send(NO_ANSWER)
        _transport(scope).close()
        await gone(receive)

    async def _drip(self, effect: OnTheWire, scope: Scope, receive: Receive, send: Send) -> None:
        answer = await whole_answer(self._app, scope, receive)
        await send(answer.start)
        for byte in answer.body:
            await self._pause(effect.seconds)
            if self._waits.stopped or _transport(scope).is_closing():
                break
            await send({"type": "http.response.body", "body": bytes((byte,)), "more_body": True})
        else:
            await send({"type": "http.response.body", "body": b""})
            return
        _transport(scope).abort()
        await gone(receive)

    async def _drip_headers(self, effect: OnTheWire, scope: Scope, receive: Receive, send: Send) -> None:
        await send(NO_ANSWER)
        transport = _transport(scope)
        transport.write(b"HTTP/1.1 200 OK\r\nX-Dripping: ")
        while not (self._waits.stopped or transport.is_closing()):
            transport.write(b".")
            await self._pause(effect.seconds)
        transport.abort()
        await gone(receive)

    async def _bad_gzip(self, effect: OnTheWire, scope: Scope, receive: Receive, send: Send) -> None:
        answer = await whole_answer(self._app, scope, receive)
        body = answer.body if answer.is_gzip else gzip.compress(answer.body, mtime=0)
        if effect.how == "short-gzip":
            broken = body[: len(body) // 2]
        else:  # the checksum, the first half of the trailer: only a reader that checks it will know
            broken = body[:-8] + bytes(byte ^ 0xFF for byte in body[-8:-4]) + body[-4:]
        await send_whole(answer.with_body(broken, gzipped=True), send)

    async def _no_answer(self, _effect: OnTheWire, scope: Scope, receive: Receive, send: Send) -> None:
        await send(NO_ANSWER)
        await self._waits.until_gone(receive)
        _transport(scope).abort()
        await gone(receive)


def _transport(scope: Scope) -> asyncio.Transport:
    transport: asyncio.Transport = scope["state"][_TRANSPORT]
    return transport


def _first_break(effects: list[Effect]) -> Instead | OnTheWire | None:
    return next((effect for effect in effects if isinstance(effect, Instead | OnTheWire)), None)


def _response(effect: Instead, wall: float) -> Response:
    match effect:
        case OtherAnswer():
            return Response(effect.body, effect.status, media_type=effect.media_type)
        case Throttle():
            return rate_limited(effect.seconds, effect.form, maximum="200 per Minute", wall=wall)
        case OutOfQuota():
            return out_of_quota(effect.replenished_in)
        case _:
            return Response(_bomb(), headers={"Content-Encoding": "gzip"}, media_type="application/json")


@lru_cache(1)
def _bomb() -> bytes:
    """An empty list of rows with very much white space in it, a thousandth of its size."""
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)  # 16: with gzip's header and trailer
    blank = b" " * 2**20
    packed = [packer.compress(b'{"Reservations": ['), *(packer.compress(blank) for _ in range(_BOMB_MIB))]
    return b"".join((*packed, packer.compress(b"]}"), packer.flush()))
