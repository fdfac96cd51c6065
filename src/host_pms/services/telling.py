"""A run's phases, told as events: one a phase."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from host_pms.events import Event, EventName, Notify
from host_pms.models.run import Run

_EXTRACTION = "host_pms.services.extraction"
_TRANSFORMATION = "host_pms.services.transformation"
_LOADING = "host_pms.services.loading"
_SOURCES: Mapping[EventName, str] = {
    EventName.PARAMETERS_READ: "host_pms.services.sync",
    EventName.CONFIG_READ: _EXTRACTION,
    EventName.RUN_OPENED: "host_pms.services.sync",
    EventName.RUN_RESUMED: "host_pms.services.sync",
    EventName.RUN_ABANDONED: "host_pms.services.closing",
    EventName.PAGE_READ: _EXTRACTION,
    EventName.RESERVATIONS_EXTRACTED: _EXTRACTION,
    EventName.REVENUE_EXTRACTED: _EXTRACTION,
    EventName.INVENTORY_EXTRACTED: _EXTRACTION,
    EventName.FILES_STORED: _TRANSFORMATION,
    EventName.FILES_REGISTERED: _LOADING,
    EventName.WATERMARK_MOVED: _LOADING,
    EventName.WATERMARK_KEPT: _LOADING,
    EventName.TRIGGER_SENT: _LOADING,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Teller:
    """Tells of one run."""

    run: Run
    notify: Notify

    def parameters(self, watermark: datetime | None) -> None:
        """The ESB said where the watermark stands."""
        self._tell(EventName.PARAMETERS_READ, "Read the parameters", watermark=_written(watermark))

    def config(self, local_time: datetime | None) -> None:
        """Host, or the kept answer, said what time it was at the hotel when the run began."""
        self._tell(EventName.CONFIG_READ, "Read the configuration", local_time=_written(local_time))

    def opened(self, update_from: datetime, *, complete: bool) -> None:
        """The run's window is known."""
        kind = "first import" if complete else "increment"
        self._tell(
            EventName.RUN_OPENED, f"Opened: {kind} from {update_from}", update_from=update_from.isoformat()
        )

    def resumed(self, phase: str, kept: int) -> None:
        """A run that was left open is gone on with."""
        message = f"Going on with a run that was left open: {phase}, {kept} answers are kept"
        self._tell(EventName.RUN_RESUMED, message, phase=phase, count=kept)

    def abandoned(self, reason: str) -> None:
        """The run is given up; the next one reads anew."""
        self._tell(EventName.RUN_ABANDONED, f"Gave the run up: {reason}")

    def page(self, kind: str, read: int, total: int) -> None:
        """A page was read; for progress, and too many for a log."""
        self._tell(
            EventName.PAGE_READ, f"Read {read} of {total} {kind} rows", dataset=kind, count=read, total=total
        )

    def extracted(self, name: EventName, what: str, count: int) -> None:
        """A list was read to its end."""
        self._tell(name, f"Successfully extracted {count} {what}", count=count)

    def stored(self, nights: int, files: int) -> None:
        """The files are stored."""
        self._tell(EventName.FILES_STORED, f"Stored {nights} nights in {files} files", count=nights)

    def registered(self, files: int) -> None:
        """The ESB knows the files."""
        self._tell(EventName.FILES_REGISTERED, f"Registered {files} files", count=files)

    def watermark(self, watermark: datetime | None, *, moved: bool) -> None:
        """Where the watermark stands."""
        name = EventName.WATERMARK_MOVED if moved else EventName.WATERMARK_KEPT
        verb = "Moved the watermark to" if moved else "Kept the watermark at"
        self._tell(name, f"{verb} {watermark}", watermark=_written(watermark))

    def triggered(self) -> None:
        """The processor was told."""
        self._tell(EventName.TRIGGER_SENT, "Sent the trigger")

    def _tell(self, name: EventName, message: str, **context: float | str) -> None:
        self.notify(
            Event(
                name=name,
                source=_SOURCES[name],
                message=message,
                hotel_code=self.run.hotel_code,
                timestamp=self.run.timestamp,
                context=context,
            )
        )


def _written(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""
