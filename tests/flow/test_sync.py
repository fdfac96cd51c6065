"""One run of one hotel, with fakes at the ports: what it leaves in the world, and what it does not."""

import hashlib
import json
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from fake_pms import HOTEL, POLICY, FakeEsb, FakePms, World, config_body, encode, posting, price, reservation

from host_pms.errors import NeedsPersonError, TransientError
from host_pms.events import EventName
from host_pms.models.host.amounts import as_decimal
from host_pms.ports import ImportParameters
from host_pms.services.policy import Policy
from host_pms.services.sync import Published
from host_pms.services.window import Asked

HELD = datetime(2024, 1, 14, 2, 0, 0)
STAMP = "20240115T103045Z"


def increment(**pms: Any) -> World:
    return World(pms=FakePms(**pms), esb=FakeEsb(parameter=ImportParameters(last_import=HELD)))


def run(world: World, asked: Asked | None = None, policy: Policy = POLICY) -> Published:
    return world.sync(asked, policy)


def test_every_effect_happens_once_and_in_order() -> None:
    world = increment(rows=[reservation()], postings=[posting()])
    run(world)
    assert [registration.file_type for registration in world.esb.registrations] == [
        "config",
        "segments",
        "reservation",
    ]
    assert world.esb.watermarks == [datetime(2024, 1, 15, 10, 30, 45)]
    (message,) = world.queue.sent
    assert message.group == HOTEL
    assert message.deduplication_id == hashlib.sha256(f"{HOTEL}/{STAMP}".encode()).hexdigest()
    assert message.attributes == {"HotelCode": HOTEL, "Timestamp": STAMP}
    assert json.loads(message.body)["files"] == [
        trigger_file("config", "out-hotel-configs", 2),
        trigger_file("segments", "out-segments", 14),
        trigger_file("reservation", "out-reservations", 3),
    ]
    assert [event.name for event in world.events if event.name is not EventName.PAGE_READ] == [
        EventName.PARAMETERS_READ,
        EventName.CONFIG_READ,
        EventName.RUN_OPENED,
        EventName.RESERVATIONS_EXTRACTED,
        EventName.REVENUE_EXTRACTED,
        EventName.INVENTORY_EXTRACTED,
        EventName.FILES_STORED,
        EventName.FILES_REGISTERED,
        EventName.WATERMARK_MOVED,
        EventName.TRIGGER_SENT,
    ]


def trigger_file(kind: str, bucket: str, count: int) -> dict[str, Any]:
    key = f"{HOTEL}/{kind}-{STAMP}.json"
    return {"fileType": kind, "bucket": bucket, "fileKey": key, "recordCount": count}


def test_every_name_derives_from_the_run() -> None:
    world = increment(rows=[reservation(ResId=number) for number in range(150)], postings=[posting()])
    run(world)
    assert sorted(key for _, key in world.store.objects) == sorted(
        f"{HOTEL}/{name}"
        for name in (
            f"config-{STAMP}.json",
            f"config-{STAMP}.json",
            f"segments-{STAMP}.json",
            f"segments-{STAMP}.json",
            f"reservation-{STAMP}.json",
            f"reservation-{STAMP}-00001.json",
            f"reservation-{STAMP}-00002.json",
            f"revenue-{STAMP}-00001.json",
            f"revenue-{STAMP}-00002.json",
            f"inventory-{STAMP}-00001.json",
            f"inventory-{STAMP}-00002.json",
            f"inventory-{STAMP}-00003.json",
            f"_state/answers/{STAMP}.json",
            f"_state/runs/{STAMP}.json",
        )
    )
    keys = {registration.file_key: registration for registration in world.esb.registrations}
    assert keys[f"{HOTEL}/reservation-{STAMP}.json"].record_date == "2024-01-15T10:30:45Z"
    assert len(set(world.esb.idempotency_keys)) == 4


def test_raw_answers_are_kept_byte_for_byte() -> None:
    body = config_body().replace(b'{"Hotel', b'{  "Hotel', 1)
    world = increment(config_answer=body)
    run(world)
    assert world.store.objects["raw-hotel-configs", f"{HOTEL}/config-{STAMP}.json"] == body


def test_revenue_is_read_from_the_earliest_night_that_is_published() -> None:
    """S10: cancelled rows aside, and never later than its own window."""
    rows = [
        reservation(ResId=1, CheckIn="2024-01-03T14:00:00", CheckOut="2024-01-22T11:00:00", ResStatus=10),
        reservation(
            ResId=2, CheckIn="2023-12-01T14:00:00", CheckOut="2023-12-02T11:00:00", ResStatus=6, Prices=[]
        ),
        reservation(ResId=3, Prices=[price("2024-01-02", "5.00")]),
    ]
    world = increment(rows=rows)
    run(world)
    asked = {name: update_from for name, update_from, _ in world.pms.calls}
    assert asked["Reservations"] == HELD - timedelta(hours=2)
    assert asked["Revenue"] == datetime(2024, 1, 2)


def test_revenue_keeps_its_own_window_where_no_earlier_night_is_published() -> None:
    world = increment(rows=[reservation()])
    run(world)
    assert {name: update_from for name, update_from, _ in world.pms.calls}["Revenue"] == HELD - timedelta(
        hours=2
    )


def test_a_night_that_only_a_posting_makes_has_all_its_postings() -> None:
    """R11 gives the row 5 January; both of that night's postings are wanted, not just the new one."""
    postings = [
        posting(HotelDate="2024-01-05T00:00:00", RevenueNet=Decimal(300), LastUpdate="2024-01-05T02:00:00"),
        posting(HotelDate="2024-01-05T00:00:00", RevenueNet=Decimal(20), LastUpdate="2024-01-14T03:00:00"),
    ]

    class Filtering(FakePms):
        def revenue(self, hotel_code: str, update_from: datetime, start: int) -> bytes:
            self.postings = [row for row in postings if row["LastUpdate"] >= update_from.isoformat()]
            return super().revenue(hotel_code, update_from, start)

    world = World(
        pms=Filtering(rows=[reservation()]), esb=FakeEsb(parameter=ImportParameters(last_import=HELD))
    )
    run(world)
    invoiced = {
        night["calendarDate"]: night["revenueRoomInvoice"] for night in world.published("reservations")
    }
    assert invoiced["2024-01-05"] == 320
    assert ("raw-reservations", f"{HOTEL}/revenue-{STAMP}-00002.json") in world.store.objects


def test_a_posting_without_its_row_is_an_orphan_or_only_context() -> None:
    postings = [
        posting(ResId=77, LastUpdate="2024-01-14T00:00:00", RevenueNet=Decimal("1.10")),
        posting(ResId=77, LastUpdate="2024-01-13T23:59:59", RevenueNet=Decimal("2.20")),
        posting(ResId=77, LastUpdate=None, RevenueNet=Decimal("4.40")),
        posting(ResId=77, SalesGroup=1, RevenueNet=Decimal("8.80")),
    ]
    books = run(increment(postings=postings)).books.invoiced
    assert (books.orphan_postings, as_decimal(books.orphans)) == (2, Decimal("5.50"))
    assert (books.context_postings, as_decimal(books.context)) == (1, Decimal("2.20"))


def test_a_first_import_is_complete_and_dates_records_from_their_creation() -> None:
    world = World(pms=FakePms(rows=[reservation()]))
    published = run(world)
    assert all(registration.complete for registration in world.esb.registrations)
    assert json.loads(world.queue.sent[0].body)["complete"] is True
    assert {record["recordDate"] for record in world.published("reservations")} == {"[2024-01-01,)"}
    assert published.window.update_from == datetime(1900, 1, 1)


def test_a_large_file_goes_on_in_numbered_parts_each_registered() -> None:
    rows = [reservation(ResId=number) for number in range(5)]
    world = increment(rows=rows)
    run(world, policy=replace(POLICY, records_per_file=4))
    parts = [found for found in world.esb.registrations if found.file_type == "reservation"]
    assert [
        (part.file_key.removeprefix(f"{HOTEL}/reservation-{STAMP}"), part.record_count) for part in parts
    ] == [
        (".json", 4),
        ("-0002.json", 4),
        ("-0003.json", 2),
    ]
    records = [
        record
        for part in parts
        for record in msgspec.json.decode(world.store.objects["out-reservations", part.file_key])
    ]
    assert [record["reservationId"] for record in records] == [
        str(row["ResId"]) for row in rows for _ in range(2)
    ]


def test_a_file_that_just_fits_has_no_empty_second_part() -> None:
    world = increment(rows=[reservation(ResId=1), reservation(ResId=2)])
    run(world, policy=replace(POLICY, records_per_file=4))
    assert len(world.esb.registrations) == 3


def test_an_operators_reset_meanwhile_is_obeyed() -> None:
    world = increment(rows=[reservation()])

    def reset(_pms: FakePms, _kind: str, _start: int) -> None:
        world.esb.parameter = ImportParameters(last_import=datetime(2023, 6, 1))

    world.pms.before_page = reset
    run(world)
    assert world.esb.watermarks == []
    assert len(world.queue.sent) == 1


def test_rejected_rows_are_kept_by_place_and_reason_never_by_value() -> None:
    rows = [reservation(), reservation(ResId=2, CheckIn="Guest, Name")]
    world = increment(rows=rows, postings=[posting(RevenueNet="free")])
    counts = run(world).counts
    assert (counts["rejectedReservations"], counts["rejectedPostings"]) == (1, 1)
    body = world.store.objects["raw-reservations", f"{HOTEL}/rejected-{STAMP}.json"]
    assert json.loads(body) == [
        {
            "dataset": "reservation",
            "raw_key": f"{HOTEL}/reservation-{STAMP}-00001.json",
            "row": 1,
            "path": "CheckIn",
            "reason": "is no date",
        },
        {
            "dataset": "revenue",
            "raw_key": f"{HOTEL}/revenue-{STAMP}-00001.json",
            "row": 0,
            "path": "RevenueNet",
            "reason": "is no number",
        },
    ]


@pytest.mark.parametrize(("bad", "good", "fails"), [(5, 0, False), (6, 114, False), (6, 113, True)])
def test_too_many_rejected_rows_fail_the_run_which_publishes_nothing(
    bad: int, good: int, fails: bool
) -> None:
    rows = [reservation(ResId=number) for number in range(good)] + [reservation(ResId=None)] * bad
    world = increment(rows=rows)
    if not fails:
        run(world)
        return
    with pytest.raises(NeedsPersonError, match="6 of 119 reservation rows"):
        run(world)
    assert_nothing_told(world)
    assert ("raw-reservations", f"{HOTEL}/rejected-{STAMP}.json") in world.store.objects


def test_numeric_ids_are_the_hash_of_the_composite_ones() -> None:
    world = increment(rows=[reservation(ResNo="A-1%")])
    run(world, policy=replace(POLICY, id_format="numeric"))
    digest = hashlib.sha256(b"A%2D1%25-10-100-1").digest()
    expected = str(int.from_bytes(digest[:8], "big") & (2**63 - 1))
    assert {record["reservationIdExternal"] for record in world.published("reservations")} == {expected}


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (config_body(HotelCode="HOTEL002"), NeedsPersonError),
        (config_body(HotelCode=None), NeedsPersonError),
        (config_body(HotelDate=None, LocalTime=None), NeedsPersonError),
        (b'{"HotelInfo": {"HotelDate": "2024-01-15"}}', TransientError),
    ],
)
def test_a_configuration_that_cannot_be_trusted_stops_the_run(body: bytes, error: type[Exception]) -> None:
    world = increment(config_answer=body)
    with pytest.raises(error):
        run(world)
    assert_nothing_told(world)
    assert [name for name, _, _ in world.pms.calls] == ["config"]


def test_a_watermark_from_the_future_fetches_nothing() -> None:
    world = World(esb=FakeEsb(parameter=ImportParameters(last_import=datetime(2024, 1, 17))))
    with pytest.raises(NeedsPersonError):
        run(world)
    assert_nothing_told(world)


@pytest.mark.parametrize("name", ["Reservations", "Revenue"])
def test_a_list_that_breaks_off_publishes_nothing(name: str) -> None:
    world = increment(rows=[reservation(ResId=number) for number in range(150)], postings=[posting()] * 150)

    class Breaking(FakePms):
        def _page(self, kind: str, rows: Any, update_from: datetime, start: int) -> bytes:
            if kind == name and start:
                raise TransientError("Host is down.")
            return super()._page(kind, rows, update_from, start)

    world.pms = Breaking(rows=world.pms.rows, postings=world.pms.postings)
    with pytest.raises(TransientError):
        run(world)
    assert_nothing_told(world)
    assert not [bucket for bucket, _ in world.store.objects if bucket.startswith("out-")]


def test_the_grid_is_read_up_to_the_last_import_date() -> None:
    world = World(
        esb=FakeEsb(parameter=ImportParameters(last_import=HELD, max_import=datetime(2024, 1, 20))),
    )
    run(world)
    assert [name for name, _, _ in world.pms.calls].count("grid") == 1


def test_an_empty_day_still_publishes_its_three_files() -> None:
    world = increment()
    run(world)
    assert world.published("reservations") == []
    assert [found.record_count for found in world.esb.registrations] == [2, 14, 0]


def test_updates_from_the_future_are_counted_and_do_not_lead_the_watermark() -> None:
    rows = [
        reservation(LastUpdate="2031-01-01T00:00:00"),
        reservation(ResId=2, LastUpdate="2024-01-15T09:00:00"),
    ]
    world = increment(rows=rows, config_answer=config_body(LocalTime=None))
    counts = run(world).counts
    assert counts["futureUpdates"] == 1
    assert world.esb.watermarks == [datetime(2024, 1, 15, 9)]


def test_the_raw_segments_are_the_items_that_the_lists_were_made_from() -> None:
    body = msgspec.json.decode(config_body())
    body["ConfigInfo"] += [{"ConfigType": "MOON", "Code": "FULL"}, {"ConfigType": "SEGMENT", "Code": "CORP"}]
    world = increment(config_answer=encode(body))
    run(world)
    raw = world.store.objects["raw-segments", f"{HOTEL}/segments-{STAMP}.json"]
    assert [found["Code"] for found in json.loads(raw)] == ["DBL", "STE", "CORP", "OTA"]


def assert_nothing_told(world: World) -> None:
    assert world.esb.registrations == []
    assert world.esb.watermarks == []
    assert world.queue.sent == []
