"""The product as its users run it: another process, in a folder and with variables of its own."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

from host_pms.simulator.server import Simulator

SCRIPTS = Path(sys.executable).parent
BARE = {"PATH": "/usr/bin:/bin"}
PATIENCE = 60.0
"""Seconds after which a process hangs, which fails the test."""


def variables(simulator: Simulator, **more: str) -> dict[str, str]:
    """What a user sets to sync the simulator's hotels into the folder `data`; `more` replaces or adds."""
    return {
        "HOST_API_BASE_URL": simulator.host_url,
        "HOST_API_SUBSCRIPTION_KEY": simulator.host_key,
        "HOST_API_RATE_LIMIT": "0",
        "ESB_BASE_URL": simulator.esb_url,
        "ESB_API_KEY": simulator.esb_key,
        "MAX_RETRIES": "0",
        "STORAGE": "local",
        "LOCAL_ROOT": "data",
        **more,
    }


def host_pms(
    *arguments: str, cwd: Path, given: Mapping[str, str] | None = None, patience: float = PATIENCE
) -> subprocess.CompletedProcess[str]:
    """Run `host-pms` with no variables but these."""
    return subprocess.run(
        [SCRIPTS / "host-pms", *arguments],
        cwd=cwd,
        env={**BARE, **(given or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=patience,
    )


@contextmanager
def started(*arguments: str, cwd: Path, given: Mapping[str, str] | None = None) -> Iterator[Popen[str]]:
    """`host-pms`, running while the block lasts; one that has not ended by then is killed."""
    with Popen(
        [SCRIPTS / "host-pms", *arguments],
        cwd=cwd,
        env={**BARE, **(given or {})},
        stdout=PIPE,
        stderr=PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def log_lines(text: str) -> list[dict[str, Any]]:
    """Every line of a log, each of which must be JSON."""
    return [json.loads(line) for line in text.splitlines()]


def files_below(folder: Path) -> dict[str, bytes]:
    """Every object and message of a `LOCAL_ROOT`, by its path there; none where the folder is not there.

    The hotels' state, which changes, is none of them, nor what is locked or half written.
    """
    found = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != ".lock")
    kept = (path for path in found if not {".partial", "_state"} & set(path.parts))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in kept}
