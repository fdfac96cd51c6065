"""An HTTP proxy on 127.0.0.1 that hands every request on and can lose the answers."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit


class LosingProxy(ThreadingHTTPServer):
    """While `losing`, a request reaches the server behind, and its answer reaches nobody.

    `lost` holds the status of each answer that was lost.
    """

    def __init__(self, behind: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behind = urlsplit(behind).netloc
        self.losing = False
        self.lost: list[int] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: LosingProxy

    def _hand_on(self) -> None:
        self.close_connection = True
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        # The Host header stays the caller's, as the signature is about it; the 100 was said here already.
        headers = {name: value for name, value in self.headers.items() if name.lower() != "expect"}
        connection = HTTPConnection(self.server.behind)
        connection.request(self.command, self.path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        if self.server.losing:
            self.server.lost.append(answer.status)
            return
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in {"connection", "transfer-encoding", "content-length"}:
                self.send_header(name, value)
        self.send_header("Connection", "close")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_PUT = _hand_on  # noqa: N815 -- http.server's names

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def losing_proxy(behind: str) -> Iterator[LosingProxy]:
    with LosingProxy(behind) as proxy:
        thread = Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()
