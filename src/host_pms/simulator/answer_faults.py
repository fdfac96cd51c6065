"""Faults that show in the JSON of an answer: another page, or a field that is wrong."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import QueryParams
from starlette.types import ASGIApp, Receive, Scope, Send

from host_pms.simulator.effects import ClockSkew, InAnswer, OtherHotel, OtherPage, WrongTotal
from host_pms.simulator.pms import MAX_PAGE
from host_pms.simulator.whole import send_whole, whole_answer
from host_pms.simulator.wire import EFFECTS

_OK = 200


class AnswerFaults:
    """Middleware that asks the API for another page, and rewrites what it answers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Do to the call what `WireFaults` found to befall it."""
        effects = scope[EFFECTS]
        for effect in effects:
            if isinstance(effect, OtherPage):
                scope = {**scope, "query_string": _other_query(effect, scope["query_string"])}
        rewrites = [effect for effect in effects if isinstance(effect, InAnswer)]
        if not rewrites:
            await self._app(scope, receive, send)
            return
        answer = await whole_answer(self._app, scope, receive)
        if answer.status == _OK:
            body = json.loads(answer.body)
            for effect in rewrites:
                _rewrite(effect, body)
            answer = answer.with_body(json.dumps(body).encode(), gzipped=False)
        await send_whole(answer, send)


def _other_query(effect: OtherPage, query_string: bytes) -> bytes:
    """The query for the page that is answered instead; one that is wrong stays so."""
    query = QueryParams(query_string)
    start, limit = query.get("start", "0"), query.get("limit", str(MAX_PAGE))
    if not (start.isdecimal() and limit.isdecimal()):
        return query_string
    rows = min(int(limit), MAX_PAGE)
    moved = int(start) + effect.rows_on - effect.pages_back * rows
    changed = {"start": max(0, moved), "limit": rows if effect.cap is None else min(rows, effect.cap)}
    return urlencode(dict(query) | changed).encode()


def _rewrite(effect: InAnswer, body: Any) -> None:
    """Change `body` in place, where it has what the effect is about."""
    match effect:
        case WrongTotal():
            for row in _rows(body):
                _set_total(effect, row)
        case ClockSkew(by=by):
            _change(body, "LocalTime", lambda moment: _moved(moment, by))
        case OtherHotel(code=code):
            _change(body, "HotelCode", lambda _code: code)


def _rows(body: Any) -> list[dict[str, Any]]:
    """The rows that are objects, of a list that is bare or the only member of its envelope."""
    rows = body if isinstance(body, list) else next(iter(body.values()))
    return [row for row in rows if isinstance(row, dict)]


def _set_total(effect: WrongTotal, row: dict[str, Any]) -> None:
    if effect.number is None:
        row.pop("TotalRows", None)
    else:
        row["TotalRows"] = effect.number + (row["TotalRows"] if effect.relative else 0)


def _change(body: Any, field: str, change: Callable[[Any], Any]) -> None:
    info = body.get("HotelInfo")
    if isinstance(info, dict) and info.get(field) is not None:
        info[field] = change(info[field])


def _moved(moment: str, by: timedelta) -> str:
    return (datetime.fromisoformat(moment) + by).isoformat(timespec="milliseconds")
