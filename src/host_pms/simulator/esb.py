"""Climber's ESB over HTTP, as esb-api.md describes it, with a memory that tests can read."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from host_pms.simulator.esb_bodies import import_date_faults, registration_faults
from host_pms.simulator.pms import JsonObject
from host_pms.simulator.refusals import plain_body, refusal_handlers

KEY_HEADER = "X-API-Key"
_IDEMPOTENCY_KEY = re.compile(r"[!-~]{1,255}", re.ASCII)
INACTIVE_HOTEL = "HOTEL000"
"""Always on the ESB's list, as inactive; Host does not know it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Registration:
    """A file that was registered: the body as it came, and its idempotency key."""

    idempotency_key: str
    body: JsonObject


class EsbMemory:
    """What the ESB holds, open to be read and set by tests.

    `watermarks` is each hotel's `lastImportDate`; `limits` may hold a hotel's `minImportDate` and
    `maxImportDate`; `registrations` are in the order they came.
    """

    def __init__(self, hotels: Sequence[JsonObject]) -> None:
        self.hotels = [*hotels, {"code": INACTIVE_HOTEL, "name": "Closed for good", "active": False}]
        self.watermarks: dict[str, str] = {}
        self.limits: dict[str, JsonObject] = {}
        self.registrations: list[Registration] = []
        self.bodies_by_key: dict[str, JsonObject] = {}

    def knows(self, hotel_code: object) -> bool:
        """Whether the hotel is on the list, active or not."""
        return any(hotel["code"] == hotel_code for hotel in self.hotels)

    def is_registered(self, file_url: str) -> bool:
        """Whether this file was registered before."""
        return any(registration.body["fileUrl"] == file_url for registration in self.registrations)


class EsbApi:
    """The ESB's four calls on one memory."""

    def __init__(self, memory: EsbMemory, *, key: str) -> None:
        self._memory = memory
        self._key = key

    def app(self) -> Starlette:
        """The application, to be mounted below a base path."""
        return Starlette(
            routes=[
                Route("/hotels", self._hotels, methods=["GET"]),
                Route("/hotels/{code}/parameters", self._parameters, methods=["GET"]),
                Route("/hotels/{code}/import-dates", self._import_dates, methods=["PUT"]),
                Route("/files/register", self._register, methods=["POST"]),
            ],
            exception_handlers=refusal_handlers(plain_body),
        )

    async def _hotels(self, request: Request) -> Response:
        self._check_key(request)
        return JSONResponse({"hotels": self._memory.hotels})

    async def _parameters(self, request: Request) -> Response:
        self._check_key(request)
        code = self._hotel_code(request)
        watermark = self._memory.watermarks.get(code)
        return JSONResponse({"lastImportDate": watermark} | self._memory.limits.get(code, {}))

    async def _import_dates(self, request: Request) -> Response:
        self._check_key(request)
        code = self._hotel_code(request)
        body = await _checked_body(request, import_date_faults)
        self._remember_key(request, body)
        self._memory.watermarks[code] = body["lastImportDate"]
        return Response(status_code=204)

    async def _register(self, request: Request) -> Response:
        self._check_key(request)
        body = await _checked_body(request, registration_faults)
        if not self._memory.knows(body["hotelCode"]):
            raise HTTPException(404, "unknown hotel")
        key = self._remember_key(request, body)
        if self._memory.is_registered(body["fileUrl"]):
            raise HTTPException(409, "this file is registered already")
        self._memory.registrations.append(Registration(idempotency_key=key, body=body))
        return JSONResponse({"status": "registered"}, 201)

    def _check_key(self, request: Request) -> None:
        if request.headers.get(KEY_HEADER) != self._key:
            raise HTTPException(401, "API key missing or invalid")

    def _hotel_code(self, request: Request) -> str:
        code = str(request.path_params["code"])
        if not self._memory.knows(code):
            raise HTTPException(404, "unknown hotel")
        return code

    def _remember_key(self, request: Request, body: JsonObject) -> str:
        """The idempotency key: one effect has one key, so a key never comes with another body."""
        key = _idempotency_key(request)
        if self._memory.bodies_by_key.setdefault(key, body) != body:
            raise HTTPException(422, "this Idempotency-Key came with another body before")
        return key


def _idempotency_key(request: Request) -> str:
    key = request.headers.get("Idempotency-Key", "")
    if not _IDEMPOTENCY_KEY.fullmatch(key):
        raise HTTPException(400, "Idempotency-Key must be 1 to 255 visible ASCII characters")
    return key


async def _checked_body(request: Request, faults_of: Callable[[Any], list[str]]) -> JsonObject:
    """The body; 400 where it is no JSON or the idempotency key is missing, 422 where it has faults."""
    _idempotency_key(request)
    try:
        body = json.loads(await request.body())
    except (ValueError, RecursionError):
        raise HTTPException(400, "the body is no JSON") from None
    faults = faults_of(body)
    if faults:
        raise HTTPException(422, "; ".join(faults))
    checked: JsonObject = body
    return checked
