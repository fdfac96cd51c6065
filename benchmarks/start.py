"""How much CPU a cold Lambda takes until it can serve; one JSON line.

A process of its own imports the handler and does what every call begins with: it reads the settings, sets
up the logs and wires the connector on AWS. The least of the rounds counts.

    python benchmarks/start.py [rounds]
"""

import json
import subprocess
import sys
from typing import Any

from machine import machine

ROUNDS = 15
SECONDS = 0.300
HEAVY = {"boto3", "botocore", "jinja2", "pyrate_limiter", "rich", "starlette", "typer", "uvicorn"}
"""What only a call that needs it may load."""

VARIABLES = {
    "PATH": "/usr/bin:/bin",
    "ESB_API_KEY": "an-invented-key",
    "HOST_API_SUBSCRIPTION_KEY": "an-invented-key",
    "STORAGE": "aws",
}
COLD_START = """
import json
import sys
import time

began = time.process_time()
from host_pms.lambda_handler import lambda_handler
imported = time.process_time()
from host_pms.bootstrap import application
from host_pms.clock import Stop
from host_pms.config.logging import configure_logging, log_event, warn_of_unknown
from host_pms.config.settings import read_settings, unknown_variables

settings = read_settings()
configure_logging(level="INFO", log_format="json", secrets=settings.secrets)
warn_of_unknown(unknown_variables())
with application(settings, Stop(), log_event, dry_run=False):
    ready = time.process_time()
modules = sorted({name.partition(".")[0] for name in sys.modules})
print(json.dumps({"bare": began, "imported": imported, "ready": ready, "modules": modules}))
"""


def cold_start() -> dict[str, Any]:
    """CPU seconds since the process began: of the bare interpreter, when imported, when ready."""
    done = subprocess.run(  # noqa: S603 - this very interpreter
        [sys.executable, "-c", COLD_START], env=VARIABLES, capture_output=True, check=True
    )
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def report(rounds: int = ROUNDS) -> dict[str, object]:
    """The best of the rounds against the goal."""
    cold_start()  # compiles what was never imported
    best = min((cold_start() for _ in range(rounds)), key=lambda told: told["ready"])
    return {
        "benchmark": "start",
        "figure": round(best["ready"], 3),
        "reference": SECONDS,
        "unit": "CPU seconds",
        "against": "the goal",
        "ratio": round(best["ready"] / SECONDS, 2),
        "goal": "<= 1",
        "heavy": sorted(HEAVY.intersection(best["modules"])),
        "interpreter": round(best["bare"], 3),
        "imported": round(best["imported"], 3),
        "machine": machine(),
        "rounds": rounds,
    }


if __name__ == "__main__":
    print(json.dumps(report(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)))
