"""What several commands share: options, settings, and where their JSON goes."""

import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from host_pms.config.logging import configure_logging, warn_of_unknown
from host_pms.config.settings import ArchiveSettings, unknown_variables
from host_pms.errors import UsageError

STANDARD_OUTPUT = Path("-")
NO_VALUE = ""
"""A flag's metavar: typer's own, `<bool>`, reads as if a value had to follow."""

Quiet = Annotated[bool, typer.Option("--quiet", "-q", metavar=NO_VALUE, help="Print nothing but errors.")]
EnvFile = Annotated[
    Path | None, typer.Option("--env-file", metavar="FILE", help="Read settings from FILE instead of .env.")
]


def log_as_set(settings: ArchiveSettings, env_file: Path | None, *, quiet: bool) -> None:
    """Log as the settings say, and say which variables no setting reads."""
    log_format = settings.log_format or ("console" if sys.stderr.isatty() else "json")
    level = "ERROR" if quiet else "DEBUG" if settings.debug else settings.log_level
    configure_logging(level=level, log_format=log_format, secrets=settings.secrets)
    warn_of_unknown(unknown_variables(env_file))


def write_json(path: Path, report: Any) -> None:
    """Write a report for another program, to standard output where `path` is `-`.

    Raises:
        UsageError: it cannot be written there.
    """
    body = msgspec.json.format(msgspec.json.encode(report), indent=2)
    if path == STANDARD_OUTPUT:
        sys.stdout.buffer.write(body + b"\n")
        sys.stdout.flush()
        return
    try:
        path.write_bytes(body + b"\n")
    except OSError as fault:
        raise UsageError(f"The report cannot be written to {path}: {fault.strerror}.") from fault
