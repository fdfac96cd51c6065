"""What happens in a run, as values: one event a hotel and phase. Logs and progress are made of them.

The names are fixed: metric filters and alarms rely on them. They are listed in docs/logs.md.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class EventName(StrEnum):
    """Every event there is."""

    PARAMETERS_READ = "parameters_read"
    CONFIG_READ = "config_read"
    RUN_OPENED = "run_opened"
    RUN_RESUMED = "run_resumed"
    RUN_ABANDONED = "run_abandoned"
    PAGE_READ = "page_read"
    RESERVATIONS_EXTRACTED = "reservations_extracted"
    REVENUE_EXTRACTED = "revenue_extracted"
    INVENTORY_EXTRACTED = "inventory_extracted"
    FILES_STORED = "files_stored"
    FILES_REGISTERED = "files_registered"
    WATERMARK_MOVED = "watermark_moved"
    WATERMARK_KEPT = "watermark_kept"
    TRIGGER_SENT = "trigger_sent"
    HOTEL_DONE = "hotel_done"
    HOTEL_FAILED = "hotel_failed"
    COMMAND_FAILED = "command_failed"
    RATE_BUDGET_UNREACHABLE = "rate_budget_unreachable"


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One thing that happened; `context` holds counts and names, never a guest's data or a secret."""

    name: EventName
    source: str
    message: str
    hotel_code: str | None = None
    timestamp: str | None = None
    context: Mapping[str, int | float | str] = field(default_factory=dict)


Notify = Callable[[Event], None]
"""Takes every event, from any thread."""
