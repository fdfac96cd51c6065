"""Logs: one JSON line an event, or plain lines for a person; secrets are masked in both."""

import json
import logging
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, TextIO

from host_pms.events import Event, EventName

LogFormat = Literal["console", "json"]

_LEVELS = {
    EventName.PARAMETERS_READ: logging.DEBUG,
    EventName.CONFIG_READ: logging.DEBUG,
    EventName.PAGE_READ: logging.DEBUG,
    EventName.RATE_BUDGET_UNREACHABLE: logging.WARNING,
    EventName.HOTEL_FAILED: logging.ERROR,
    EventName.COMMAND_FAILED: logging.ERROR,
}
_SHORTEST_SECRET = 4
"""Shorter texts would be masked in words that have nothing to do with them."""

_FIELDS = "fields"
"""The attribute of a record that holds what its line says beside its message."""


def configure_logging(
    *, level: str, log_format: LogFormat, secrets: Sequence[str] = (), stream: TextIO | None = None
) -> None:
    """Send every log line of the process to `stream` (standard error), from `level` on.

    What was a secret before stays one: a warm Lambda is configured at every call.
    """
    known = [secret for lines in _formatters() for secret in lines.secrets]
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_Lines(json.dumps if log_format == "json" else _for_a_person, [*known, *secrets]))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("host_pms").setLevel(level)


def is_configured() -> bool:
    """Whether log lines are written as `configure_logging` says."""
    return bool(_formatters())


def mask(secrets: Iterable[str]) -> None:
    """From now on mask these too."""
    learned = list(secrets)
    for lines in _formatters():
        lines.learn(learned)


def log_event(event: Event) -> None:
    """Write an event as one line; its name stands under `event`, for metric filters."""
    fields: dict[str, Any] = {"event": event.name.value, **event.context}
    if event.hotel_code is not None:
        fields["hotel_code"] = event.hotel_code
    if event.timestamp is not None:
        fields["run"] = event.timestamp
    level = _LEVELS.get(event.name, logging.INFO)
    logging.getLogger(event.source).log(level, event.message, extra={_FIELDS: fields})


def warn_of_unknown(variables: Sequence[str]) -> None:
    """Say of each variable that no setting reads it."""
    for name in variables:
        message = f"{name} is no setting; is it misspelt?"
        logging.getLogger(__name__).warning(message, extra={_FIELDS: {"variable": name}})


class _Lines(logging.Formatter):
    """Records as lines that `write` makes of their fields, secrets masked."""

    def __init__(self, write: Callable[[Mapping[str, Any]], str], secrets: Sequence[str]) -> None:
        super().__init__()
        self._write = write
        self.secrets: Sequence[str] = ()
        self.learn(secrets)

    def learn(self, secrets: Iterable[str]) -> None:
        """Mask these too, the longest first: one may be part of another."""
        texts = {text for text in secrets if len(text) >= _SHORTEST_SECRET}
        self.secrets = sorted(texts.union(self.secrets), key=len, reverse=True)

    def format(self, record: logging.LogRecord) -> str:
        """The fields that every line has come first, in one order."""
        moment = datetime.fromtimestamp(record.created, UTC)
        fields = {
            "timestamp": f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z",
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, _FIELDS, {}),
        }
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        # There may be thousands, and hardly ever one in a line.
        line = "\n".join(value for value in fields.values() if isinstance(value, str))
        found = [secret for secret in self.secrets if secret in line]
        return self._write({name: _masked(value, found) for name, value in fields.items()})


def _formatters() -> list[_Lines]:
    found = (handler.formatter for handler in logging.getLogger().handlers)
    return [formatter for formatter in found if isinstance(formatter, _Lines)]


def _masked(value: Any, secrets: Sequence[str]) -> Any:
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, "***")
    return value


def _for_a_person(fields: Mapping[str, Any]) -> str:
    """`2024-01-15T10:30:45.123Z INFO    Opened … count=3`; a traceback follows below."""
    ahead = ("timestamp", "level", "logger", "message", "event", "exception")
    context = "".join(f" {name}={value}" for name, value in fields.items() if name not in ahead)
    line = f"{fields['timestamp']} {fields['level']:<7} {fields['message']}{context}"
    return f"{line}\n{fields['exception']}" if "exception" in fields else line
