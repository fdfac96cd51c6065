"""Against a real socket: drips, cuts, resets, silence, TLS; and that the connection is kept."""

import gzip
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import httpx2
import pytest
from fakes import FakeClock
from http_doubles import request

from host_pms.clients.connection import build_client, seconds_left_of_call, whole_call
from host_pms.clients.http import HttpSender
from host_pms.clients.limits import Limits
from host_pms.errors import NeedsPersonError, TransientError

Script = Callable[["RawServer", socket.socket], None]

GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


def read_head(connection: socket.socket) -> bool:
    head = b""
    while b"\r\n\r\n" not in head:
        if not (more := connection.recv(65_536)):
            return False
        head += more
    return True


class RawServer:
    """Plays one script a request, the last one for ever; the number of connections is remembered.

    `reads` takes a request from the connection, and says whether there was one.
    """

    def __init__(self, *scripts: Script, reads: Callable[[socket.socket], bool] | None = None) -> None:
        self.scripts = list(scripts)
        self.reads = reads or read_head
        self.connections = 0
        self.stopped = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.threads = [threading.Thread(target=self._accept)]
        self.open: list[socket.socket] = []
        self.threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            self.open.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection,))
            self.threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                while self.reads(connection):
                    script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
                    script(self, connection)
            except OSError:
                return

    def drip(self, connection: socket.socket, text: bytes, *, count: int = 500) -> None:
        """One piece every hundredth of a second, so that no read of it ever times out by itself."""
        for _ in range(count):
            if self.stopped.wait(0.01):
                return
            connection.sendall(text)

    def close(self) -> None:
        self.stopped.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.open:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        for thread in self.threads:
            thread.join(10)


@contextmanager
def sending(
    *scripts: Script, call_seconds: float = 10.0, max_retries: int = 0
) -> Iterator[tuple[Callable[[], bytes], RawServer]]:
    with closing(RawServer(*scripts)) as server:
        sender = HttpSender(
            client=build_client(),
            clock=FakeClock(),
            max_retries=max_retries,
            limits=Limits(call_seconds=call_seconds),
        )
        asked = request(url=f"http://127.0.0.1:{server.port}/")
        with closing(sender):
            yield lambda: sender.send(asked).body, server


def say(answer: bytes) -> Script:
    return lambda _, connection: connection.sendall(answer)


def say_and_close(answer: bytes) -> Script:
    def script(_: RawServer, connection: socket.socket) -> None:
        connection.sendall(answer)
        connection.shutdown(socket.SHUT_RDWR)

    return script


def reset(_: RawServer, connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def drip_headers(server: RawServer, connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    server.drip(connection, b"X-Drip: 1\r\n")
    connection.sendall(b"Content-Length: 2\r\n\r\n{}")


def drip_interim_answers(server: RawServer, connection: socket.socket) -> None:
    server.drip(connection, b"HTTP/1.1 102 Processing\r\n\r\n")
    connection.sendall(GOOD)


def drip_body(server: RawServer, connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 502\r\n\r\n{")
    server.drip(connection, b" ")
    connection.sendall(b"}")


def drip_error(server: RawServer, connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 503 Down\r\nContent-Length: 501\r\n\r\n ")
    server.drip(connection, b" ")


def silence(server: RawServer, connection: socket.socket) -> None:
    server.stopped.wait(5)
    connection.sendall(GOOD)


def test_connections_are_kept_and_used_again() -> None:
    with sending(say(GOOD)) as (send, server):
        assert [send() for _ in range(5)] == [b"{}"] * 5
        assert server.connections == 1


@pytest.mark.parametrize("script", [drip_headers, drip_interim_answers, drip_body, silence])
def test_a_call_that_drips_is_cut_when_its_time_is_over(script: Script) -> None:
    with sending(script, call_seconds=0.2) as (send, _), pytest.raises(TransientError, match="took too long"):
        send()


@pytest.mark.parametrize("script", [drip_headers, drip_body])
def test_a_connection_used_before_is_watched_too(script: Script) -> None:
    with sending(say(GOOD), script, call_seconds=0.2) as (send, server):
        assert send() == b"{}"
        with pytest.raises(TransientError, match="took too long"):
            send()
        assert server.connections == 1


def test_after_a_cut_the_next_try_has_a_new_connection_and_its_full_time() -> None:
    with sending(drip_headers, drip_body, say(GOOD), call_seconds=0.2, max_retries=2) as (send, server):
        assert send() == b"{}"
        assert server.connections == 3


def test_an_error_that_drips_is_still_that_error() -> None:
    with sending(drip_error, call_seconds=0.2) as (send, _), pytest.raises(TransientError, match="503"):
        send()


PACKED = gzip.compress(b'{"a": 1}')


@pytest.mark.parametrize(
    "fault",
    [
        reset,
        say_and_close(b""),
        say_and_close(b"HTTP/1.1 200 OK\r\nContent-Le"),
        say_and_close(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"),
        say_and_close(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"),
        say_and_close(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + PACKED[:-3]),
        say_and_close(b"HTTP/1.1 200 OK\r\n\r\n{"),
        say(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        say_and_close(b"this is no HTTP at all\r\n\r\n"),
        say_and_close(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000),
    ],
)
def test_a_broken_connection_or_answer_is_tried_again(fault: Script) -> None:
    with sending(fault, say(GOOD), max_retries=1) as (send, _):
        assert send() == b"{}"


def test_a_gzip_answer_comes_through() -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(PACKED)}\r\n\r\n"
    with sending(say(head.encode() + PACKED)) as (send, _):
        assert send() == b'{"a": 1}'


def test_nobody_listening_is_transient_and_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    sender = HttpSender(client=build_client(), clock=FakeClock(), max_retries=2)
    with closing(sender), pytest.raises(TransientError, match=r"ConnectionRefusedError\) \(tries: 3\)"):
        sender.send(request(url=f"http://127.0.0.1:{port}/"))


def test_a_redirect_is_not_followed() -> None:
    with sending(say(GOOD)) as (_, target):
        redirect = (
            f"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{target.port}/\r\nContent-Length: 0\r\n\r\n"
        )
        with sending(say(redirect.encode())) as (send, _), pytest.raises(NeedsPersonError, match="302"):
            send()
        assert target.connections == 0


def over_tls(server: RawServer) -> None:
    sender = HttpSender(client=build_client(), clock=FakeClock(), max_retries=2)
    with closing(sender):
        sender.send(request(url=f"https://127.0.0.1:{server.port}/"))


def test_a_server_that_does_not_speak_tls_needs_a_person() -> None:
    with closing(RawServer(say(GOOD), reads=lambda connection: bool(connection.recv(4096)))) as server:
        with pytest.raises(NeedsPersonError, match=r"TLS failed \(\w+\)"):
            over_tls(server)
        assert server.connections == 1


def test_a_lost_connection_in_the_tls_handshake_is_tried_again() -> None:
    with closing(RawServer(say(GOOD), reads=lambda connection: not connection.recv(1))) as server:
        with pytest.raises(TransientError, match="tries: 3"):
            over_tls(server)
        assert server.connections == 3


def test_the_client_has_the_policys_times_and_follows_no_redirects() -> None:
    with build_client(connections=7) as client:
        assert client.timeout.connect == 5
        assert client.timeout.read == 20
        assert client.follow_redirects is False
        assert client.trust_env is True
        transport = client._transport
        assert isinstance(transport, httpx2.HTTPTransport)
        assert transport._pool._max_connections == 7


def test_the_time_of_a_call_ends_with_it() -> None:
    assert seconds_left_of_call() is None
    with whole_call(60):
        left = seconds_left_of_call()
        assert left is not None
        assert 0 < left <= 60
    assert seconds_left_of_call() is None
