"""A run made again of its raw answers: equal, different with the place named, or damaged."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, BinaryIO

import pytest
from fake_pms import HOTEL, POLICY, FakeEsb, FakePms, World, posting, reservation
from fakes import MemoryStore

from host_pms.errors import NeedsPersonError, TransientError
from host_pms.ports import ImportParameters, Registration
from host_pms.services.differences import Difference
from host_pms.services.history import asked_run, find_run
from host_pms.services.policy import Policy
from host_pms.services.replaying import Replay, Verdict, replay
from host_pms.services.transformation import Made

HELD = datetime(2024, 1, 14, 2)
TIMESTAMP = "20240115T103045Z"
NIGHTS = ("out-reservations", f"HOTEL001/reservation-{TIMESTAMP}.json")


def world(rows: int = 3, **pms: Any) -> World:
    given = [reservation(ResId=10 + number) for number in range(rows)]
    return World(
        pms=FakePms(rows=given, postings=[posting()], **pms),
        esb=FakeEsb(parameter=ImportParameters(last_import=HELD)),
    )


def replayed(
    found: World,
    policy: Policy = POLICY,
    timestamp: str = TIMESTAMP,
    keep: Callable[[Made], None] = lambda _made: None,
) -> Replay:
    """With the world as it is afterwards compared with what it was before."""
    before = (dict(found.store.objects), dict(found.heads.heads), list(found.pms.calls), list(found.events))
    known = find_run(asked_run(HOTEL, timestamp), found.archive(), policy)
    result = replay(known, found.archive(), policy, keep=keep)
    assert (found.store.objects, found.heads.heads, found.pms.calls, found.events) == before
    return result


def bodies(made: dict[str, bytes]) -> Callable[[Made], None]:
    def keep(file: Made) -> None:
        file.body.seek(0)
        made[file.file.key] = file.body.read()

    return keep


def test_a_published_run_comes_out_byte_for_byte() -> None:
    found = world(rows=250)
    found.sync()
    found.pms.rows = []
    made: dict[str, bytes] = {}
    result = replayed(found, keep=bodies(made))
    assert result.verdict is Verdict.EQUAL
    assert [file.is_equal for file in result.files] == [True, True, True]
    assert (result.damaged, result.accepted, result.rejected, result.reason) == ((), (), (), "")
    published = {key: body for (bucket, key), body in found.store.objects.items() if bucket[:4] == "out-"}
    assert made == published


def test_a_run_whose_list_was_read_twice_comes_out_byte_for_byte() -> None:
    """Rows and postings that move while they are read, and a window that is read again (S7, S10)."""
    found = world(rows=250)
    found.pms.postings = [
        posting(HotelDate="2023-11-01T00:00:00", ResId=10 + number) for number in range(150)
    ]
    moves = iter((100, 200))

    def shift(pms: FakePms, kind: str, start: int) -> None:
        if start and next(moves, None):
            (pms.rows if kind == "Reservations" else pms.postings).pop(0)

    found.pms.before_page = shift
    found.sync()
    assert len(found.pms.calls) > 8
    assert replayed(found).verdict is Verdict.EQUAL


def test_a_run_that_another_holder_finished_reading_comes_out_byte_for_byte() -> None:
    found = world(rows=250)
    failing = iter([True])

    def fail_once(_pms: FakePms, _kind: str, start: int) -> None:
        if start and next(failing, False):
            raise TransientError("Host is down")

    found.pms.before_page = fail_once
    with pytest.raises(TransientError):
        found.sync()
    found.clock.sleep(60)
    found.sync()
    assert [key for _, key in found.store.objects if "-e" in key]
    assert replayed(found).verdict is Verdict.EQUAL
    assert replayed(found, timestamp="20240115T103145Z").verdict is Verdict.EQUAL


def test_an_open_run_is_compared_with_the_files_that_it_named() -> None:
    class RefusingEsb(FakeEsb):
        def register(self, registration: Registration, *, idempotency_key: str) -> None:
            if self.registrations:
                raise NeedsPersonError("refused")
            super().register(registration, idempotency_key=idempotency_key)

    found = replace(world(), esb=RefusingEsb(parameter=ImportParameters(last_import=HELD)))
    with pytest.raises(NeedsPersonError):
        found.sync()
    assert replayed(found).verdict is Verdict.EQUAL


def test_other_settings_make_other_files_and_the_first_difference_is_named() -> None:
    found = world()
    found.sync()
    result = replayed(found, replace(POLICY, id_format="numeric"))
    assert result.verdict is Verdict.DIFFERENT
    config, segments, nights = result.files
    assert (config.is_equal, segments.is_equal, nights.is_equal) == (True, True, False)
    night = ("10", "2024-01-12")
    assert nights.difference == Difference(
        place="record 1", before=night, now=night, fields=("reservationIdExternal",)
    )


def test_files_that_were_not_there_before_are_named() -> None:
    found = world()
    found.sync()
    result = replayed(found, replace(POLICY, records_per_file=4))
    made = [
        (file.before.record_count if file.before else None, file.now.record_count if file.now else None)
        for file in result.files[2:]
    ]
    assert (result.verdict, made) == (Verdict.DIFFERENT, [(7, 4), (None, 3)])
    result = replayed(found, replace(POLICY, records_per_file=7))
    assert result.verdict is Verdict.EQUAL


def raw(found: World, kind: str) -> tuple[str, str]:
    return next(key for key in found.store.objects if f"/{kind}-{TIMESTAMP}" in key[1] and "raw-" in key[0])


@pytest.mark.parametrize("kind", ["config", "reservation", "revenue", "inventory"])
@pytest.mark.parametrize(
    "damage",
    [lambda body: body[:-5], lambda body: body + b" ", lambda _body: b"", lambda _body: b"{}"],
    ids=["cut", "one space more", "empty", "another answer"],
)
def test_every_damaged_answer_is_named(kind: str, damage: Callable[[bytes], bytes]) -> None:
    found = world(rows=150)
    found.sync()
    key = raw(found, kind)
    found.store.objects[key] = damage(found.store.objects[key])
    result = replayed(found)
    assert result.verdict is Verdict.DAMAGED
    assert [(one.bucket, one.key, one.fault) for one in result.damaged] == [(*key, "has other bytes")]
    assert result.files == ()


def test_a_guests_name_that_changed_is_damage_though_no_file_holds_it() -> None:
    found = world(rows=0)
    found.pms.rows = [reservation(GuestName="Ada Invented")]
    found.sync()
    key = raw(found, "reservation")
    found.store.objects[key] = found.store.objects[key].replace(b"Ada", b"Eve")
    result = replayed(found)
    assert result.verdict is Verdict.DAMAGED
    assert "Invented" not in repr(result)


def test_all_that_are_damaged_or_gone_are_named() -> None:
    found = world(rows=150)
    found.sync()
    first, second = (
        raw(found, "reservation"),
        ("raw-hotel-configs", f"HOTEL001/inventory-{TIMESTAMP}-00002.json"),
    )
    found.store.objects[first] += b"\n"
    del found.store.objects[second]
    assert [(one.key, one.fault) for one in replayed(found).damaged] == [
        (first[1], "has other bytes"),
        (second[1], "is gone"),
    ]


def test_a_list_of_answers_that_is_damaged_or_gone_is_named_itself() -> None:
    found = world()
    found.sync()
    listed = next(key for key in found.store.objects if "/_state/answers/" in key[1])
    found.store.objects[raw(found, "revenue")] += b" "
    found.store.objects[listed] += b" "
    assert [(one.key, one.fault) for one in replayed(found).damaged] == [(listed[1], "has other bytes")]
    del found.store.objects[listed]
    assert [(one.key, one.fault) for one in replayed(found).damaged] == [(listed[1], "is gone")]


def test_a_manifest_that_does_not_fit_its_answers_is_damage() -> None:
    found = world()
    found.sync()
    key = next(key for key in found.store.objects if "/_state/runs/" in key[1])
    body = found.store.objects[key]
    at = body.index(b'"digest": "') + len(b'"digest": "')
    found.store.objects[key] = body[:at] + (b"0" if body[at : at + 1] != b"0" else b"1") + body[at + 1 :]
    result = replayed(found)
    assert (result.verdict, result.damaged[0].fault) == (
        Verdict.DAMAGED,
        "is not the list that the run recorded",
    )


@pytest.mark.parametrize(("change", "fault"), [(b"[]\n", "has other bytes"), (None, "is gone")])
def test_a_published_file_that_is_not_what_was_registered_is_damage(change: bytes | None, fault: str) -> None:
    found = world()
    found.sync()
    if change is None:
        del found.store.objects[NIGHTS]
    else:
        found.store.objects[NIGHTS] = change
    made: dict[str, bytes] = {}
    result = replayed(found, keep=bodies(made))
    assert (result.verdict, [one.fault for one in result.damaged]) == (Verdict.DAMAGED, [fault])
    assert all(file.is_equal for file in result.files)
    assert len(made) == 3


def test_rows_that_would_pass_now_are_named() -> None:
    """An older version's manifest, as it were: it rejected what this one takes, and took what it rejects."""
    found = world(rows=3)
    found.pms.rows[1]["CheckOut"] = "2024-01-19T11:00:00"
    found.sync()
    key = next(key for key in found.store.objects if "/_state/runs/" in key[1])
    found.store.objects[key] = found.store.objects[key].replace(b'"row": 1,', b'"row": 2,')
    result = replayed(found)
    assert [(row.row, row.path) for row in result.accepted] == [(2, "CheckOut")]
    assert [(row.row, row.path) for row in result.rejected] == [(1, "CheckOut")]


def test_a_run_that_changed_nothing_says_so() -> None:
    found = world(rows=0)
    found.pms.postings = []
    found.sync()
    found.clock.sleep(60)
    found.sync()
    made: dict[str, bytes] = {}
    result = replayed(found, timestamp="20240115T103145Z", keep=bodies(made))
    assert (result.verdict, made) == (Verdict.NOTHING, {})
    assert "Nothing had changed" in result.reason


def test_a_run_that_was_given_up_before_all_was_read_says_why() -> None:
    found = world(rows=250)

    def refuse(_pms: FakePms, _kind: str, start: int) -> None:
        if start:
            raise NeedsPersonError("the key was refused")

    found.pms.before_page = refuse
    with pytest.raises(NeedsPersonError):
        found.sync()
    result = replayed(found)
    assert (result.verdict, result.files) == (Verdict.NOTHING, ())
    assert "given up before all was read: the key was refused" in result.reason


def test_a_run_that_is_still_read_says_so() -> None:
    found = world(rows=250)

    def fail(_pms: FakePms, _kind: str, start: int) -> None:
        if start:
            raise TransientError("Host is down")

    found.pms.before_page = fail
    with pytest.raises(TransientError):
        found.sync()
    assert replayed(found).reason == "It is open and has not read all yet."


def test_a_run_that_rejected_too_many_rows_is_made_for_comparison() -> None:
    found = world(rows=10)
    for row in found.pms.rows[:6]:
        row["CheckOut"] = "2024-01-19T11:00:00"
    with pytest.raises(NeedsPersonError):
        found.sync()
    made: dict[str, bytes] = {}
    result = replayed(found, keep=bodies(made))
    assert (result.verdict, len(made), result.accepted) == (Verdict.NOTHING, 3, ())
    assert "6 of 10 reservation rows cannot be read" in result.reason


def with_last_night(found: World, night: bytes) -> None:
    """As if this version read the inventory up to another night than the one which kept the answers."""
    key = next(key for key in found.store.objects if "/_state/runs/" in key[1])
    body = found.store.objects[key]
    assert b'"lastNight": "2024-03-15"' in body
    found.store.objects[key] = body.replace(b'"lastNight": "2024-03-15"', b'"lastNight": "%s"' % night)


def test_a_version_that_needs_more_answers_comes_to_no_files() -> None:
    found = world()
    found.sync()
    with_last_night(found, b"2024-05-15")
    result = replayed(found)
    assert (result.verdict, result.damaged) == (Verdict.DIFFERENT, ())
    assert "needs more answers than it has kept" in result.reason


def test_a_damaged_answer_is_named_although_this_version_does_not_need_it() -> None:
    found = world()
    found.sync()
    with_last_night(found, b"2024-02-01")
    assert replayed(found).verdict is Verdict.EQUAL
    del found.store.objects["raw-hotel-configs", f"HOTEL001/inventory-{TIMESTAMP}-00003.json"]
    result = replayed(found)
    assert (result.verdict, [one.fault for one in result.damaged]) == (Verdict.DAMAGED, ["is gone"])


@dataclass
class FailingStore(MemoryStore):
    """Its first `failures` reads fail, as when the network is away for a moment."""

    store: MemoryStore
    failures: int

    def read(self, bucket: str, key: str) -> AbstractContextManager[BinaryIO]:
        self.failures -= 1
        if self.failures >= 0:
            raise TransientError(f"Reading {bucket}/{key} failed.")
        return self.store.read(bucket, key)


@pytest.mark.parametrize("failures", [1, 1000])
def test_a_store_that_fails_is_no_verdict(failures: int) -> None:
    found = world()
    found.sync()
    known = find_run(asked_run(HOTEL, TIMESTAMP), found.archive(), POLICY)
    failing = FailingStore(store=found.store, failures=failures)
    with pytest.raises(TransientError):
        replay(known, replace(found.archive(), store=failing), POLICY)
