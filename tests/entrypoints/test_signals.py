"""Ctrl-C and SIGTERM in the middle of a sync: a clean stop, soon, with nothing published."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import pytest
from commands import BARE, PATIENCE, files_below, log_lines, started, variables

from host_pms.simulator.server import Simulator

EXIT_CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
SOON = 20.0
"""Seconds; the wait that is cut short would last three times as long."""


@pytest.mark.parametrize("number", EXIT_CODES)
def test_a_sync_that_is_asked_to_stop_stops_and_publishes_nothing(
    number: signal.Signals, tmp_path: Path
) -> None:
    with Simulator(hotels=1, bookings=20) as simulator:
        # After its first call, the configuration, the key has no other for a minute.
        given = variables(simulator, HOST_API_RATE_LIMIT="1")
        with started("sync", cwd=tmp_path, given=given) as process:
            assert process.stderr is not None
            opened = process.stderr.readline()
            process.send_signal(number)
            out, rest = process.communicate(timeout=SOON)
    assert '"event": "run_opened"' in opened
    assert process.returncode == EXIT_CODES[number]
    assert [(line["event"], line["outcome"]) for line in log_lines(rest)] == [("hotel_failed", "continue")]
    assert "Stopped before the hotel was read to its end" in rest
    assert "Traceback" not in out + rest
    assert [call.path for call in simulator.calls if call.path.startswith("/rms-v2")] == [
        "/rms-v2/ExternalRms/Config"
    ]
    assert all(call.method == "GET" for call in simulator.calls)
    assert simulator.esb.watermarks == {}
    kept = {name.split("/")[0] for name in files_below(tmp_path / "data")}
    assert kept == {"dev-pms-raw-hotel-configs"}


class _Busy(BaseHTTPRequestHandler):
    """An ESB that asks every caller to come back in five minutes."""

    asked: Event

    def do_GET(self) -> None:
        self.send_response(429)
        self.send_header("Retry-After", "300")
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.asked.set()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def busy_esb() -> Iterator[tuple[str, Event]]:
    """Where it listens, and whether it was asked."""
    _Busy.asked = Event()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Busy) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", _Busy.asked
        finally:
            server.shutdown()
            thread.join()


def test_a_sync_that_waits_for_the_esb_stops_too(tmp_path: Path) -> None:
    with (
        Simulator(hotels=1, bookings=1) as simulator,
        busy_esb() as (url, asked),
        started("sync", cwd=tmp_path, given=variables(simulator, ESB_BASE_URL=url)) as process,
    ):
        assert asked.wait(PATIENCE)
        process.send_signal(signal.SIGTERM)
        out, error = process.communicate(timeout=SOON)
    assert (process.returncode, out, error) == (143, "", "")
    assert (simulator.calls, list(tmp_path.iterdir())) == ([], [])


def test_a_second_signal_ends_the_process_at_once() -> None:
    script = """
import signal
from host_pms.clock import Stop
from host_pms.signals import stopped_by_signals

stop = Stop()
with stopped_by_signals(stop) as received:
    signal.raise_signal(signal.SIGINT)
    print(stop.asked.is_set(), received, flush=True)
    signal.raise_signal(signal.SIGINT)
    print("still here", flush=True)
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=BARE,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert (done.returncode, done.stdout) == (-signal.SIGINT, "True [2]\n")


def test_afterwards_signals_do_again_what_they_did(tmp_path: Path) -> None:
    script = """
import signal
from host_pms.clock import Stop
from host_pms.signals import stopped_by_signals

with stopped_by_signals(Stop()):
    pass
print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)
print(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL)
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=BARE,
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )
    assert done.stdout == "True\nTrue\n"
