"""Requests and answers taken as a whole before they are passed on."""

from dataclasses import dataclass, replace
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


@dataclass(frozen=True, kw_only=True, slots=True)
class WholeAnswer:
    """Status, headers as ASGI has them, and the body as it goes over the wire."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    @property
    def start(self) -> Message:
        """The message that opens it."""
        return {"type": "http.response.start", "status": self.status, "headers": list(self.headers)}

    @property
    def is_gzip(self) -> bool:
        """Whether the body is compressed."""
        return (b"content-encoding", b"gzip") in self.headers

    def with_body(self, body: bytes, *, gzipped: bool) -> "WholeAnswer":
        """Another body, and the headers that tell its length and encoding."""
        headers = MutableHeaders(raw=[header for header in self.headers if header[0] != b"content-encoding"])
        headers["Content-Length"] = str(len(body))
        if gzipped:
            headers["Content-Encoding"] = "gzip"
        return replace(self, headers=tuple(headers.raw), body=body)


async def whole_answer(app: ASGIApp, scope: Scope, receive: Receive) -> WholeAnswer:
    """What `app` answers, with nothing sent yet."""
    messages: list[Any] = []

    async def keep(message: Message) -> None:
        messages.append(message)

    await app(scope, receive, keep)
    start, *bodies = messages
    body = b"".join(message.get("body", b"") for message in bodies)
    return WholeAnswer(status=start["status"], headers=tuple(start["headers"]), body=body)


async def send_whole(answer: WholeAnswer, send: Send) -> None:
    """Send it as it is."""
    await send(answer.start)
    await send({"type": "http.response.body", "body": answer.body})


async def whole_request(receive: Receive) -> tuple[bytes, Receive]:
    """A request's body, and a `receive` that hands it out again."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    unread: list[Message] = [{"type": "http.request", "body": body}]

    async def again() -> Message:
        return unread.pop() if unread else await receive()

    return body, again
