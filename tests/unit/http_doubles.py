"""An upstream that answers from a list, over httpx2's own mock, and a sender that calls it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from threading import Lock

import httpx2
from fakes import FakeClock

from host_pms.clients.http import HttpSender, Request
from host_pms.clients.limits import Limits
from host_pms.ports import Clock


class Chunks(httpx2.SyncByteStream):
    """A body that arrives in pieces; how many were taken shows how far it was read."""

    def __init__(self, chunks: tuple[bytes, ...]) -> None:
        self.chunks = chunks
        self.taken = 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self.chunks:
            self.taken += 1
            yield chunk


@dataclass(frozen=True)
class Reply:
    status: int = 200
    body: bytes | tuple[bytes, ...] = b'{"Reservations": []}'
    headers: dict[str, str] = field(default_factory=dict)

    def response(self) -> httpx2.Response:
        chunks = self.body if isinstance(self.body, tuple) else (self.body,)
        return httpx2.Response(self.status, headers=self.headers, stream=Chunks(chunks))


class Upstream:
    """Plays its replies in order and the last one for ever; remembers what it was asked, and when."""

    def __init__(self, *replies: Reply | Exception, clock: Clock) -> None:
        self.replies = list(replies)
        self.clock = clock
        self.requests: list[httpx2.Request] = []
        self.times: list[float] = []
        self._lock = Lock()

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        with self._lock:
            self.requests.append(request)
            self.times.append(self.clock.monotonic())
            reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        return reply.response()


@dataclass(frozen=True)
class World:
    sender: HttpSender
    upstream: Upstream
    clock: FakeClock

    @property
    def calls(self) -> int:
        return len(self.upstream.requests)


def world(
    *replies: Reply | Exception,
    max_retries: int = 3,
    seconds_left: Callable[[], float | None] = lambda: None,
    limits: Limits | None = None,
    clock: FakeClock | None = None,
) -> World:
    clock = clock or FakeClock()
    upstream = Upstream(*replies, clock=clock)
    sender = HttpSender(
        client=httpx2.Client(transport=httpx2.MockTransport(upstream)),
        clock=clock,
        max_retries=max_retries,
        seconds_left=seconds_left,
        limits=limits or Limits(),
    )
    return World(sender, upstream, clock)


def request(
    *,
    url: str = "https://api.example.org/rms-v2/ExternalRms/Reservation",
    key: str = "shared",
    calls_per_minute: int = 0,
    accepts: frozenset[int] = frozenset({200}),
    expects_json: bool = True,
    check: Callable[[bytes], None] | None = None,
    headers: dict[str, str] | None = None,
    account: str = "",
) -> Request:
    return Request(
        operation="reading reservations of HOTEL001",
        method="GET",
        url=url,
        params={"hotelCode": "HOTEL001"},
        headers=headers or {},
        key=key,
        calls_per_minute=calls_per_minute,
        accepts=accepts,
        expects_json=expects_json,
        check=check,
        account=account,
    )
