"""Refused calls as JSON bodies, each API in its own shape."""

from collections.abc import Awaitable, Callable

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from host_pms.simulator.pms import JsonObject

Handlers = dict[type[Exception], Callable[[Request, Exception], Awaitable[Response]]]


def refusal_handlers(body_of: Callable[[HTTPException], JsonObject]) -> Handlers:
    """Exception handlers that answer the status of a refusal with its body."""

    async def answer(_request: Request, refusal: Exception) -> Response:
        if not isinstance(refusal, HTTPException):
            raise refusal
        return JSONResponse(body_of(refusal), refusal.status_code, headers=refusal.headers)

    return {HTTPException: answer}


def plain_body(refusal: HTTPException) -> JsonObject:
    """What the ESB and the control calls answer."""
    return {"error": refusal.detail}
