"""Calls a running simulator as a plain HTTP client would."""

import asyncio
import socket
import ssl
from datetime import datetime
from itertools import chain
from typing import Any
from urllib.parse import urlencode

import httpx2

from host_pms.simulator.server import Simulator

PLAIN = ssl.SSLContext(
    ssl.PROTOCOL_TLS_CLIENT
)  # never used: a default one loads 140 authorities, 30 ms a client
EVERYTHING = "1900-01-01T00:00:00"
Rows = list[dict[str, Any]]


def get(simulator: Simulator, path: str, *, key: str | None = None, **query: Any) -> httpx2.Response:
    headers = {"Ocp-Apim-Subscription-Key": simulator.host_key if key is None else key}
    query = {"hotelCode": "HOTEL001"} | query
    return httpx2.get(simulator.host_url + path, params=query, headers=headers, verify=PLAIN)


def pages(simulator: Simulator, path: str, *, limit: int = 100, **query: Any) -> list[Rows]:
    """All pages of a list, up to and without the empty one that follows."""
    found: list[Rows] = []
    key = {"Ocp-Apim-Subscription-Key": simulator.host_key}
    with httpx2.Client(headers=key, verify=PLAIN) as client:
        while not found or found[-1]:
            wanted = {"hotelCode": "HOTEL001", "updateFrom": EVERYTHING} | query
            wanted |= {"start": sum(map(len, found)), "limit": limit}
            found.append(rows_of(client.get(simulator.host_url + path, params=wanted).json()))
    return found[:-1]


def reservations(simulator: Simulator, **query: Any) -> Rows:
    return list(chain.from_iterable(pages(simulator, "/ExternalRms/Reservation", **query)))


def postings(simulator: Simulator, **query: Any) -> Rows:
    return list(chain.from_iterable(pages(simulator, "/ExternalRms/Revenue", **query)))


def rows_of(body: Any) -> Rows:
    """A list that is bare, or the only member of its envelope."""
    return body if isinstance(body, list) else next(iter(body.values()))


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def wire_bytes(simulator: Simulator, path: str, *, half_close: bool = False, **query: Any) -> bytes:
    """All that comes back over a connection of its own until it is closed, headers included.

    `half_close` says at once that no more will be sent, as a client does that gives up.

    Raises:
        ConnectionResetError: the connection is reset.
    """
    text = urlencode({"hotelCode": "HOTEL001"} | query)
    request = (
        f"GET /rms-v2{path}?{text} HTTP/1.1\r\nHost: simulator\r\nConnection: close\r\n"
        f"Ocp-Apim-Subscription-Key: {simulator.host_key}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", simulator.port), timeout=20) as connection:
        connection.sendall(request.encode())
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65_536), b""))


class Waited:
    """Stands for waiting: remembers how long, and waits for nothing."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        await asyncio.sleep(0)


class Ticks:
    """A clock that stands still until it is moved, in seconds."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now
