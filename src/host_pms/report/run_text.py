"""A run in words, a line each: what `host-pms show`, `replay` and `drop` say of it. No value of a row."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from host_pms.models.head import TOLD, Phase, StoredFile
from host_pms.models.manifest import Manifest, RejectedRow
from host_pms.report.history import answers_by_list
from host_pms.services.differences import Difference
from host_pms.services.history import KnownRun
from host_pms.services.replaying import Replay, ReplayedFile, Verdict

WIDTH = 80
MOST_ROWS = 20
"""So many rejected rows are listed; a run may have thousands, which `--json` lists."""

_VERDICTS = {
    Verdict.EQUAL: "equal. Every file is byte for byte the same.",
    Verdict.NOTHING: "nothing to compare.",
    Verdict.DIFFERENT: "different.",
    Verdict.DAMAGED: "damaged. What was kept is not what it was.",
}
_WHY_DIFFERENT = (
    "Another version of the connector, or other settings (RESERVATION_ID_FORMAT, MAX_RECORDS_PER_FILE), "
    "make other files of the same answers."
)


def shown_run(known: KnownRun) -> Iterator[str]:
    """All that is known of it, for a person."""
    manifest = known.manifest
    yield _title(known)
    for name, text in _facts(known):
        yield from _folded(f"  {name:<11} {text}", indent=14)
    yield f"Files: {_files_state(manifest)}"
    for file in manifest.files:
        yield from _file(file)
    if manifest.counts:
        yield "Counts (all others are 0)"
        yield from (f"  {name:<24} {count:>12,}" for name, count in manifest.counts.items() if count)
        yield "Books (all other terms are 0)"
        yield from _books(manifest.books)
    yield from _rows("Rejected rows", manifest.rejected)


def _title(known: KnownRun) -> str:
    state = "closed" if known.phase is None else "open"
    return f"{known.run.hotel_code} {known.run.timestamp}: {state}, {known.stage}"


def _facts(known: KnownRun) -> Iterator[tuple[str, str]]:
    manifest = known.manifest
    if manifest.reason:
        yield "reason", manifest.reason
    yield "window", _window(manifest)
    yield "watermark", _watermark(known)
    cursors = manifest.cursors
    yield "cursors", f"reservations {cursors.reservations or 'none'}, postings {cursors.postings or 'none'}"
    yield "answers", f"{manifest.progress.answers} ({answers_by_list(known)})"
    if manifest.answers:
        yield "listed in", manifest.answers.key


def _window(manifest: Manifest) -> str:
    window = manifest.window
    kind = "first import" if window.complete else "increment"
    lists = (
        f"reservations from {window.update_from.isoformat()}, postings from {window.revenue_from.isoformat()}"
    )
    return f"{kind}: {lists}, inventory to {manifest.last_night}"


def _watermark(known: KnownRun) -> str:
    window, after = known.manifest.window, known.manifest.watermark
    before = f"{window.held.isoformat() if window.held else 'none'} when it began"
    if after is None:
        return f"{before}, not known after it"
    return f"{before}, {after.isoformat()} after it"


def _files_state(manifest: Manifest) -> str:
    if not manifest.files:
        return "none"
    return f"{manifest.registered} of {len(manifest.files)} registered"


def _file(file: StoredFile) -> Iterator[str]:
    yield f"  {file.file_type}, {file.record_count:,} records"
    yield f"    s3://{file.bucket}/{file.key}"
    yield f"    sha256 {file.sha256}"


def _books(books: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    for name, terms in books.items():
        told = ", ".join(f"{term} {amount}" for term, amount in terms.items() if Decimal(amount))
        yield from _folded(f"  {name:<19} {told or '0'}", indent=22)


def _rows(title: str, rows: Sequence[RejectedRow]) -> Iterator[str]:
    """Rejected rows by their places in raw objects."""
    if not rows:
        return
    yield f"{title} (rows count from 0)"
    for row in rows[:MOST_ROWS]:
        yield f"  {row.raw_key}"
        yield from _folded(f"    row {row.row}: {row.path}: {row.reason}", indent=6)
    if len(rows) > MOST_ROWS:
        yield f"  and {len(rows) - MOST_ROWS:,} more; --json lists all"


def replayed(known: KnownRun, replay: Replay) -> Iterator[str]:
    """What a replay found, for a person."""
    yield f"{known.run.hotel_code} {known.run.timestamp}: {_VERDICTS[replay.verdict]}"
    if replay.reason:
        yield from _folded(f"  {replay.reason}", indent=2)
    for file in replay.files:
        yield from _compared(file)
    if replay.damaged:
        yield "Damaged"
        yield from (f"  s3://{found.bucket}/{found.key} {found.fault}" for found in replay.damaged)
    yield from _rows("Rejected then, and would pass now", replay.accepted)
    yield from _rows("Accepted then, and would be rejected now", replay.rejected)
    if replay.verdict is Verdict.DIFFERENT:
        yield from _folded(_WHY_DIFFERENT, indent=0)


def _compared(file: ReplayedFile) -> Iterator[str]:
    known = file.before or file.now
    if known is None:
        return
    yield f"  {known.file_type}: {_comparison(file)}"
    if not file.is_equal:
        yield f"    s3://{known.bucket}/{known.key}"
    if file.difference:
        yield from _folded(f"    first at {_place(file.difference)}", indent=6)


def _comparison(file: ReplayedFile) -> str:
    if file.before is None or file.now is None:
        known, when = (file.before, "not made now") if file.before else (file.now, "only made now")
        return f"{when}, {known.record_count if known else 0:,} records"
    before, now = file.before.record_count, file.now.record_count
    if file.is_equal:
        return f"equal, {now:,} records"
    return f"different, {before:,} records" + ("" if before == now else f", now {now:,}")


def _place(difference: Difference) -> str:
    before, now = " ".join(difference.before), " ".join(difference.now)
    if difference.fields:
        night = f" ({before})" if before else ""
        return f"{difference.place}{night}: {', '.join(difference.fields)}"
    if before or now:
        return f"{difference.place}: {before or 'nothing'}, now {now or 'nothing'}"
    return difference.place


def consequences(known: KnownRun) -> Iterator[str]:
    """What is to be known before an open run is dropped."""
    manifest = known.manifest
    yield f"{_title(known)}. Files: {_files_state(manifest)}."
    yield "Nothing is lost: the next run reads everything anew, from where this one began."
    if manifest.registered:
        told = "may have been told" if known.phase is Phase.TRIGGER else "was not told"
        yield f"What is registered stays registered; the processor {told} of it."
    if known.phase in TOLD:
        yield "Its watermark may have been put; it will not count."


def _folded(line: str, *, indent: int) -> Sequence[str]:
    """The line in lines of at most `WIDTH`; a word that is longer, such as a key, stays whole."""
    return textwrap.wrap(
        line,
        WIDTH,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
    )
