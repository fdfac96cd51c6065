"""AWS's runtime for Lambda and an emulated platform, on 127.0.0.1: what `make tools-lambda` installs."""

import json
import os
import platform
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3
from commands import BARE, PATIENCE

PROJECT = Path(__file__).parents[1]
PACKAGES = (
    PROJECT
    / ".venv-rie"
    / "lib"
    / f"python{sys.version_info.major}.{sys.version_info.minor}"
    / "site-packages"
)
MACHINE = {"x86_64": "x86_64", "aarch64": "arm64"}.get(platform.machine(), "none")
EMULATOR = PACKAGES / "samcli" / "local" / "rapid" / f"aws-lambda-rie-{MACHINE}"
MISSING = "" if EMULATOR.exists() else "There is no emulator of Lambda; `make tools-lambda` installs it."

_INVOKE = "/2015-03-31/functions/function/invocations"
_LISTENING = "0A"  # the state of a socket in /proc/net/tcp
_LOOPBACK = {"0100007F"}  # 127.0.0.1 there


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What the platform answered: the function's JSON, or a text of its own."""

    status: int
    text: str

    @property
    def body(self) -> Any:
        return json.loads(self.text)


@dataclass(frozen=True, kw_only=True)
class Function:
    """A function of the emulated platform; it takes one call at a time."""

    emulator: subprocess.Popen[bytes]
    url: str
    log: Path

    def call(self, event: Any) -> Answered:
        """Invoke it with an event, or with bytes that may be none."""
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        with urllib3.PoolManager(retries=False, timeout=PATIENCE) as pool:
            answer = pool.request("POST", f"{self.url}{_INVOKE}", body=body)
        return Answered(status=answer.status, text=answer.data.decode())

    @property
    def process(self) -> int | None:
        """The id of the process in which the handler runs; None between two of them."""
        return next(iter(_children(self.emulator.pid)), None)

    def kill(self) -> None:
        """End the handler's process, as a crash does."""
        assert self.process is not None
        os.kill(self.process, signal.SIGKILL)

    def lines(self) -> list[dict[str, Any]]:
        """Every line of JSON that the function wrote, to standard output or error."""
        found = (line.strip() for line in self.log.read_text().splitlines())
        return [json.loads(line) for line in found if line.startswith("{")]


@contextmanager
def function(
    folder: Path, given: Mapping[str, str], *, seconds: int, handler: str = "src.main.lambda_handler"
) -> Iterator[Function]:
    """A function that may run for so many seconds a call; its process begins with the first call."""
    invoke, api = _free_ports(2)
    # Any other flag, even --help, and the emulator listens on every address.
    command = [
        EMULATOR,
        *("--runtime-interface-emulator-address", f"127.0.0.1:{invoke}"),
        *("--runtime-api-address", f"127.0.0.1:{api}"),
        *(sys.executable, "-m", "awslambdaric", handler),
    ]
    environment = {
        **BARE,
        "PYTHONPATH": os.pathsep.join(str(path) for path in (PROJECT, PROJECT / "tests", PACKAGES)),
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(seconds),
        **given,
    }
    log = folder / f"function-{invoke}.log"
    with (
        log.open("wb") as out,
        subprocess.Popen(command, cwd=folder, env=environment, stdout=out, stderr=out) as emulator,
    ):
        try:
            _wait_for(invoke)
            assert _addresses(emulator.pid) == _LOOPBACK
            yield Function(emulator=emulator, url=f"http://127.0.0.1:{invoke}", log=log)
        finally:
            left = _children(emulator.pid)
            emulator.kill()
            emulator.wait()
            for process in left:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)


def _wait_for(port: int) -> None:
    tries = urllib3.Retry(total=150, backoff_factor=0.1, backoff_max=0.1, status=0)
    with urllib3.PoolManager(retries=tries) as pool:
        pool.request("GET", f"http://127.0.0.1:{port}/")


def _children(process: int) -> list[int]:
    found = Path(f"/proc/{process}/task").glob("*/children")
    return [int(child) for path in found for child in path.read_text().split()]


def _addresses(process: int) -> set[str]:
    """Where a process listens, as Linux writes it."""
    held = {str(path.readlink()) for path in Path(f"/proc/{process}/fd").iterdir()}
    rows: Sequence[list[str]] = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/{process}/net/{table}").read_text().splitlines()[1:]
    ]
    return {row[1].split(":")[0] for row in rows if row[3] == _LISTENING and f"socket:[{row[9]}]" in held}


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
