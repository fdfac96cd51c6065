"""What a person sees: progress while hotels are read, a table at the end."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from threading import Lock

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from host_pms.events import Event, EventName, Notify
from host_pms.report.history import age_of, answers_by_list, length, nights_of, rejected_of, rows_of
from host_pms.report.summary import HotelLine
from host_pms.services.fleet import HotelResult
from host_pms.services.history import HotelRuns, KnownRun

_PHASES = {
    EventName.RUN_OPENED: "reading reservations",
    EventName.RESERVATIONS_EXTRACTED: "reading revenue",
    EventName.REVENUE_EXTRACTED: "reading inventory",
    EventName.INVENTORY_EXTRACTED: "transforming",
    EventName.FILES_STORED: "registering",
    EventName.FILES_REGISTERED: "moving the watermark",
    EventName.WATERMARK_MOVED: "sending the trigger",
}
_ENDS = {EventName.HOTEL_DONE, EventName.HOTEL_FAILED}
_PLAIN_WIDTH = 120
"""Where there is no terminal to ask, lines are not folded at 80."""


def console(*, error: bool = False) -> Console:
    """Standard output (or error), without colour or folding where it is no terminal."""
    stream = sys.stderr if error else sys.stdout
    return Console(file=stream, width=None if stream.isatty() else _PLAIN_WIDTH, highlight=False)


@contextmanager
def progress() -> Iterator[Notify]:
    """How many hotels are done, and a bar for each that is being read; on standard error."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[counted]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console(error=True), transient=True) as bars:
        yield _Bars(bars)


class _Bars:
    """Events, as bars."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._lock = Lock()
        self._tasks: dict[str, TaskID] = {}
        self._done = 0
        self._all = bars.add_task("hotels", total=None, counted="0 done")

    def __call__(self, event: Event) -> None:
        if event.hotel_code is None:
            return
        with self._lock:
            self._show(event, event.hotel_code)

    def _show(self, event: Event, hotel_code: str) -> None:
        if event.name in _ENDS:
            self._end(hotel_code)
            return
        task = self._tasks.get(hotel_code)
        if task is None:
            task = self._tasks[hotel_code] = self._bars.add_task(hotel_code, total=None, counted="")
        if event.name is EventName.PAGE_READ:
            read, total = int(event.context["count"]), int(event.context["total"])
            self._bars.update(task, total=total, completed=read, counted=f"{read}/{total} rows")
        elif event.name in _PHASES:
            description = f"{hotel_code} {_PHASES[event.name]}"
            self._bars.update(task, description=description, total=None, completed=0, counted="")

    def _end(self, hotel_code: str) -> None:
        self._done += 1
        task = self._tasks.pop(hotel_code, None)
        if task is not None:
            self._bars.remove_task(task)
        self._bars.update(self._all, counted=f"{self._done} done")


def hotel_table(lines: Sequence[HotelLine], title: str) -> Table:
    """One line a hotel: rows read, nights published, files, watermark, seconds."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for name in ("hotel", "outcome"):
        table.add_column(name, no_wrap=True)
    for name in ("rows read", "nights", "files"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("watermark", no_wrap=True)
    table.add_column("seconds", justify="right", no_wrap=True)
    for line in lines:
        table.add_row(
            line.hotel_code,
            line.outcome,
            *(_count(value) for value in (line.rows, line.nights, line.files)),
            line.watermark.isoformat() if line.watermark else "-",
            f"{line.seconds:.1f}",
        )
    return table


def print_failures(results: Sequence[HotelResult]) -> None:
    """Why each hotel that failed did, one line a hotel, on standard error."""
    out = console(error=True)
    for result in results:
        if result.error is not None:
            reason = result.reason.removeprefix(f"{result.hotel_code}: ")
            out.print(f"{result.hotel_code}: {reason}", markup=False, soft_wrap=True)


def _count(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def file_table(results: Sequence[HotelResult]) -> Table:
    """The files of a dry run: what would be published."""
    table = Table(title="Would publish", title_justify="left", box=None, pad_edge=False, header_style="bold")
    table.add_column("hotel", no_wrap=True)
    table.add_column("file", no_wrap=True)
    table.add_column("records", justify="right", no_wrap=True)
    for result in results:
        for file in result.published.files if result.published else ():
            table.add_row(result.hotel_code, f"s3://{file.bucket}/{file.key}", f"{file.record_count:,}")
    return table


def print_runs(hotels: Sequence[HotelRuns], now: datetime) -> None:
    """The runs of hotels in a table, and below it what is to be said of single ones."""
    out = console()
    known = [run for hotel in hotels for run in hotel.runs]
    out.print(run_table(known, now) if known else "No run is known.")
    for line in run_notes(hotels):
        out.print(line, markup=False, soft_wrap=True)
    for hotel in hotels:
        for fault in hotel.faults:
            console(error=True).print(f"{hotel.hotel_code}: {fault}", markup=False, soft_wrap=True)


def run_table(runs: Sequence[KnownRun], now: datetime) -> Table:
    """One line a run; the phases of open ones stand in brackets."""
    table = Table(box=None, pad_edge=False, collapse_padding=True, header_style="bold")
    table.add_column("hotel", overflow="fold")
    table.add_column("timestamp", no_wrap=True)
    table.add_column("phase", no_wrap=True)
    for name in ("rows", "nights", "files", "rejected", "age"):
        table.add_column(name, justify="right", no_wrap=True)
    for known in runs:
        figures = (rows_of(known), nights_of(known), len(known.manifest.files), rejected_of(known))
        table.add_row(
            known.run.hotel_code,
            known.run.timestamp,
            f"open: {known.stage}" if known.phase else known.stage,
            *(_count(figure) for figure in figures),
            length(age_of(known, now)),
        )
    return table


def run_notes(hotels: Sequence[HotelRuns]) -> Iterator[str]:
    """Who holds a hotel, how far its open run has come, and what was left out."""
    for hotel in hotels:
        if hotel.holder:
            silent = length(hotel.holder.silent)
            yield f"{hotel.hotel_code} is held by {hotel.holder.owner}, last heard of {silent} ago."
        for known in hotel.runs:
            if known.phase:
                yield f"{hotel.hotel_code} {known.run.timestamp} has kept answers: {answers_by_list(known)}."
        if hotel.older:
            yield f"{hotel.hotel_code} has {hotel.older:,} older runs; --last shows more."
