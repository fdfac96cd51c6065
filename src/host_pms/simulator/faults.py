"""Errors as JSON bodies, each API in its own shape."""

from collections.abc import Awaitable, Callable

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from host_pms.simulator.pms import JsonObject

Handlers = dict[type[Exception], Callable[[Request, Exception], Awaitable[Response]]]


def fault_handlers(body_of: Callable[[HTTPException], JsonObject]) -> Handlers:
    """Exception handlers that answer the status of a fault with its body."""

    async def answer(_request: Request, fault: Exception) -> Response:
        if not isinstance(fault, HTTPException):
            raise fault
        return JSONResponse(body_of(fault), fault.status_code, headers=fault.headers)

    return {HTTPException: answer}


def plain_body(fault: HTTPException) -> JsonObject:
    """What the ESB and the control calls answer."""
    return {"error": fault.detail}
