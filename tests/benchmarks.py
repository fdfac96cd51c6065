"""The benchmarks as they are run: by hand, in a process of their own, one JSON line."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from commands import BARE

FOLDER = Path(__file__).parents[1] / "benchmarks"
PATIENCE = 120.0


def measured(name: str, *arguments: str) -> dict[str, Any]:
    """What a benchmark tells; small `arguments` make it quick."""
    done = subprocess.run(
        [sys.executable, FOLDER / f"{name}.py", *arguments],
        env=BARE,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert (done.returncode, done.stdout.count("\n")) == (0, 1), done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told
