"""SeaweedFS, a real S3 server, on 127.0.0.1: what `make tools` installs."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from socket import socket
from tempfile import gettempdir

import urllib3

WEED = Path(__file__).parents[1] / ".venv-tools" / "bin" / "weed"

_PORTS = (
    "-master.port", "-master.port.grpc", "-volume.port", "-volume.port.grpc",
    "-filer.port", "-filer.port.grpc", "-s3.port", "-s3.port.grpc",
)  # fmt: skip
_ONE_NODE = ("-master.electionTimeout=1s", "-master.heartbeatInterval=100ms", "-master.telemetry=false")
_ONLY_S3 = ("-filer", "-s3", "-s3.autoCreateBucket=false", "-s3.iam=false")
_NO_TABLES = ("-s3.port.iceberg=0", "-s3.port.lance=0")
_SMALL = ("-master.volumeSizeLimitMB=64", "-volume.max=1000")  # each bucket takes seven volumes
_LOCAL = ("-ip=127.0.0.1", "-ip.bind=127.0.0.1")


@contextmanager
def seaweedfs(folder: Path) -> Iterator[str]:
    """Its address, as long as this lasts. It keeps its files in `folder` and takes any credentials."""
    ports = dict(zip(_PORTS, _free_ports(len(_PORTS)), strict=True))
    options = (
        *_LOCAL,
        *_ONLY_S3,
        *_NO_TABLES,
        *_ONE_NODE,
        *_SMALL,
        *(f"{n}={at}" for n, at in ports.items()),
    )
    url = f"http://127.0.0.1:{ports['-s3.port']}"
    with (folder / "log").open("wb") as log:
        weed = subprocess.Popen([WEED, "server", f"-dir={folder}", *options], stdout=log, stderr=log)
        try:
            _wait_for(url)
            yield url
        finally:
            weed.kill()  # asked politely, it takes 15 s
            weed.wait()
            for port in ports.values():
                for left in Path(gettempdir()).glob(f"seaweedfs-*-{port}.sock"):
                    left.unlink()


def _wait_for(url: str) -> None:
    tries = urllib3.Retry(total=150, backoff_factor=0.1, backoff_max=0.1)
    with urllib3.PoolManager(retries=tries) as pool:
        pool.request("GET", url)


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
