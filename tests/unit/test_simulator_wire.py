"""Faults of the connection, as a plain client meets them."""

import gzip
import logging
import socket
import threading
import zlib
from collections.abc import Iterator
from contextlib import suppress

import httpx2
import pytest
from simulator_client import EVERYTHING, PLAIN, Waited, get, rows_of, wire_bytes

from host_pms.simulator.server import Simulator

CONFIG = "/ExternalRms/Config"
RESERVATION = "/ExternalRms/Reservation"


@pytest.fixture(scope="module")
def running() -> Iterator[Simulator]:
    with Simulator(hotels=1, bookings=300, pause=Waited()) as simulator:
        yield simulator


@pytest.fixture
def simulator(running: Simulator, caplog: pytest.LogCaptureFixture) -> Iterator[Simulator]:
    """After every fault the server must be well, and have nothing to complain of."""
    running.faults.clear()
    running.calls.clear()
    yield running
    running.faults.clear()
    assert get(running, CONFIG).status_code == 200
    assert [record.message for record in caplog.records if record.levelno >= logging.WARNING] == []


def parts(answer: bytes) -> tuple[bytes, bytes]:
    head, _, body = answer.partition(b"\r\n\r\n")
    return head, body


def announced(head: bytes) -> int:
    (length,) = (line for line in head.lower().splitlines() if line.startswith(b"content-length:"))
    return int(length.partition(b":")[2])


def test_a_reset_comes_before_any_answer(simulator: Simulator) -> None:
    simulator.faults.add("reset")
    with pytest.raises(httpx2.ReadError):
        get(simulator, CONFIG)
    with pytest.raises(ConnectionResetError):
        wire_bytes(simulator, CONFIG)
    assert [call.status for call in simulator.calls] == [None, None]


def test_a_reset_meets_a_client_that_keeps_its_connection(simulator: Simulator) -> None:
    headers = {"Ocp-Apim-Subscription-Key": simulator.host_key}
    with httpx2.Client(base_url=simulator.host_url, headers=headers, verify=PLAIN) as client:
        query = {"hotelCode": "HOTEL001"}
        assert client.get(CONFIG, params=query).status_code == 200
        simulator.faults.add("reset@call=1")
        with pytest.raises(httpx2.ReadError):
            client.get(CONFIG, params=query)
        assert client.get(CONFIG, params=query).status_code == 200


def test_a_body_breaks_off_in_its_middle(simulator: Simulator) -> None:
    simulator.faults.add("truncate")
    with pytest.raises(httpx2.RemoteProtocolError):
        get(simulator, RESERVATION, updateFrom=EVERYTHING)
    head, body = parts(wire_bytes(simulator, RESERVATION, updateFrom=EVERYTHING))
    assert head.startswith(b"HTTP/1.1 200 ")
    assert len(body) == announced(head) // 2 > 1000


def test_a_registration_at_the_esb_is_made_though_its_answer_breaks_off(simulator: Simulator) -> None:
    simulator.faults.add("truncate@path=import-dates")
    url = f"{simulator.esb_url}/hotels/HOTEL001/import-dates"
    headers = {"X-API-Key": simulator.esb_key, "Idempotency-Key": "one"}
    with pytest.raises(httpx2.RemoteProtocolError):
        httpx2.put(url, json={"lastImportDate": "2024-01-15T10:30:45"}, headers=headers, verify=PLAIN)
    assert simulator.esb.watermarks == {"HOTEL001": "2024-01-15T10:30:45"}


def test_a_reset_at_the_esb_leaves_it_as_it_was() -> None:
    with Simulator(hotels=1, bookings=1, faults=["reset@path=import-dates,call=1"]) as simulator:
        url = f"{simulator.esb_url}/hotels/HOTEL001/import-dates"
        headers = {"X-API-Key": simulator.esb_key, "Idempotency-Key": "one"}
        with pytest.raises(httpx2.ReadError):
            httpx2.put(url, json={"lastImportDate": "2024-01-15T10:30:45"}, headers=headers, verify=PLAIN)
        assert simulator.esb.watermarks == {}


def test_a_body_drips_byte_by_byte_and_is_whole_in_the_end() -> None:
    waited = Waited()
    with Simulator(hotels=1, bookings=1, pause=waited) as simulator:
        whole = get(simulator, CONFIG).json()
        simulator.faults.add("drip@call=1")
        simulator.faults.add("drip=50ms@call=2")
        compressed = get(simulator, CONFIG)
        head, body = parts(wire_bytes(simulator, CONFIG))
    assert compressed.json() == whole
    assert len(body) == announced(head)
    compressed_bytes = int(compressed.headers["Content-Length"])
    assert waited.seconds == [1.0] * compressed_bytes + [0.05] * len(body)


@pytest.mark.parametrize("kind", ["drip", "drip-headers", "no-answer"])
def test_a_client_may_give_up(simulator: Simulator, kind: str) -> None:
    simulator.faults.add(kind)
    with socket.create_connection(("127.0.0.1", simulator.port), timeout=20) as connection:
        request = f"GET /rms-v2{CONFIG}?hotelCode=HOTEL001 HTTP/1.1\r\nHost: simulator\r\n"
        connection.sendall(f"{request}Ocp-Apim-Subscription-Key: {simulator.host_key}\r\n\r\n".encode())


def test_headers_drip_without_end(simulator: Simulator) -> None:
    simulator.faults.add("drip-headers")
    request = f"GET /rms-v2{CONFIG}?hotelCode=HOTEL001 HTTP/1.1\r\nHost: simulator\r\n\r\n"
    with socket.create_connection(("127.0.0.1", simulator.port), timeout=20) as connection:
        connection.sendall(request.encode())
        came = b""
        while len(came) < 3000:
            came += connection.recv(65_536)
    assert came.startswith(b"HTTP/1.1 200 OK\r\nX-Dripping: ...")
    assert b"\r\n\r\n" not in came


def test_nothing_comes_until_the_client_gives_up(simulator: Simulator) -> None:
    simulator.faults.add("no-answer")
    with suppress(ConnectionResetError):
        assert wire_bytes(simulator, CONFIG, half_close=True) == b""


def test_a_gzip_body_has_a_wrong_checksum(simulator: Simulator) -> None:
    simulator.faults.add("bad-gzip")
    with pytest.raises(httpx2.DecodingError):
        get(simulator, RESERVATION, updateFrom=EVERYTHING)
    head, body = parts(wire_bytes(simulator, RESERVATION, updateFrom=EVERYTHING))
    assert b"content-encoding: gzip" in head.lower()
    assert len(body) == announced(head)
    with pytest.raises(gzip.BadGzipFile):
        gzip.decompress(body)


def test_a_gzip_body_ends_too_early_without_saying_so(simulator: Simulator) -> None:
    simulator.faults.add("bad-gzip=short")
    head, body = parts(wire_bytes(simulator, RESERVATION, updateFrom=EVERYTHING))
    assert len(body) == announced(head)
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    assert unpacker.decompress(body).startswith(b'{"Reservations": [')
    assert not unpacker.eof


def test_a_gzip_bomb_is_small_until_it_is_unpacked(simulator: Simulator) -> None:
    simulator.faults.add("gzip-bomb")
    head, body = parts(wire_bytes(simulator, RESERVATION, updateFrom=EVERYTHING))
    assert b"content-encoding: gzip" in head.lower()
    assert len(body) == announced(head) < 100_000
    unpacked = gzip.decompress(body)
    assert len(unpacked) > 500 * len(body)
    assert (unpacked[:18], unpacked.rstrip()[-2:]) == (b'{"Reservations": [', b"]}")


def test_what_breaks_is_what_goes_over_the_wire(simulator: Simulator) -> None:
    """A body is compressed before it is cut, and rewritten before it is compressed."""
    simulator.faults.add("bad-gzip=short")
    simulator.faults.add("total-rows=7")
    headers = {"Ocp-Apim-Subscription-Key": simulator.host_key}
    query = {"hotelCode": "HOTEL001", "updateFrom": EVERYTHING}
    url = simulator.host_url + RESERVATION
    with httpx2.stream("GET", url, params=query, headers=headers, verify=PLAIN) as answer:
        raw = b"".join(answer.iter_raw())
    assert b'"TotalRows": 7' in zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(raw)


def test_a_delay_comes_before_the_answer_and_adds_up() -> None:
    waited = Waited()
    faults = ["delay=2s@path=Reservation", "delay=50ms", "status=503@call=2"]
    with Simulator(hotels=1, bookings=5, faults=faults, pause=waited) as simulator:
        rows = rows_of(get(simulator, RESERVATION, updateFrom=EVERYTHING).json())
        assert get(simulator, CONFIG).status_code == 503
    assert len(rows) > 0
    assert waited.seconds == [2.0, 0.05, 0.05]


@pytest.mark.parametrize("kind", ["no-answer", "delay=1d", "drip=1d", "drip-headers=1d"])
def test_a_simulator_stops_while_a_call_waits(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    before = threading.active_count()
    with Simulator(hotels=1, bookings=1, faults=[kind]) as simulator:
        connection = socket.create_connection(("127.0.0.1", simulator.port), timeout=20)
        request = f"GET /rms-v2{CONFIG}?hotelCode=HOTEL001 HTTP/1.1\r\nHost: simulator\r\n\r\n"
        connection.sendall(request.encode())
        while not simulator.faults.happened:
            get_nothing(simulator)
    with connection, suppress(ConnectionResetError):
        while connection.recv(65_536):
            pass
    assert threading.active_count() == before
    assert [record.message for record in caplog.records if record.levelno >= logging.WARNING] == []


def get_nothing(simulator: Simulator) -> None:
    """A call that no fault befalls, to let the server's thread run."""
    httpx2.get(f"{simulator.url}/simulator/clock", verify=PLAIN)
