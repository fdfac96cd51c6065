"""What is kept of a run that is closed: enough to know what it did, nothing of any guest."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from fake_pms import POLICY, posting, reservation
from stopping import CALLS, HOTEL, STAMP, HookedWorld, raising, undisturbed

from host_pms.errors import ConnectorError, NeedsPersonError, StoppedError, TransientError
from host_pms.models.head import Phase
from host_pms.services.window import Asked

DOWN = TransientError("It is down.")


def answer_list(world: HookedWorld, manifest: dict[str, Any]) -> list[dict[str, str]]:
    """The raw answers that a manifest names, checked to be the list that it means."""
    body = world.store.objects["raw-hotel-configs", manifest["answers"]["key"]]
    assert hashlib.sha256(body).hexdigest() == manifest["answers"]["sha256"]
    return json.loads(body)["answers"]


def test_of_a_run_that_published() -> None:
    world = undisturbed(1)
    manifest = world.manifest()
    assert manifest["hotelCode"] == HOTEL
    assert manifest["started"] == "2024-01-15T10:30:45Z"
    assert (manifest["outcome"], manifest["reason"], manifest["epoch"]) == ("published", "", 1)
    assert manifest["window"] == {
        "updateFrom": "2024-01-14T00:00:00",
        "revenueFrom": "2024-01-14T00:00:00",
        "complete": False,
        "held": "2024-01-14T02:00:00",
        "cursors": {"reservations": "2024-01-14T02:00:00", "postings": "2024-01-14T02:00:00"},
        "movesWatermark": True,
    }
    assert manifest["lastNight"] == "2024-03-15"
    assert manifest["cursors"] == dict.fromkeys(("reservations", "postings"), "2024-01-15T10:30:45")
    assert manifest["watermark"] == "2024-01-15T10:30:45"
    assert manifest["progress"]["spans"] == [[1, CALLS]]
    assert manifest["progress"]["pages"] == {"config": 1, "reservation": 3, "revenue": 4, "inventory": 3}
    assert manifest["counts"]["reservationRows"] == 25
    assert manifest["counts"]["rejectedReservations"] == 1


def test_its_files_are_those_in_the_buckets_and_those_that_were_registered() -> None:
    world = undisturbed(1)
    manifest = world.manifest()
    assert manifest["registered"] == 3
    files = {(found["bucket"], found["fileKey"]): found["sha256"] for found in manifest["files"]}
    assert files == {at: hashlib.sha256(body).hexdigest() for at, body in world.published_files().items()}
    assert [(found["fileType"], found["recordCount"]) for found in manifest["files"]] == [
        (found.file_type, found.record_count) for found in world.esb.registrations
    ]


def test_its_answers_are_those_in_the_raw_buckets_in_order() -> None:
    world = undisturbed(1)
    answers = answer_list(world, world.manifest())
    assert len(answers) == CALLS
    for found in answers:
        body = world.store.objects[found["bucket"], found["key"]]
        assert hashlib.sha256(body).hexdigest() == found["sha256"]
    assert [found["key"].split("-")[0] for found in answers] == [
        f"{HOTEL}/{kind}" for kind in ["config", *["reservation"] * 3, *["revenue"] * 4, *["inventory"] * 3]
    ]


def test_its_rolling_digest_is_that_of_its_answers() -> None:
    world = undisturbed(1)
    manifest = world.manifest()
    digest = b""
    for found in answer_list(world, manifest):
        digest = hashlib.sha256(digest + bytes.fromhex(found["sha256"])).digest()
    assert manifest["progress"]["digest"] == digest.hex()


def test_the_head_remembers_no_more_of_a_closed_run_than_the_next_one_needs() -> None:
    world = undisturbed(1)
    manifest = world.manifest()
    head = world.head
    assert head.open_run is None
    assert head.cursors.reservations == datetime.fromisoformat(manifest["cursors"]["reservations"])
    assert head.watermarks == (datetime.fromisoformat(manifest["watermark"]),)
    ((body, _, _),) = world.heads.heads.values()
    assert len(body) < 1000


def test_of_a_run_that_several_workers_made() -> None:
    world = HookedWorld()
    for _ in range(2):
        world.pms.before = raising(StoppedError("Stopped."), world.pms.calls + 4)
        with pytest.raises(StoppedError):
            world.sync()
        world.clock.sleep(60)
    world.pms.before = lambda _number: None
    world.sync()
    manifest = world.manifest()
    assert manifest["epoch"] == 1
    assert manifest["progress"]["spans"] == [[1, 3], [2, 3], [3, CALLS - 6]]
    assert manifest["answers"]["key"] == f"{HOTEL}/_state/answers/{STAMP}-e3.json"
    keys = [found["key"] for found in answer_list(world, manifest)]
    assert [key.endswith("-e2.json") for key in keys] == [False] * 3 + [True] * 3 + [False] * (CALLS - 6)
    expected = undisturbed(1).manifest()
    same = ("files", "counts", "books", "cursors", "watermark", "window", "outcome", "lastNight")
    assert {name: manifest[name] for name in same} == {name: expected[name] for name in same}
    assert manifest["progress"]["digest"] == expected["progress"]["digest"]


def test_of_a_run_that_moved_no_watermark() -> None:
    """Read from a date before the one held, by request: the watermark is not its own to move."""
    world = HookedWorld()
    world.sync(Asked(since=datetime(2024, 1, 14, 20)))
    manifest = world.manifest()
    assert manifest["window"]["movesWatermark"] is False
    assert manifest["watermark"] == "2024-01-14T02:00:00"
    assert manifest["cursors"] == dict.fromkeys(("reservations", "postings"), "2024-01-14T02:00:00")
    assert world.esb.watermarks == []


# --- abandoned runs ---


def abandoned(
    world: HookedWorld, error: type[ConnectorError] = NeedsPersonError, **more: Any
) -> dict[str, Any]:
    with pytest.raises(error) as caught:
        world.sync(**more)
    manifest = world.manifest()
    assert manifest["outcome"] == "abandoned"
    assert manifest["reason"] == str(caught.value)
    assert manifest["registered"] == 0
    assert manifest["watermark"] is None
    assert manifest["cursors"] == dict.fromkeys(("reservations", "postings"), "2024-01-14T02:00:00")
    assert world.open_run is None
    assert world.told() == ([], [], [])
    return manifest


def test_of_a_run_that_was_given_up_while_reading() -> None:
    world = HookedWorld()
    world.pms.before = raising(NeedsPersonError("Host refused the key."), 5)
    manifest = abandoned(world)
    assert (manifest["answers"], manifest["files"], manifest["counts"]) == (None, [], {})
    assert manifest["progress"]["spans"] == [[1, 1]]  # what the head knew


def test_of_a_run_that_rejected_too_many_rows() -> None:
    world = HookedWorld()
    world.pms.pms.rows = [reservation(), *[reservation(ResId=None, FirstName="Grace")] * 6]
    manifest = abandoned(world)
    assert len(manifest["rejected"]) == manifest["answers"]["rejected"] == 6
    assert len(answer_list(world, manifest)) == sum(manifest["progress"]["pages"].values())


def test_of_a_run_whose_first_registration_was_refused() -> None:
    world = HookedWorld()

    def refuse(_what: str) -> None:
        raise NeedsPersonError("The ESB refused it.")

    world.esb.before_call = refuse
    manifest = abandoned(world)
    assert len(manifest["files"]) == 3  # they lie in their buckets, and nobody was told


# --- rejected rows, and what must not stand in any state ---


def test_rejected_rows_are_there_by_place_path_and_reason() -> None:
    world = HookedWorld()
    world.pms.pms.rows[3] = reservation(ResId=3, CheckIn="Grace Hopper")
    world.pms.pms.postings[12] = posting(RevenueNet="much")
    world.sync()
    rejected = world.manifest()["rejected"]
    assert [(found["dataset"], found["row"], found["path"]) for found in rejected] == [
        ("reservation", 3, "CheckIn"),
        ("reservation", 6, "CheckIn"),
        ("revenue", 3, "RevenueNet"),
    ]
    assert all(set(found) == {"dataset", "raw_key", "row", "path", "reason"} for found in rejected)
    listed = {found["key"] for found in answer_list(world, world.manifest())}
    assert {found["raw_key"] for found in rejected} <= listed


GUEST = {
    "FirstName": "Ada",
    "LastName": "Lovelace",
    "Email": "ada@example.org",
    "BirthDate": "1815-12-10",
    "Country": "Byronia",
}
WORDS = [b"Ada", b"Grace", b"Hopper", b"Lovelace", b"example.org", b"1815", b"Byronia", b"Babbage"]


def odd_rows() -> list[dict[str, Any]]:
    """Guests' names wherever Host could put them, also where none belongs."""
    return [
        reservation(**GUEST),
        reservation(**GUEST, ResId="Ada Lovelace"),
        reservation(**GUEST, ResId={"Ada Lovelace": 1}),
        reservation(**GUEST, CheckIn="Grace Hopper"),
        reservation(**GUEST, ResId=3, Prices=[{"Date": "Grace Hopper", "Amount": "Babbage"}]),
        reservation(**GUEST, ResId=4, Prices={"Ada Lovelace": []}),
        reservation(**GUEST, ResId=5, Rooms="Ada"),
        reservation(**GUEST, ResId=6, ResStatus="Grace Hopper"),
        reservation(**GUEST, ResId=7, **{"Ada Lovelace": "Babbage"}),
        *[reservation(**GUEST, ResId=number) for number in range(100, 230)],
    ]


def with_guests() -> HookedWorld:
    world = HookedWorld()
    world.pms.pms.page_rows = 100
    world.pms.pms.rows = odd_rows()
    world.pms.pms.postings = [
        posting(**GUEST),
        posting(**GUEST, RevenueNet="Grace Hopper"),
        posting(**GUEST, HotelDate="Babbage"),
    ]
    return world


def states(world: HookedWorld) -> list[bytes]:
    """Every object of the state: the head, manifests, lists of answers; and the lists of rejected rows."""
    kept = [body for (_, key), body in world.store.objects.items() if "_state/" in key or "rejected-" in key]
    return [*kept, *(body for body, _, _ in world.heads.heads.values())]


def published(world: HookedWorld) -> None:
    world.sync()


def stopped_while_reading(world: HookedWorld) -> None:
    world.pms.before = raising(StoppedError("Stopped."), 5)
    with pytest.raises(StoppedError):
        world.sync()


def stopped_while_telling(world: HookedWorld) -> None:
    def fail(what: str) -> None:
        if what == "move":
            raise DOWN

    world.esb.before_call = fail
    with pytest.raises(TransientError):
        world.sync()


def given_up_for_its_rejects(world: HookedWorld) -> None:
    with pytest.raises(NeedsPersonError, match="cannot be read"):
        world.sync(policy=replace(POLICY, reject_limit=0))


def given_up_by_the_esb(world: HookedWorld) -> None:
    world.esb.before_call = raising_always(NeedsPersonError("The ESB refused it."))
    with pytest.raises(NeedsPersonError):
        world.sync()


def raising_always(error: Exception) -> Callable[[str], None]:
    def fail(_what: str) -> None:
        raise error

    return fail


ENDS = [
    published,
    stopped_while_reading,
    stopped_while_telling,
    given_up_for_its_rejects,
    given_up_by_the_esb,
]


@pytest.mark.parametrize("end", ENDS)
def test_nothing_of_a_guest_stands_in_any_state(end: Callable[[HookedWorld], None]) -> None:
    world = with_guests()
    end(world)
    everything = b"\n".join(states(world))
    assert [word for word in WORDS if word in everything] == []
    assert all(word in b"".join(world.store.objects.values()) for word in WORDS)  # so they would be found


# --- closing twice ---


@pytest.mark.parametrize("outcome", ["published", "unchanged", "abandoned"])
def test_a_run_that_is_closed_twice_writes_the_same_bytes(outcome: str) -> None:
    world = HookedWorld()
    if outcome == "unchanged":
        world.sync()
        world.pms.pms.rows, world.pms.pms.postings = [], []
        world.clock.sleep(60)
    if outcome == "abandoned":
        world.esb.before_call = raising_always(NeedsPersonError("The ESB refused it."))
    timestamp = f"{world.clock.now():%Y%m%dT%H%M%SZ}"
    key = ("raw-hotel-configs", f"{HOTEL}/_state/runs/{timestamp}.json")

    def fail(head: Any) -> None:
        if key in world.store.objects and head.open_run is None:
            raise DOWN

    world.heads.before_swap = fail
    with pytest.raises(ConnectorError):
        world.sync()
    assert world.phase is (Phase.ABANDONED if outcome == "abandoned" else Phase.CLOSED)
    body = world.store.objects[key]
    puts: list[str] = []

    def note(_bucket: str, at: str) -> None:
        if at == key[1]:
            puts.append(at)

    world.store.before_put = note
    world.heads.before_swap = lambda _head: None
    world.esb.before_call = lambda _what: None
    told = world.told()
    world.clock.sleep(300)
    world.pms.before = raising(DOWN, world.pms.calls + 1)
    with pytest.raises(TransientError):
        world.sync()  # closes it, then fails at its own first call
    assert puts == [key[1]]
    assert world.store.objects[key] == body
    assert world.manifest(timestamp)["outcome"] == outcome
    assert world.told() == told
    assert world.open_run is None


def test_a_manifest_that_somebody_else_wrote_is_left_and_the_run_is_closed() -> None:
    """All is published by then: for the manifest alone, no run stays open."""
    world = HookedWorld()
    key = ("raw-hotel-configs", f"{HOTEL}/_state/runs/{STAMP}.json")
    world.store.objects[key] = b"of somebody else"
    world.sync()
    assert world.told() == undisturbed(1).told()
    assert world.store.objects[key] == b"of somebody else"
    assert world.open_run is None


@pytest.mark.parametrize("damage", [b"", b"[", b"{}", b"[]", b"\xff", b'[{"row": 1}]'])
def test_a_list_of_rejected_rows_that_cannot_be_read_does_not_keep_a_run_open(damage: bytes) -> None:
    """All is published by then, and the answers still hold the rows."""
    world = HookedWorld()

    def spoil(what: str) -> None:
        if what == "move":
            world.store.objects["raw-reservations", f"{HOTEL}/rejected-{STAMP}.json"] = damage

    world.esb.before_call = spoil
    world.sync()
    manifest = world.manifest()
    assert manifest["outcome"] == "published"
    assert manifest["rejected"] == []
    assert manifest["answers"]["rejected"] == 1
