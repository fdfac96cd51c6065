"""What a terminal of 80 columns shows of runs."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import msgspec
import pytest
from fake_pms import HOTEL, POLICY, FakePms, World, reservation
from rich.console import Console

from host_pms.models.head import Phase, StoredFile
from host_pms.report.run_text import replayed, shown_run
from host_pms.services.damage import Damaged
from host_pms.services.differences import Difference
from host_pms.services.history import Holder, HotelRuns, KnownRun, asked_run, find_run
from host_pms.services.replaying import Replay, ReplayedFile, Verdict
from host_pms.terminal import run_notes, run_table

NOW = datetime(2024, 1, 18, 10, 30, 45, tzinfo=UTC)


@pytest.fixture(scope="module")
def known() -> KnownRun:
    rows = [reservation(ResId=10 + number) for number in range(600)]
    for row in rows[:25]:
        row["CheckOut"] = "2024-01-19T11:00:00"
    found = World(pms=FakePms(rows=rows))
    found.sync()
    return find_run(asked_run(HOTEL, "20240115T103045Z"), found.archive(), POLICY)


def file(sha256: str, records: int, key: str = "reservation") -> StoredFile:
    return StoredFile(
        file_type="reservation",
        bucket="out-reservations",
        key=f"HOTEL001/{key}-20240115T103045Z.json",
        record_count=records,
        sha256=sha256,
    )


def test_runs_fit_into_80_columns(known: KnownRun) -> None:
    counts = {"reservationRows": 1_000_000, "postings": 999_999, "nights": 2_500_000}
    manifest = msgspec.structs.replace(
        known.manifest, hotel_code="A" * 32, counts=counts, started=NOW - timedelta(hours=30)
    )
    opened = KnownRun(manifest=manifest, phase=Phase.WATERMARK)
    text = StringIO()
    Console(file=text, width=80).print(run_table([opened, known], NOW))
    header, first, *more = text.getvalue().splitlines()
    assert header.split() == ["hotel", "timestamp", "phase", "rows", "nights", "files", "rejected", "age"]
    assert first.split()[1:] == [
        *("20240117T043045Z", "open:", "watermark", "1,999,999", "2,500,000"),
        *("3", "25", "1", "d"),
    ]
    assert first.split()[0] + "".join(line.strip() for line in more[:-1]) == "A" * 32
    assert more[-1].split() == [HOTEL, "20240115T103045Z", "published", "600", "1,150", "3", "25", "3", "d"]
    assert "…" not in text.getvalue()


def test_what_is_to_be_said_of_single_runs_stands_below(known: KnownRun) -> None:
    opened = KnownRun(manifest=known.manifest, phase=Phase.REGISTER)
    holder = Holder(owner="worker-7", silent=61.5)
    hotels = [HotelRuns(hotel_code=HOTEL, runs=(opened, known), older=1200, holder=holder)]
    assert list(run_notes(hotels)) == [
        "HOTEL001 is held by worker-7, last heard of 1 min ago.",
        "HOTEL001 20240115T103045Z has kept answers: config 1, reservation 7, revenue 1, inventory 3.",
        "HOTEL001 has 1,200 older runs; --last shows more.",
    ]


def test_a_run_is_shown_in_lines_of_80_columns(known: KnownRun) -> None:
    lines = list(shown_run(known))
    assert lines[0] == "HOTEL001 20240115T103045Z: closed, published"
    assert [line for line in lines if len(line) > 80] == []
    assert "Files: 3 of 3 registered" in lines
    assert f"    sha256 {known.manifest.files[0].sha256}" in lines
    assert "    row 0: CheckOut: is before CheckIn" in lines
    assert lines.count("  HOTEL001/reservation-20240115T103045Z-00001.json") == 20
    assert lines[-1] == "  and 5 more; --json lists all"


def test_a_replay_says_what_differs(known: KnownRun) -> None:
    night = ("10", "2024-01-20")
    found = Replay(
        verdict=Verdict.DIFFERENT,
        files=(
            ReplayedFile(before=file("aa", 2), now=file("aa", 2)),
            ReplayedFile(
                before=file("aa", 2000),
                now=file("bb", 2000),
                difference=Difference(place="record 7", before=night, now=night, fields=("rooms", "pax")),
            ),
            ReplayedFile(
                before=file("aa", 2), now=file("bb", 1), difference=Difference(place="record 2", before=night)
            ),
            ReplayedFile(before=None, now=file("bb", 3)),
            ReplayedFile(before=file("bb", 3), now=None),
        ),
        accepted=known.manifest.rejected[:1],
    )
    assert list(replayed(known, found))[:-2] == [
        "HOTEL001 20240115T103045Z: different.",
        "  reservation: equal, 2 records",
        "  reservation: different, 2,000 records",
        "    s3://out-reservations/HOTEL001/reservation-20240115T103045Z.json",
        "    first at record 7 (10 2024-01-20): rooms, pax",
        "  reservation: different, 2 records, now 1",
        "    s3://out-reservations/HOTEL001/reservation-20240115T103045Z.json",
        "    first at record 2: 10 2024-01-20, now nothing",
        "  reservation: only made now, 3 records",
        "    s3://out-reservations/HOTEL001/reservation-20240115T103045Z.json",
        "  reservation: not made now, 3 records",
        "    s3://out-reservations/HOTEL001/reservation-20240115T103045Z.json",
        "Rejected then, and would pass now (rows count from 0)",
        "  HOTEL001/reservation-20240115T103045Z-00001.json",
        "    row 0: CheckOut: is before CheckIn",
    ]


def test_a_replay_names_what_is_damaged(known: KnownRun) -> None:
    damaged = Damaged(bucket="raw-reservations", key="HOTEL001/x.json", fault="is gone")
    found = Replay(verdict=Verdict.DAMAGED, reason="The kept answer is gone.", damaged=(damaged,))
    assert list(replayed(known, found)) == [
        "HOTEL001 20240115T103045Z: damaged. What was kept is not what it was.",
        "  The kept answer is gone.",
        "Damaged",
        "  s3://raw-reservations/HOTEL001/x.json is gone",
    ]
