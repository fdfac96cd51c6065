"""The one HTTP client, on a network that keeps a whole call within its time.

A read timeout starts again with every byte, so a server that drips its headers or its body holds a
call for ever. Here each read and write may take only what is left of the whole call. That needs no
watchdog thread, and it cannot hit a connection that has gone back to the pool meanwhile.
"""

import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic
from typing import Any, Final

import httpcore2
import httpx2

# When the call that runs in this thread must have ended, on the machine's own monotonic clock: a
# socket's time is real even where the pacing's is not.
_call_ends: ContextVar[float | None] = ContextVar("call_ends", default=None)


def build_client(*, connections: int = 16) -> httpx2.Client:
    """Make the client that all calls go through; `connections` is at least the number of threads.

    Redirects are off, since a key must not follow to another host. Proxies and certificates come
    from the environment, as httpx2 reads them; this machine itself is never behind a proxy.
    """
    client = httpx2.Client(
        timeout=httpx2.Timeout(connect=5.0, read=20.0, write=20.0, pool=20.0),
        limits=httpx2.Limits(
            max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=20.0
        ),
        follow_redirects=False,
        mounts={"all://127.0.0.1": None, "all://localhost": None},
    )
    # httpx2 reads proxies from the environment only if it makes its transports itself, and has no
    # public way to give those a network.
    for transport in (client._transport, *client._mounts.values()):  # noqa: SLF001
        if isinstance(transport, httpx2.HTTPTransport):
            pool = transport._pool  # noqa: SLF001
            pool._network_backend = _TimedNetwork(pool._network_backend)  # noqa: SLF001
    return client


@contextmanager
def whole_call(seconds: float) -> Iterator[None]:
    """Within this, in this thread, a client of `build_client` raises a timeout after `seconds`."""
    token = _call_ends.set(monotonic() + seconds)
    try:
        yield
    finally:
        _call_ends.reset(token)


def seconds_left_of_call() -> float | None:
    """What is left of the call that runs in this thread, below 0 when it is over; None outside one."""
    ends = _call_ends.get()
    return None if ends is None else ends - monotonic()


def _within_call(timeout: float | None, over: type[Exception]) -> float | None:
    left = seconds_left_of_call()
    if left is None:
        return timeout
    if left <= 0:
        raise over("the whole call took too long")
    return left if timeout is None else min(timeout, left)


class _TimedStream(httpcore2.NetworkStream):
    """A connection whose every step ends with the whole call."""

    def __init__(self, stream: httpcore2.NetworkStream) -> None:
        self._stream: Final = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _within_call(timeout, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _within_call(timeout, httpcore2.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        limit = _within_call(timeout, httpcore2.ConnectTimeout)
        return _TimedStream(self._stream.start_tls(ssl_context, server_hostname, limit))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _TimedNetwork(httpcore2.NetworkBackend):
    """Makes connections whose every step ends with the whole call."""

    def __init__(self, network: httpcore2.NetworkBackend) -> None:
        self._network: Final = network

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        limit = _within_call(timeout, httpcore2.ConnectTimeout)
        return _TimedStream(self._network.connect_tcp(host, port, limit, local_address, socket_options))
