"""Logs: one JSON line an event, or plain lines for a person; secrets are masked in both."""

import logging
import sys
from collections.abc import Callable, MutableMapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, TextIO

import structlog

from host_pms.events import Event, EventName

LogFormat = Literal["console", "json"]

_LEVELS = {
    EventName.PAGE_READ: logging.DEBUG,
    EventName.HOTEL_FAILED: logging.ERROR,
    EventName.COMMAND_FAILED: logging.ERROR,
}
_SHORTEST_SECRET = 4
"""Shorter texts would be masked in words that have nothing to do with them."""


def configure_logging(
    *, level: str, log_format: LogFormat, secrets: Sequence[str] = (), stream: TextIO | None = None
) -> None:
    """Send every log line of the process to `stream` (standard error), from `level` on."""
    own: list[Any] = [_time, structlog.stdlib.add_log_level, structlog.stdlib.add_logger_name]
    ending: list[Any] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        _masking(secrets),
        *_rendering(log_format),
    ]
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=own, processors=ending))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("host_pms").setLevel(level)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *own,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def log_event(event: Event) -> None:
    """Write an event as one line; its name stands under `event`, for metric filters."""
    context: dict[str, Any] = dict(event.context)
    if event.hotel_code is not None:
        context["hotel_code"] = event.hotel_code
    if event.timestamp is not None:
        context["run"] = event.timestamp
    level = _LEVELS.get(event.name, logging.INFO)
    logger = structlog.stdlib.get_logger(event.source)
    logger.log(level, event.message, event_name=event.name.value, **context)


def warn_of_unknown(variables: Sequence[str]) -> None:
    """Say of each variable that no setting reads it."""
    for name in variables:
        structlog.stdlib.get_logger(__name__).warning(f"{name} is no setting; is it misspelt?", variable=name)


def _time(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    moment = datetime.now(UTC)
    return {"timestamp": f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z", **line}


def _rendering(log_format: LogFormat) -> list[Any]:
    if log_format == "json":
        return [_ordered, structlog.processors.JSONRenderer()]
    return [_without_event_name, structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0)]


def _ordered(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> dict[str, Any]:
    """The fields that every line has come first, in one order."""
    first = {
        "timestamp": line.pop("timestamp", None),
        "level": str(line.pop("level", "")).upper(),
        "logger": line.pop("logger", None),
        "message": line.pop("event", None),
    }
    if "event_name" in line:
        first["event"] = line.pop("event_name")
    return {**first, **line}


def _without_event_name(
    _logger: Any, _method: str, line: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    line.pop("event_name", None)
    return line


def _masking(secrets: Sequence[str]) -> Callable[..., MutableMapping[str, Any]]:
    known = sorted((text for text in secrets if len(text) >= _SHORTEST_SECRET), key=len, reverse=True)

    def mask(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        return {name: _masked(value, known) for name, value in line.items()}

    return mask


def _masked(value: Any, secrets: Sequence[str]) -> Any:
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, "***")
    return value
