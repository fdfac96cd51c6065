"""What a hotel's state tells of its runs: open and closed ones, and who holds the hotel."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from fake_pms import HOTEL, POLICY, FakeEsb, FakePms, World, reservation

from host_pms.errors import NeedsPersonError, TransientError, UsageError
from host_pms.models.run import Run
from host_pms.ports import ImportParameters, Registration
from host_pms.report.history import length, runs_report, show_report
from host_pms.services.history import (
    HotelRuns,
    asked_run,
    find_run,
    known_hotels,
    runs_of_hotel,
    runs_of_hotels,
)
from host_pms.services.journal import holding
from host_pms.services.sync import journal_of

HELD = datetime(2024, 1, 14, 2)
NOW = datetime(2024, 1, 15, 10, 30, 45, tzinfo=UTC)


class RefusingEsb(FakeEsb):
    """Refuses every registration after the first `taken`."""

    taken = 1

    def register(self, registration: Registration, *, idempotency_key: str) -> None:
        if len(self.registrations) == self.taken:
            raise NeedsPersonError("the ESB refused it")
        super().register(registration, idempotency_key=idempotency_key)


def world(rows: int = 1, esb: FakeEsb | None = None) -> World:
    found = esb or FakeEsb()
    found.parameter = ImportParameters(last_import=HELD)
    return World(pms=FakePms(rows=[reservation(ResId=10 + number) for number in range(rows)]), esb=found)


@contextmanager
def unchanged(found: World) -> Iterator[None]:
    """Nothing is written, told or asked of a neighbour in here."""
    before = (dict(found.store.objects), dict(found.heads.heads), len(found.pms.calls), len(found.queue.sent))
    registered = len(found.esb.registrations)
    yield
    after = (dict(found.store.objects), dict(found.heads.heads), len(found.pms.calls), len(found.queue.sent))
    assert (after, len(found.esb.registrations)) == (before, registered)


def runs(found: World, last: int = 20) -> HotelRuns:
    with unchanged(found):
        return runs_of_hotel(HOTEL, found.archive(), POLICY, last=last)


def stages(found: World, last: int = 20) -> list[tuple[str, str, bool]]:
    return [(known.run.timestamp, known.stage, known.phase is not None) for known in runs(found, last).runs]


def test_a_hotel_without_runs_has_none() -> None:
    assert runs(world()) == HotelRuns(hotel_code=HOTEL, runs=())


def test_closed_runs_are_listed_newest_first() -> None:
    found = world()
    found.sync()
    found.pms.rows = []
    found.clock.sleep(60)
    found.sync()
    assert stages(found) == [
        ("20240115T103145Z", "unchanged", False),
        ("20240115T103045Z", "published", False),
    ]


def test_an_open_run_is_listed_with_its_phase_and_stays_open_when_asked_again() -> None:
    found = world(esb=RefusingEsb())
    with pytest.raises(NeedsPersonError):
        found.sync()
    assert stages(found) == [("20240115T103045Z", "register", True)]
    assert stages(found) == [("20240115T103045Z", "register", True)]
    report = runs_report([runs(found)], NOW + timedelta(seconds=90))
    (line,) = report["hotels"][0]["runs"]
    assert line == {
        "hotelCode": HOTEL,
        "timestamp": "20240115T103045Z",
        "open": True,
        "phase": "register",
        "ageSeconds": 90,
        "answers": {"config": 1, "reservation": 1, "revenue": 1, "inventory": 3},
        "rows": 1,
        "nights": 2,
        "files": 3,
        "registered": 1,
        "rejected": 0,
    }


def test_a_run_that_is_still_read_has_no_counts_yet() -> None:
    found = world(rows=150)

    def fail_at_the_second_page(_pms: FakePms, _kind: str, start: int) -> None:
        if start:
            raise TransientError("Host is down")

    found.pms.before_page = fail_at_the_second_page
    with pytest.raises(TransientError):
        found.sync()
    (known,) = runs(found).runs
    assert (known.stage, known.manifest.progress.pages) == ("extract", {"config": 1, "reservation": 1})
    (line,) = runs_report([runs(found)], NOW)["hotels"][0]["runs"]
    assert (line["rows"], line["nights"], line["rejected"]) == (None, None, None)


def test_only_as_many_closed_runs_are_read_as_asked_for() -> None:
    found = world()
    for _ in range(4):
        found.sync()
        found.clock.sleep(60)
    newest = stages(found)[:2]
    for key in [key for key in found.store.objects if "/_state/runs/" in key[1]]:
        if not any(timestamp in key[1] for timestamp, _, _ in newest):
            found.store.objects[key] = b"not to be read"
    asked = runs(found, last=2)
    assert (stages(found, last=2), asked.older, asked.faults) == (newest, 2, ())


def test_who_holds_a_hotel_is_told_as_long_as_the_lease_lasts() -> None:
    found = world()
    neighbours = found.neighbours()
    with holding(journal_of(HOTEL, POLICY, neighbours)):
        found.clock.sleep(100)
        holder = runs(found).holder
        assert holder is not None
        assert (holder.owner, holder.silent) == ("worker-1", 100.0)
        found.clock.sleep(31)
        assert runs(found).holder is None


def test_hotels_are_found_without_the_esb() -> None:
    found = world()
    assert known_hotels(found.archive(), POLICY) == ()
    found.sync()
    found.store.objects["raw-hotel-configs", "no hotel/x.json"] = b""
    assert known_hotels(found.archive(), POLICY) == (HOTEL,)


def test_a_damaged_head_hides_neither_closed_runs_nor_other_hotels() -> None:
    found = world()
    found.sync()
    ((key, (body, version, age)),) = found.heads.heads.items()
    found.heads.heads[key] = (body.replace(b"2024", b"2025", 1), version, age)
    first, other = runs_of_hotels([HOTEL, "OTHER"], found.archive(), POLICY, last=20, at_once=2)
    assert [known.stage for known in first.runs] == ["published"]
    assert ["_state/head.json is damaged" in str(fault) for fault in first.faults] == [True]
    assert other == HotelRuns(hotel_code="OTHER", runs=())


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda body: body[:100], "is damaged"),
        (lambda body: body.replace(b'"published"', b'"publashed"'), "is damaged"),
        (lambda body: body.replace(b'"HOTEL001"', b'"HOTEL002"', 1), "is another run's"),
        (lambda body: body.replace(b"2024-01-15T10:30:45Z", b"2024-01-15T10:30:46Z"), "is another run's"),
        (lambda _body: b"[" * 100_000, "is damaged"),
        (lambda _body: b"\xff", "is damaged"),
    ],
)
def test_a_manifest_that_cannot_be_trusted_is_named(damage: Any, says: str) -> None:
    found = world()
    found.sync()
    (key,) = (key for key in found.store.objects if "/_state/runs/" in key[1])
    damaged = damage(found.store.objects[key])
    assert damaged != found.store.objects[key]
    found.store.objects[key] = damaged
    (fault,) = runs(found).faults
    assert f"raw-hotel-configs/HOTEL001/_state/runs/20240115T103045Z.json {says}" in str(fault)
    with pytest.raises(NeedsPersonError, match=says):
        find_run(asked_run(HOTEL, "20240115T103045Z"), found.archive(), POLICY)


def test_a_run_whose_manifest_is_written_but_that_is_still_open_is_listed_once() -> None:
    closed = world()
    closed.sync()
    found = world()
    found.queue.send = _lost  # type: ignore[method-assign]
    with pytest.raises(TransientError):
        found.sync()
    found.store.objects.update({key: body for key, body in closed.store.objects.items() if "runs" in key[1]})
    assert stages(found) == [("20240115T103045Z", "trigger", True)]


def _lost(*_: Any, **__: Any) -> None:
    raise TransientError("the queue is down")


def test_what_is_kept_of_a_closed_run_is_found_as_it_was_kept() -> None:
    found = world(rows=3)
    found.pms.rows[1]["CheckOut"] = "2024-01-19T11:00:00"
    found.sync()
    with unchanged(found):
        known = find_run(asked_run(HOTEL, "20240115T103045Z"), found.archive(), POLICY)
    ((_, body),) = ((key, body) for key, body in found.store.objects.items() if "/_state/runs/" in key[1])
    kept, report = msgspec.json.decode(body), show_report(known)
    assert (report.pop("timestamp"), report.pop("open"), report.pop("phase")) == (
        "20240115T103045Z",
        False,
        kept.pop("outcome"),
    )
    (rejected,) = kept.pop("rejected")
    assert report.pop("rejected") == [
        {
            "dataset": "reservation",
            "rawKey": rejected["raw_key"],
            "row": 1,
            "path": "CheckOut",
            "reason": rejected["reason"],
        }
    ]
    assert msgspec.json.decode(msgspec.json.encode(report)) == kept


def test_an_open_run_is_found_with_the_rows_it_rejected() -> None:
    found = world(rows=3, esb=RefusingEsb())
    found.pms.rows[1]["CheckOut"] = "2024-01-19T11:00:00"
    with pytest.raises(NeedsPersonError):
        found.sync()
    with unchanged(found):
        known = find_run(asked_run(HOTEL, "20240115T103045Z"), found.archive(), POLICY)
    assert [(row.path, row.row) for row in known.manifest.rejected] == [("CheckOut", 1)]
    key = ("raw-reservations", "HOTEL001/rejected-20240115T103045Z.json")
    found.store.objects[key] = found.store.objects[key][:-2]
    damaged = find_run(known.run, found.archive(), POLICY).manifest
    assert damaged.answers is not None
    assert (damaged.rejected, damaged.answers.rejected) == ((), 1)


def test_a_run_that_is_not_known_is_refused_with_what_to_do() -> None:
    found = world()
    for _ in range(2):
        with pytest.raises(UsageError, match="host-pms runs --hotel HOTEL001"):
            find_run(asked_run(HOTEL, "20240115T103046Z"), found.archive(), POLICY)
        found.sync()


def test_another_run_than_the_open_one_is_not_known() -> None:
    found = world(esb=RefusingEsb())
    with pytest.raises(NeedsPersonError):
        found.sync()
    with pytest.raises(UsageError, match="No run 20240115T103046Z of HOTEL001 is known"):
        find_run(asked_run(HOTEL, "20240115T103046Z"), found.archive(), POLICY)


@pytest.mark.parametrize(
    "timestamp",
    [
        "",
        "latest",
        "20240115T103045",
        "2024-01-15T10:30:45Z",
        "20240230T103045Z",
        "2024115T103045Z",
        "20240115T103045Z ",
        "20240115T103045Z.json",
        "../20240115T103045Z",
    ],
)
def test_what_is_no_timestamp_is_refused(timestamp: str) -> None:
    with pytest.raises(UsageError, match="is no timestamp of a run"):
        asked_run(HOTEL, timestamp)


def test_what_is_no_hotel_is_refused() -> None:
    with pytest.raises(UsageError, match="is no hotel code"):
        asked_run("../x", "20240115T103045Z")
    with pytest.raises(UsageError, match="is no hotel code"):
        runs_of_hotels(["H1", "../x"], world().archive(), POLICY, last=1, at_once=1)


def test_a_timestamp_is_read_as_it_is_written() -> None:
    assert asked_run(HOTEL, "20240115T103045Z") == Run(hotel_code=HOTEL, started=NOW)


def test_lengths_of_time_are_told_in_their_largest_unit() -> None:
    assert [length(seconds) for seconds in (0.4, 59.9, 60, 3599, 3600, 86399, 86400, 900_000)] == [
        "0 s",
        "59 s",
        "1 min",
        "59 min",
        "1 h",
        "23 h",
        "1 d",
        "10 d",
    ]
