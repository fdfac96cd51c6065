"""What holds for any input, on the whole run: pages in, published files out."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import msgspec
from fake_pms import POLICY, FakeEsb, FakePms, World, config_body, item, posting, price, reservation
from hypothesis import given, settings
from hypothesis import strategies as st

from host_pms.models.host.amounts import as_decimal
from host_pms.ports import ImportParameters
from host_pms.services.policy import Policy
from host_pms.services.sync import Published
from host_pms.services.temporary import Temporary

SEVERAL = settings(max_examples=120, deadline=None, derandomize=True)

# Small pools, so that ids collide: versions of a row, split stays, bookings that share a guest.
ids = st.sampled_from([1, 2, "3", "A-4"])
nights = st.dates(date(2024, 1, 10), date(2024, 1, 22)).map(date.isoformat)
amounts = st.decimals(min_value=-999, max_value=999, places=3).map(str)
names = st.sampled_from(
    [None, "", "DBL", "double ROOM", "corp", "Sunny Travel", "Ünïcode  Tours", "UNASSIGNED"]
)


@st.composite
def reservations(draw: st.DrawFn) -> dict[str, Any]:
    check_in = draw(st.dates(date(2024, 1, 10), date(2024, 1, 20)))
    stay = timedelta(days=draw(st.integers(0, 4)))
    prices = draw(st.lists(st.builds(price, nights, amounts, st.integers(0, 3)), max_size=6))
    return reservation(
        ResNo=draw(st.sampled_from([1, 2])),
        ResId=draw(ids),
        GlobalResGuestId=draw(st.sampled_from([7, "8"])),
        DetailId=draw(st.sampled_from([None, 1, 2])),
        MasterDetail=draw(st.sampled_from([None, 0, 1])),
        CheckIn=f"{check_in}T14:00:00",
        CheckOut=f"{check_in + stay}T11:00:00",
        LastUpdate=draw(st.sampled_from([None, "2024-01-14T08:00:00", "2024-01-15T08:00:00"])),
        ResStatus=draw(st.sampled_from([0, 2, 6, 7, 10, 20, 99])),
        Rooms=draw(st.sampled_from([None, 1, 3])),
        Category=draw(names),
        SegmentDescription=draw(names),
        Agency=draw(names),
        GroupName=draw(names),
        Prices=prices,
    )


postings = st.builds(
    posting,
    ResId=ids,
    GlobalResGuestId=st.sampled_from([7, "8"]),
    HotelDate=nights.map(lambda night: f"{night}T00:00:00"),
    SalesGroup=st.sampled_from([0, 0, 0, 1]),
    RevenueNet=amounts.map(Decimal),
    LastUpdate=st.sampled_from([None, "2024-01-01T00:00:00", "2024-01-15T02:00:00"]),
)

hotels = st.fixed_dictionaries(
    {"rows": st.lists(reservations(), max_size=14), "postings": st.lists(postings, max_size=14)}
)


def run(
    hotel: dict[str, Any], *, page_rows: int = 100, first_import: bool = False, policy: Policy = POLICY
) -> tuple[World, Published]:
    last_import = None if first_import else datetime(2024, 1, 14)
    world = World(
        pms=FakePms(rows=hotel["rows"], postings=hotel["postings"], page_rows=page_rows),
        esb=FakeEsb(parameter=ImportParameters(last_import=last_import)),
    )
    return world, world.sync(policy=policy)


@SEVERAL
@given(hotel=hotels, first_import=st.booleans())
def test_the_books_balance_and_agree_with_what_is_published(
    hotel: dict[str, Any], first_import: bool
) -> None:
    world, published = run(hotel, first_import=first_import)
    books = published.books
    assert books.faults() == []
    records = exact(world.store.objects["out-reservations", published.files[2].key])
    for name, carried in (
        ("revenueRoom", books.room.published),
        ("revenueFb", books.fb.published),
        ("revenueOthers", books.others.published),
        ("revenueRoomInvoice", books.invoiced.published),
    ):
        assert sum((record[name] for record in records), Decimal()) == as_decimal(carried)
    posted = [row["RevenueNet"] for row in hotel["postings"] if row["SalesGroup"] == 0]
    assert as_decimal(books.invoiced.read) == sum(posted, Decimal())


@SEVERAL
@given(hotel=hotels, in_memory=st.sampled_from([0, 3]), first_import=st.booleans())
def test_what_does_not_stay_in_memory_comes_to_the_same(
    hotel: dict[str, Any], in_memory: int, first_import: bool
) -> None:
    policy = replace(POLICY, temporary=Temporary(in_memory=in_memory))
    on_disk, published = run(hotel, policy=policy, first_import=first_import)
    in_dictionaries, expected = run(hotel, first_import=first_import)
    assert on_disk.store.objects == in_dictionaries.store.objects
    assert (published.counts, published.books) == (expected.counts, expected.books)


@SEVERAL
@given(hotel=hotels)
def test_every_code_of_the_reservations_stands_in_the_segments(hotel: dict[str, Any]) -> None:
    world, _ = run(hotel)
    segments = {name: {code["code"] for code in codes} for name, codes in world.published("segments").items()}
    lists = {"agency": "agencies", "company": "companies"}
    for record in world.published("reservations"):
        for field, code in record.items():
            if field.endswith("Code"):
                name = field.removesuffix("Code")
                assert code in segments[lists.get(name, f"{name}s")]


@SEVERAL
@given(hotel=hotels)
def test_external_id_and_date_are_unique(hotel: dict[str, Any]) -> None:
    world, _ = run(hotel)
    keys = [
        (night["reservationIdExternal"], night["calendarDate"]) for night in world.published("reservations")
    ]
    assert len(keys) == len(set(keys))


@SEVERAL
@given(hotel=hotels, page_rows=st.integers(4, 100))
def test_page_size_and_borders_do_not_change_the_output(hotel: dict[str, Any], page_rows: int) -> None:
    whole, _ = run(hotel)
    paged, _ = run(hotel, page_rows=page_rows)
    assert outputs(paged) == outputs(whole)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    before=st.integers(0, 12),
    after=st.integers(0, 12),
    page_rows=st.integers(4, 30),
    copies=st.integers(1, 4),
)
def test_equal_postings_all_count_wherever_a_page_ends(
    before: int, after: int, page_rows: int, copies: int
) -> None:
    others = [posting(RevenueNet=Decimal(number)) for number in range(1, before + after + 1)]
    equal = [posting(RevenueNet=Decimal("0.01"))] * copies
    hotel = {
        "rows": [reservation(CheckIn="2024-01-12T14:00:00", CheckOut="2024-01-13T11:00:00", ResStatus=20)],
        "postings": [*others[:before], *equal, *others[before:]],
    }
    world, _ = run(hotel, page_rows=page_rows)
    (night,) = (night for night in exact_records(world) if night["calendarDate"] == "2024-01-12")
    assert night["revenueRoomInvoice"] == sum(range(1, before + after + 1)) + Decimal("0.01") * copies


@st.composite
def grids(draw: st.DrawFn) -> list[dict[str, Any]]:
    days = st.sampled_from([None, "2023-12-31", "9999-12-31", *(f"2024-01-{day}" for day in range(13, 25))])
    entries = st.fixed_dictionaries(
        {"date": days, "inventory": st.sampled_from([None, -1, 0, 39, 40]), "inventoryOOO": st.integers(0, 1)}
    )
    codes = st.sampled_from(["DBL", "double  ROOM", "ste", "GHOST", None])
    rooms = st.fixed_dictionaries({"roomCode": codes, "dailyInventories": st.lists(entries, max_size=8)})
    return draw(st.lists(rooms, max_size=4))


@SEVERAL
@given(grid=grids(), first_import=st.booleans())
def test_inventory_ranges_have_no_gap_and_no_overlap(grid: list[dict[str, Any]], first_import: bool) -> None:
    last_import = None if first_import else datetime(2024, 1, 14)
    world = World(pms=FakePms(grid=grid), esb=FakeEsb(parameter=ImportParameters(last_import=last_import)))
    world.sync()
    for code in ("DBL", "STE"):
        ranges = [
            (found["calendarDate"], (found["inventory"], found["inventoryOOI"], found["inventoryOOO"]))
            for found in world.published("hotel-configs")["roomInventory"]
            if found["roomCode"] == code
        ]
        bounds = [text.strip("[)").split(",") for text, _ in ranges]
        assert bounds[0][0] == ("1900-01-01" if first_import else "2024-01-15")
        assert [end for _, end in bounds] == [*(start for start, _ in bounds[1:]), ""]
        assert all(start < end for start, end in bounds[:-1])
        levels = [level for _, level in ranges]
        assert all(level != following for level, following in pairwise(levels))


def test_a_catalogue_that_lists_unassigned_keeps_its_place() -> None:
    body = msgspec.json.decode(config_body())
    body["ConfigInfo"].insert(0, item("SEGMENT", "UNASSIGNED", "Listed"))
    world = World(pms=FakePms(config_answer=msgspec.json.encode(body), rows=[reservation()]))
    world.sync()
    assert [code["name"] for code in world.published("segments")["segments"]] == ["Listed", "Corporate"]


def outputs(world: World) -> dict[tuple[str, str], bytes]:
    return {place: body for place, body in world.store.objects.items() if place[0].startswith("out-")}


def exact_records(world: World) -> list[dict[str, Any]]:
    (body,) = (body for (bucket, _), body in world.store.objects.items() if bucket == "out-reservations")
    return exact(body)


def exact(body: bytes) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = msgspec.json.Decoder(list[dict[str, Any]], float_hook=Decimal).decode(body)
    return found
