"""What a command did, as plain values: for the table on the terminal, `--json`, and the Lambda's answer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from host_pms.services.fleet import HotelResult


@dataclass(frozen=True, kw_only=True, slots=True)
class HotelLine:
    """One hotel's line of the table; counts are None for a run that failed."""

    hotel_code: str
    outcome: str
    rows: int | None
    nights: int | None
    files: int | None
    watermark: datetime | None
    seconds: float
    reason: str


def hotel_line(result: HotelResult) -> HotelLine:
    """A hotel's result in one line."""
    published = result.published
    counts = published.counts if published else {}
    rows = [counts[name] for name in ("reservationRows", "postings") if name in counts]
    return HotelLine(
        hotel_code=result.hotel_code,
        outcome=result.outcome.name.lower().replace("_", " "),
        rows=sum(rows) if published else None,
        nights=counts.get("nights"),
        files=len(published.files) if published else None,
        watermark=published.watermark if published else None,
        seconds=result.seconds,
        reason=result.reason,
    )


def run_report(
    results: Sequence[HotelResult], calls: Callable[[str], Mapping[str, int]], *, dry_run: bool
) -> Any:
    """The whole report, ready for JSON; amounts are exact, as text (R19)."""
    return {
        "dryRun": dry_run,
        "hotels": [_hotel_report(result, calls(result.hotel_code)) for result in results],
    }


def _hotel_report(result: HotelResult, calls: Mapping[str, int]) -> Mapping[str, Any]:
    report: dict[str, Any] = {
        "hotelCode": result.hotel_code,
        "timestamp": result.timestamp,
        "outcome": result.outcome.name.lower(),
        "reason": result.reason,
        "seconds": round(result.seconds, 3),
        "calls": dict(calls),
    }
    published = result.published
    if published is None:
        return report
    window = published.window
    return {
        **report,
        "complete": window.complete,
        "updateFrom": window.update_from.isoformat(),
        "watermark": published.watermark.isoformat() if published.watermark else None,
        "files": [dict(file.told()) for file in published.files],
        "counts": dict(published.counts),
        "books": published.books.lines(),
    }
