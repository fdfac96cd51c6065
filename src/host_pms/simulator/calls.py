"""Remembers the calls that pass through it."""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.datastructures import QueryParams
from starlette.types import ASGIApp, Message, Receive, Scope, Send

NO_ANSWER: Message = {"type": "host_pms.no_answer"}
"""Sent in place of an answer by what leaves a call without one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One call and the status of its answer; None where no answer was begun."""

    method: str
    path: str
    query: Mapping[str, str]
    status: int | None


class CallRecorder:
    """Middleware that appends every call to `calls`, before its answer leaves or it is left without one."""

    def __init__(self, app: ASGIApp, *, calls: list[Call]) -> None:
        self._app = app
        self._calls = calls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on, and note it as its answer starts, or as somebody sends `NO_ANSWER`."""

        async def noting(message: Message) -> None:
            if message["type"] == NO_ANSWER["type"]:
                self._calls.append(_call(scope, None))
                return
            if message["type"] == "http.response.start":
                self._calls.append(_call(scope, message["status"]))
            await send(message)

        await self._app(scope, receive, noting)


def _call(scope: Scope, status: int | None) -> Call:
    query = dict(QueryParams(scope["query_string"]))
    return Call(method=scope["method"], path=scope["path"], query=query, status=status)
