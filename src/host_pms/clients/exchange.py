"""One try of a call: a request out, an answer in."""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Final, Literal

import httpx2

from host_pms.clients.body import BrokenBodyError, RefusedBodyError, read_body, read_text
from host_pms.clients.connection import whole_call
from host_pms.clients.gateway import status_inside
from host_pms.clients.limits import InFlight, Limits
from host_pms.clients.retry import AgainError
from host_pms.clients.verdicts import EXPECTED, Verdict, verdict_on_exception
from host_pms.errors import NeedsPersonError

OK: Final = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One call, which may be sent several times: it is a read, or idempotent by what it carries.

    `operation` begins every message ("reading reservations of HOTEL001"). `key` names the key that
    the pacing goes by and is never the key itself; `calls_per_minute` is its limit, 0 for none.
    Statuses in `accepts` are answers. With `expects_json` a 200 must look like whole JSON; `check`
    may look closer and raise ValueError for a body that should be asked for again. `account` is
    whose calls these are in `HttpSender.counts`; where it is empty, the key's.
    """

    operation: str
    method: Literal["GET", "POST", "PUT"]
    url: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    json: bytes | None = field(default=None, repr=False)
    key: str
    calls_per_minute: int
    accepts: frozenset[int] = frozenset({OK})
    expects_json: bool = True
    check: Callable[[bytes], None] | None = None
    account: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Received:
    """What came back. `status` is the one inside a 200, if there is one; `body` is an accepted answer's.

    `text` is what an answer that was not accepted says, or its beginning; None: it could not be read.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)
    text: str | None = field(default="", repr=False)


def build(client: httpx2.Client, request: Request) -> httpx2.Request:
    """Make the request as it goes out, every time the same.

    Raises:
        NeedsPersonError: the address or a header is not allowed in HTTP.
    """
    headers = {**request.headers, "Accept-Encoding": "gzip"}
    if request.json is not None:
        headers["Content-Type"] = "application/json"
    try:
        # To give the client the parameters by themselves would have it read the whole address twice.
        query = f"?{httpx2.QueryParams(request.params)}" if request.params else ""
        return client.build_request(
            request.method, request.url + query, headers=headers, content=request.json
        )
    except EXPECTED as error:
        failure = _failure(request.operation, error)
    raise failure


def exchange(
    client: httpx2.Client, request: Request, built: httpx2.Request, *, limits: Limits, in_flight: InFlight
) -> Received:
    """Send once and read what comes back, within the limits.

    Raises:
        AgainError: nothing whole came back; another try may do better.
        NeedsPersonError: the body is beyond a limit, TLS failed, the request cannot be sent.
    """
    try:
        with whole_call(limits.call_seconds), closing(_send(client, built)) as response:
            return _receive(response, request.accepts, limits, in_flight)
    except BrokenBodyError as error:
        failure: Exception = AgainError(f"the server answered, but {error}")
    except RefusedBodyError as error:
        failure = NeedsPersonError(
            f"{request.operation}: the server answered, but {error}.",
            remedy="Nothing of it was kept; ask the API's operator why.",
        )
    except EXPECTED as error:
        failure = _failure(request.operation, error)
    # Raised out here, so that no exception of the network is chained to it: some quote headers.
    raise failure


def _send(client: httpx2.Client, built: httpx2.Request) -> httpx2.Response:
    return client.send(built, stream=True, follow_redirects=False)


def _receive(
    response: httpx2.Response, accepts: frozenset[int], limits: Limits, in_flight: InFlight
) -> Received:
    status, headers = response.status_code, response.headers
    if status not in accepts:
        return Received(status=status, headers=headers, text=read_text(response, limits))
    body = read_body(response, limits, in_flight)
    inside = status_inside(body) if status == OK else None
    if inside is None:
        return Received(status=status, headers=headers, body=body)
    return Received(status=inside, headers=headers, body=body, text=body.decode(errors="replace"))


def _failure(operation: str, error: Exception) -> Exception:
    verdict, reason = verdict_on_exception(error)
    if verdict is Verdict.RETRY:
        return AgainError(reason)
    return NeedsPersonError(
        f"{operation}: {reason}.",
        remedy="Check the base URL, the key's characters, the proxy and the certificates.",
    )
