"""MiniStack, which stands in for AWS as a whole, on 127.0.0.1: what `make ministack` installs.

It runs the function's zip in processes of its own Python, so that has to be the zip's.
"""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import socket
from typing import Any

from boto3.session import Session
from botocore.config import Config

MINISTACK = Path(__file__).parents[1] / ".venv-ministack" / "bin" / "ministack"
REGION = "eu-west-1"
ROOT = {"AWS_ACCESS_KEY_ID": "root", "AWS_SECRET_ACCESS_KEY": "root-secret"}
"""Whose rights nobody checks; everybody else's are."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """An account of MiniStack's, as its root sees it."""

    url: str
    certificate: Path
    log: Path
    process: subprocess.Popen[bytes]

    @property
    def variables(self) -> Mapping[str, str]:
        """What the AWS tools take to work here."""
        return {
            **ROOT,
            "AWS_CA_BUNDLE": str(self.certificate),
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": REGION,
        }

    def client(self, service: str) -> Any:
        session = Session(
            aws_access_key_id=ROOT["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=ROOT["AWS_SECRET_ACCESS_KEY"],
            region_name=REGION,
        )
        config = Config(read_timeout=900, retries={"total_max_attempts": 1})
        return session.client(service, endpoint_url=self.url, config=config, verify=str(self.certificate))

    def kill_functions(self) -> int:
        """Kill every process that runs a function, be it at work or not; how many there were."""
        at = self.process.pid
        children = Path(f"/proc/{at}/task").glob("*/children")
        functions = [int(child) for path in children for child in path.read_text().split()]
        for function in functions:
            os.kill(function, signal.SIGKILL)
        return len(functions)


@contextmanager
def ministack(folder: Path, *, wait_scale: float) -> Iterator[Account]:
    """An empty account as long as this lasts; its files and its log are in `folder`.

    The rights of roles are checked, and what must be asked over TLS is. A state machine waits `wait_scale`
    times as long as it says.
    """
    port = _free_port()
    variables = {
        **ROOT,
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        "CLOUDTRAIL_RECORDING": "1",
        "GATEWAY_PORT": str(port),
        "HOME": str(folder),
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_REGION": REGION,
        "PATH": os.environ["PATH"],
        "SFN_WAIT_SCALE": str(wait_scale),
        "TMPDIR": str(folder),
        "USE_SSL": "1",
    }
    log = folder / "ministack.log"
    with log.open("wb") as written:
        server = subprocess.Popen([MINISTACK], cwd=folder, env=variables, stdout=written, stderr=written)
        try:
            _wait_for(server, port)
            yield Account(
                url=f"https://127.0.0.1:{port}",
                certificate=folder / "ministack-tls" / "server.crt",
                log=log,
                process=server,
            )
        finally:
            server.kill()  # asked politely, it waits for its functions
            server.wait()


def _wait_for(server: subprocess.Popen[bytes], port: int) -> None:
    """Return when it listens, which is when its certificate is there."""
    for _ in range(300):
        assert server.poll() is None, "MiniStack did not start"
        with socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("MiniStack does not listen")


def _free_port() -> int:
    with socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
