"""What a user of the simulator may ask of the simulator itself, below `/simulator`."""

import json
from datetime import datetime
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from host_pms.simulator.clock import HotelClock, duration
from host_pms.simulator.esb import EsbMemory
from host_pms.simulator.refusals import plain_body, refusal_handlers


class Control:
    """Reads and moves the clock, and shows what the ESB remembers."""

    def __init__(self, *, clock: HotelClock, esb: EsbMemory) -> None:
        self._clock = clock
        self._esb = esb

    def app(self) -> Starlette:
        """The application, to be mounted below a base path."""
        return Starlette(
            routes=[
                Route("/clock", self._read_clock, methods=["GET"]),
                Route("/clock", self._move_clock, methods=["POST"]),
                Route("/esb", self._read_esb, methods=["GET"]),
            ],
            exception_handlers=refusal_handlers(plain_body),
        )

    async def _read_clock(self, _request: Request) -> Response:
        return JSONResponse({"now": self._clock.now.isoformat()})

    async def _move_clock(self, request: Request) -> Response:
        """`{"now": "2024-01-16T10:00:00"}` or `{"advance": "1d"}`."""
        try:
            _move(self._clock, json.loads(await request.body()))
        except (ValueError, OverflowError, RecursionError) as fault:
            raise HTTPException(400, str(fault)) from fault
        return JSONResponse({"now": self._clock.now.isoformat()})

    async def _read_esb(self, _request: Request) -> Response:
        registrations = [
            registration.body | {"idempotencyKey": registration.idempotency_key}
            for registration in self._esb.registrations
        ]
        return JSONResponse({"registrations": registrations, "watermarks": self._esb.watermarks})


def _move(clock: HotelClock, order: Any) -> None:
    match order:
        case {"now": str(now)}:
            clock.set(datetime.fromisoformat(now))
        case {"advance": str(step)}:
            clock.advance(duration(step))
        case _:
            raise ValueError('give {"now": "2024-01-16T10:00:00"} or {"advance": "1d"}')
