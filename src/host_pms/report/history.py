"""Past runs as plain values: for the table of runs, and for `--json`."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import msgspec

from host_pms.models.head import StoredFile
from host_pms.models.manifest import RejectedRow
from host_pms.services.history import HotelRuns, KnownRun
from host_pms.services.replaying import Replay, ReplayedFile

_UNITS = ((86400, "d"), (3600, "h"), (60, "min"))


def rows_of(known: KnownRun) -> int | None:
    """Reservation rows and postings; None as long as its files are not named."""
    counts = known.manifest.counts
    return counts.get("reservationRows", 0) + counts.get("postings", 0) if counts else None


def nights_of(known: KnownRun) -> int | None:
    """The nights in its files; None as long as they are not named."""
    return known.manifest.counts.get("nights")


def rejected_of(known: KnownRun) -> int | None:
    """The rows that were set aside; None as long as not all are read."""
    return known.manifest.answers.rejected if known.manifest.answers else None


def answers_by_list(known: KnownRun) -> str:
    """The answers that it has kept: `config 1, reservation 3`."""
    return ", ".join(f"{name} {count}" for name, count in known.manifest.progress.pages.items()) or "none"


def age_of(known: KnownRun, now: datetime) -> float:
    """Seconds since it began."""
    return (now - known.manifest.started).total_seconds()


def length(seconds: float) -> str:
    """A length of time for people: `3 d`, `5 h`, `12 min`, `40 s`."""
    for unit, name in _UNITS:
        if seconds >= unit:
            return f"{int(seconds // unit)} {name}"
    return f"{int(seconds)} s"


def runs_report(hotels: Sequence[HotelRuns], now: datetime) -> Any:
    """What `host-pms runs` knows, ready for JSON."""
    return {"hotels": [_hotel(hotel, now) for hotel in hotels]}


def _hotel(hotel: HotelRuns, now: datetime) -> Mapping[str, Any]:
    holder = hotel.holder
    return {
        "hotelCode": hotel.hotel_code,
        "heldBy": {"owner": holder.owner, "silentSeconds": round(holder.silent, 3)} if holder else None,
        "runs": [{**_named(known), **_line(known, now)} for known in hotel.runs],
        "olderRuns": hotel.older,
        "faults": [str(fault) for fault in hotel.faults],
    }


def _named(known: KnownRun) -> Mapping[str, Any]:
    return {
        "hotelCode": known.run.hotel_code,
        "timestamp": known.run.timestamp,
        "open": known.phase is not None,
        "phase": known.stage,
    }


def _line(known: KnownRun, now: datetime) -> Mapping[str, Any]:
    return {
        "ageSeconds": int(age_of(known, now)),
        "answers": dict(known.manifest.progress.pages),
        "rows": rows_of(known),
        "nights": nights_of(known),
        "files": len(known.manifest.files),
        "registered": known.manifest.registered,
        "rejected": rejected_of(known),
    }


def show_report(known: KnownRun) -> Any:
    """What `host-pms show` knows, ready for JSON: the manifest as it is kept, and where the run stands."""
    kept = msgspec.to_builtins(known.manifest)
    del kept["outcome"]  # an open run has none yet; `phase` says it of a closed one
    return {**_named(known), **kept, "rejected": [_rejected(row) for row in known.manifest.rejected]}


def replay_report(known: KnownRun, replay: Replay) -> Any:
    """What `host-pms replay` found, ready for JSON."""
    return {
        **_named(known),
        "verdict": replay.verdict.value,
        "reason": replay.reason,
        "files": [_file(file) for file in replay.files],
        "damaged": [asdict(damaged) for damaged in replay.damaged],
        "acceptedNow": [_rejected(row) for row in replay.accepted],
        "rejectedNow": [_rejected(row) for row in replay.rejected],
    }


def _file(file: ReplayedFile) -> Mapping[str, Any]:
    return {
        "equal": file.is_equal,
        "before": _version(file.before),
        "now": _version(file.now),
        "firstDifference": asdict(file.difference) if file.difference else None,
    }


def _version(file: StoredFile | None) -> Mapping[str, Any] | None:
    return {**file.told(), "sha256": file.sha256} if file else None


def _rejected(row: RejectedRow) -> Mapping[str, Any]:
    return {
        "dataset": row.dataset,
        "rawKey": row.raw_key,
        "row": row.row,
        "path": row.path,
        "reason": row.reason,
    }
