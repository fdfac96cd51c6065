"""Calls a running simulator as a plain HTTP client would."""

import ssl
from datetime import datetime
from itertools import chain
from typing import Any

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
