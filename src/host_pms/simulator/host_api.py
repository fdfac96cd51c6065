"""The Host PMS API over HTTP, as host-api.md describes it.

Keys, hotels and parameters are checked in the order a gateway and the API behind it would:
401, then 400 for a missing hotel, 404 for an unknown one, 400 for any other bad parameter.
"""

import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from host_pms.simulator.apim import MISSING_KEY, WRONG_KEY, gateway_body
from host_pms.simulator.clock import HotelClock
from host_pms.simulator.gateway import KEY_HEADER
from host_pms.simulator.pms import MAX_PAGE, BetweenPages, JsonObject, PageRequest, PmsHotel
from host_pms.simulator.refusals import refusal_handlers

MAX_GRID_DAYS = 30  # InventoryGrid's longest window, both ends included

_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_NUMBER = re.compile(r"\d{1,9}", re.ASCII)


class HostApi:
    """The four calls.

    `hotel_keys` are hotels' own keys, for which `shared_key` does not serve.
    """

    def __init__(
        self,
        *,
        hotels: Mapping[str, PmsHotel],
        clock: HotelClock,
        shared_key: str,
        hotel_keys: Mapping[str, str],
        between_pages: BetweenPages,
    ) -> None:
        self._hotels = hotels
        self._clock = clock
        self._shared_key = shared_key
        self._hotel_keys = hotel_keys
        self._between_pages = between_pages

    def app(self) -> Starlette:
        """The application, to be mounted below a base path."""
        return Starlette(
            routes=[
                Route("/ExternalRms/Config", self._config, methods=["GET"]),
                Route("/ExternalRms/Reservation", self._reservation, methods=["GET"]),
                Route("/ExternalRms/Revenue", self._revenue, methods=["GET"]),
                Route("/Pms/InventoryGrid", self._inventory_grid, methods=["GET"]),
            ],
            exception_handlers=refusal_handlers(_refused),
        )

    async def _config(self, request: Request) -> Response:
        return _json(self._hotel(request).config(self._clock.now))

    async def _reservation(self, request: Request) -> Response:
        hotel, page = self._hotel(request), _page_request(request)
        self._between_pages(hotel, self._clock)
        return _json(hotel.reservations(self._clock.now, page))

    async def _revenue(self, request: Request) -> Response:
        hotel, page = self._hotel(request), _page_request(request)
        sales_group = _number(request, "salesGroup") if "salesGroup" in request.query_params else None
        self._between_pages(hotel, self._clock)
        return _json(hotel.revenue(self._clock.now, page, sales_group))

    async def _inventory_grid(self, request: Request) -> Response:
        hotel = self._hotel(request)
        first, last = _day(request, "fromDate"), _day(request, "toDate")
        if not 0 <= (last - first).days < MAX_GRID_DAYS:
            raise HTTPException(400, f"fromDate to toDate must be 1 to {MAX_GRID_DAYS} days.")
        return _json(hotel.inventory_grid(self._clock.now, first, last))

    def _hotel(self, request: Request) -> PmsHotel:
        code = request.query_params.get("hotelCode", "")
        key = request.headers.get(KEY_HEADER)
        if not key:
            raise HTTPException(401, MISSING_KEY)
        if key != self._hotel_keys.get(code, self._shared_key):
            raise HTTPException(401, WRONG_KEY)
        if not code:
            raise HTTPException(400, "hotelCode is missing.")
        if code not in self._hotels:
            raise HTTPException(404, "Hotel not found.")
        return self._hotels[code]


def _page_request(request: Request) -> PageRequest:
    limit = _number(request, "limit", default=MAX_PAGE)
    if limit < 1:
        raise HTTPException(400, "limit must be 1 or more.")
    return PageRequest(update_from=_moment(request), start=_number(request, "start", default=0), limit=limit)


def _number(request: Request, name: str, *, default: int | None = None) -> int:
    text = request.query_params.get(name)
    if text is None and default is not None:
        return default
    if text is None or not _NUMBER.fullmatch(text):
        raise HTTPException(400, f"{name} is no number.")
    return int(text)


def _moment(request: Request) -> datetime:
    return datetime.fromisoformat(_checked(request, "updateFrom", _MOMENT))


def _day(request: Request, name: str) -> date:
    return date.fromisoformat(_checked(request, name, _DAY))


def _checked(request: Request, name: str, form: re.Pattern[str]) -> str:
    """The parameter's text, which has the form and is in the calendar."""
    text = request.query_params.get(name, "")
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise HTTPException(400, f"{name} is missing or no date.") from None
    if not form.fullmatch(text):
        raise HTTPException(400, f"{name} is not written as asked for.")
    return text


def _json(body: Any) -> Response:
    """`body` as JSON; NaN and lone surrogates of canned bodies pass, as from a careless sender."""
    return Response(json.dumps(body), media_type="application/json")


def _refused(refusal: HTTPException) -> JsonObject:
    return gateway_body(refusal.status_code, refusal.detail)
