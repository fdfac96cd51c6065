"""State that was damaged is refused, or the run is given up: never a bug, never believed, never a crash loop.

Every variant is one damage at one phase of a run; then four more runs. From the second on they must all end
alike, and what was published must be what a world without damage publishes.
"""

import hashlib
import random
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from stopping import CALLS, HOTEL, STAMP, HookedWorld, raising, undisturbed

from host_pms.errors import ConnectorError, NeedsPersonError, StoppedError, TransientError
from host_pms.models.head import Phase

BUCKET = "raw-hotel-configs"
MANIFEST = (BUCKET, f"{HOTEL}/_state/runs/{STAMP}.json")
ANSWERS = (BUCKET, f"{HOTEL}/_state/answers/{STAMP}.json")
REJECTED = ("raw-reservations", f"{HOTEL}/rejected-{STAMP}.json")
DOWN = TransientError("It is down.")
DONE = "done"


# --- a run that stopped at each of its phases ---


def reading(world: HookedWorld, chance: random.Random) -> None:
    world.pms.before = raising(StoppedError("Stopped."), chance.randrange(3, CALLS + 1))


def failing_at(bucket: str, name: str) -> Callable[[HookedWorld, random.Random], None]:
    """The object whose key has `name` in it cannot be put."""

    def stop(world: HookedWorld, _chance: random.Random) -> None:
        def before_put(at: str, key: str) -> None:
            if at == bucket and name in key:
                raise DOWN

        world.store.before_put = before_put

    return stop


def registering(world: HookedWorld, _chance: random.Random) -> None:
    calls = iter(range(100))

    def before_call(_what: str) -> None:
        if next(calls) == 1:
            raise DOWN

    world.esb.before_call = before_call


def moving(world: HookedWorld, _chance: random.Random) -> None:
    world.esb.before_call = lambda what: (_ for _ in ()).throw(DOWN) if what == "move" else None


def triggering(world: HookedWorld, _chance: random.Random) -> None:
    def before_send() -> None:
        raise DOWN

    world.queue.before_send = before_send


def swapping_after_the_manifest(world: HookedWorld, _chance: random.Random) -> None:
    def before_swap(head: Any) -> None:
        if MANIFEST in world.store.objects and head.open_run is None:
            raise DOWN

    world.heads.before_swap = before_swap


def giving_up(world: HookedWorld, chance: random.Random) -> None:
    failing_at(BUCKET, "_state/runs")(world, chance)

    def before_call(_what: str) -> None:
        raise NeedsPersonError("The ESB refused it.")

    world.esb.before_call = before_call


STOPS: dict[str, tuple[Callable[[HookedWorld, random.Random], None], Phase | None]] = {
    "reading": (reading, Phase.EXTRACT),
    "frozen": (failing_at("raw-reservations", "rejected"), Phase.FROZEN),
    "staged": (failing_at("out-segments", ""), Phase.STAGED),
    "registering": (registering, Phase.REGISTER),
    "moving": (moving, Phase.WATERMARK),
    "triggering": (triggering, Phase.TRIGGER),
    "closing": (failing_at(BUCKET, "_state/runs"), Phase.CLOSED),
    "closing again": (swapping_after_the_manifest, Phase.CLOSED),
    "giving up": (giving_up, Phase.ABANDONED),
    "closed": (lambda _world, _chance: None, None),
}


def stopped(place: str, chance: random.Random) -> HookedWorld:
    stop, phase = STOPS[place]
    world = HookedWorld()
    stop(world, chance)
    if phase is None:
        world.sync()
    else:
        with pytest.raises(ConnectorError):
            world.sync()
    assert world.phase is phase
    world.unhook()
    return world


# --- what comes after ---


def ends(world: HookedWorld) -> list[str]:
    """How four runs end, one after the other: done, or the reason of the refusal."""
    return [end(world) for _ in range(4)]


def end(world: HookedWorld) -> str:
    world.clock.sleep(300)
    try:
        world.sync()
    except NeedsPersonError as refusal:
        return str(refusal)
    return DONE


def runs_told(world: HookedWorld) -> list[dict[tuple[str, str], bytes]]:
    """The files that were registered, run by run, with one name for all timestamps."""
    runs: dict[str, dict[tuple[str, str], bytes]] = {}
    for found in world.esb.registrations:
        stamp = found.record_date.replace("-", "").replace(":", "")
        assert stamp in found.file_key
        place = (found.bucket, found.file_key.replace(stamp, "now"))
        runs.setdefault(stamp, {})[place] = world.store.objects[found.bucket, found.file_key]
    return list(runs.values())


def assert_published_as_undisturbed(world: HookedWorld) -> None:
    expected, found = undisturbed(2), runs_told(world)
    assert found[:1] == runs_told(expected)[:1]
    assert all(run == runs_told(expected)[1] for run in found[1:])
    assert len(world.esb.registrations) == len({found.file_key for found in world.esb.registrations})
    assert world.esb.watermarks == expected.esb.watermarks
    sent = [message.attributes["Timestamp"] for message in world.queue.sent]
    told = dict.fromkeys(
        found.record_date.replace("-", "").replace(":", "") for found in world.esb.registrations
    )
    assert sent == list(told)
    assert world.open_run is None
    assert world.head.cursors == expected.head.cursors


def assert_goes_on_as_undisturbed(world: HookedWorld) -> None:
    assert ends(world) == [DONE] * 4
    assert_published_as_undisturbed(world)


def assert_is_given_up_and_read_anew(world: HookedWorld) -> None:
    first, *others = ends(world)
    assert first != DONE
    assert others == [DONE] * 3
    assert world.manifest()["outcome"] == "abandoned"
    assert not [found for found in world.esb.registrations if STAMP in found.file_key]
    assert_published_as_undisturbed(world)


def assert_is_refused(world: HookedWorld, what: str) -> None:
    """Again and again in the same words, and nothing is touched or told."""
    objects, heads, told = dict(world.store.objects), dict(world.heads.heads), world.told()
    calls = world.pms.calls
    reasons = ends(world)
    assert len(set(reasons)) == 1
    assert what in reasons[0]
    assert HOTEL in reasons[0]
    assert world.told() == told
    assert (world.store.objects, world.heads.heads, world.pms.calls) == (objects, heads, calls)


def with_head(world: HookedWorld, change: Callable[[bytes], bytes]) -> None:
    ((at, (body, _, written)),) = world.heads.heads.items()
    changed = change(body)
    assert changed != body
    world.heads.heads[at] = (changed, hashlib.sha256(changed).hexdigest(), written)


@pytest.mark.parametrize("place", STOPS)
def test_without_damage_every_phase_is_gone_on_with(place: str) -> None:
    world = stopped(place, random.Random(0))
    assert_goes_on_as_undisturbed(world)


# --- the head: bytes ---


def truncated(body: bytes, chance: random.Random) -> bytes:
    return body[: chance.randrange(len(body))]


def flipped(body: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(body))
    return body[:at] + bytes([body[at] ^ (1 << chance.randrange(8))]) + body[at + 1 :]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("damage", [truncated, flipped])
@pytest.mark.parametrize("place", STOPS)
def test_a_head_that_was_cut_or_has_one_other_bit_is_refused(
    place: str, damage: Callable[[bytes, random.Random], bytes], seed: int
) -> None:
    chance = random.Random(f"{place}/{damage.__name__}/{seed}")
    world = stopped(place, chance)
    with_head(world, lambda body: damage(body, chance))
    assert_is_refused(world, "never delete it")


def sealed(content: bytes) -> bytes:
    """A head of this content whose own SHA-256 is right."""
    return b'{"sha256":"%s","head":%s}' % (hashlib.sha256(content).hexdigest().encode(), content)


def content(body: bytes) -> bytes:
    return bytes(msgspec.json.decode(body, type=dict[str, msgspec.Raw])["head"])


def resealed(body: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    head = msgspec.json.decode(content(body))
    change(head)
    return sealed(msgspec.json.encode(head))


def with_field(body: bytes, name: str, value: Any) -> bytes:
    return resealed(body, lambda head: head.update({name: value}))


def with_extra(body: bytes, extra: bytes) -> bytes:
    return sealed(content(body)[:-1] + b',"unknown":' + extra + b"}")


OTHER_HEADS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "empty": (lambda _body: b"", "is damaged"),
    "no JSON": (lambda _body: b"<html>503</html>", "is damaged"),
    "null": (lambda _body: b"null", "is damaged"),
    "a list": (lambda _body: b"[]", "is damaged"),
    "no UTF-8": (lambda _body: b'{"sha256":"\xff","head":{}}', "is damaged"),
    "twice": (lambda body: body + body, "is damaged"),
    "unsealed": (content, "is damaged"),
    "sealed twice": (sealed, "is damaged"),
    "an empty head, sealed": (lambda _body: sealed(b"{}"), "is damaged"),
    "no object, sealed": (lambda _body: sealed(b"7"), "is damaged"),
    "huge": (lambda _body: b"x" * 20_000_000, "is damaged"),
    "huge, sealed": (lambda _body: sealed(b"[" + b"1," * 5_000_000 + b"1]"), "is damaged"),
    "deep": (lambda _body: b"[" * 1_000_000, "is damaged"),
    "deep, sealed": (lambda body: with_extra(body, b"[" * 100_000 + b"]" * 100_000), "is damaged"),
    "no UTF-8, sealed": (lambda body: content_with(body, b'"worker-1', b'"worker-\xff'), "is damaged"),
    "the next schema": (lambda body: with_field(body, "schema", 2), "has schema 2"),
    "no schema yet": (lambda body: with_field(body, "schema", 0), "has schema 0"),
    "the next schema, otherwise made": (
        lambda _body: sealed(b'{"schema":2,"hotelCode":"HOTEL001","runs":[]}'),
        "has schema 2",
    ),
    "another hotel's": (lambda body: with_field(body, "hotelCode", "HOTEL002"), "is another hotel's"),
    "one that looks like this one": (lambda body: with_field(body, "hotelCode", "hotel001"), "another hotel"),
}


def content_with(body: bytes, old: bytes, new: bytes) -> bytes:
    assert old in content(body)
    return sealed(content(body).replace(old, new))


@pytest.mark.parametrize("place", ["staged", "closed"])
@pytest.mark.parametrize("name", OTHER_HEADS)
def test_what_is_no_head_of_this_hotel_and_version_is_refused(name: str, place: str) -> None:
    change, reason = OTHER_HEADS[name]
    world = stopped(place, random.Random(0))
    with_head(world, change)
    assert_is_refused(world, reason)


# --- the head: properly sealed, and wrong ---


def places_in(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container of a JSON value with each of its keys."""
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from places_in(value[key])


WRONG: dict[type, Any] = {str: 7, int: "7", bool: 1, list: {"a": 1}, dict: [1]}


@pytest.mark.parametrize("seed", range(60))
def test_a_head_with_a_value_of_another_type_is_refused(seed: int) -> None:
    chance = random.Random(seed)
    world = stopped(chance.choice(list(STOPS)), chance)

    def change(head: dict[str, Any]) -> None:
        found = [(box, key) for box, key in places_in(head) if type(box[key]) in WRONG]
        box, key = chance.choice(found)
        box[key] = WRONG[type(box[key])]

    with_head(world, lambda body: resealed(body, change))
    assert_is_refused(world, "is damaged")


def run_with(**changes: Any) -> Callable[[dict[str, Any]], None]:
    """A change of the open run; `plan__x` is its plan's x."""

    def change(head: dict[str, Any]) -> None:
        for name, value in changes.items():
            *boxes, last = name.split("__")
            box = head["openRun"]
            for step in boxes:
                box = box[step]
            box[last] = value

    return change


FILE = {"fileType": "config", "bucket": "out", "fileKey": "HOTEL002/x", "recordCount": 1, "sha256": ""}
CONTRADICTIONS: list[tuple[str, Callable[[dict[str, Any]], None]]] = [
    ("reading", run_with(phase="frozen")),
    ("reading", run_with(phase="staged")),
    ("reading", run_with(phase="register")),
    ("reading", run_with(phase="closed")),
    ("reading", run_with(phase="a phase of tomorrow")),
    ("frozen", run_with(phase="extract")),
    ("frozen", run_with(phase="watermark")),
    ("frozen", run_with(frozen=None)),
    ("staged", run_with(phase="extract")),
    ("staged", run_with(phase="frozen")),
    ("staged", run_with(phase="trigger")),
    ("staged", run_with(frozen=None)),
    ("staged", run_with(plan=None)),
    ("staged", run_with(plan__registered=1)),
    ("registering", run_with(phase="staged")),
    ("registering", run_with(phase="watermark")),
    ("registering", run_with(plan=None)),
    ("registering", run_with(plan__files=[])),
    ("registering", run_with(plan__files=[FILE])),
    ("registering", run_with(plan__files=[FILE] * 3)),
    ("registering", run_with(plan__registered=3)),
    ("registering", run_with(plan__registered=4)),
    ("registering", run_with(plan__registered=-1)),
    ("moving", run_with(phase="register")),
    ("moving", run_with(plan__files=[], plan__registered=0)),
    ("triggering", run_with(plan__registered=2)),
    ("closing", run_with(plan=None)),
    ("giving up", run_with(frozen=None)),
    ("reading", run_with(started="2024-01-15T10:30:44Z")),
    ("reading", run_with(started="2024-01-15T10:30:45")),
    ("reading", run_with(started="0000-00-00T00:00:00Z")),
    ("reading", run_with(window__held="2024-01-14T02:00:00Z")),
    ("reading", run_with(window__updateFrom="2024-01-14T02:00:00+01:00")),
    ("reading", run_with(epoch=7)),
    ("reading", run_with(progress__spans=[[7, 1]])),
    ("reading", run_with(progress__spans=[[1, 10**15]])),
    ("reading", run_with(progress__spans=[[1, 10**30]])),
    ("reading", run_with(progress__spans=[[1, -1]])),
    ("reading", run_with(progress__spans=[[1, 0]])),
    ("reading", lambda head: head.update(lastStarted=None)),
    ("reading", lambda head: head.update(lastStarted="2024-01-16T10:30:45Z")),
    ("closed", lambda head: head.update(lastStarted="2024-01-15T10:30:45")),
    ("closed", lambda head: head.update(watermarks=["2024-01-15T10:30:45Z"])),
    ("closed", lambda head: head["cursors"].update(postings="2024-01-15T10:30:45Z")),
]


@pytest.mark.parametrize("number", range(len(CONTRADICTIONS)))
def test_a_head_that_contradicts_itself_is_refused(number: int) -> None:
    place, change = CONTRADICTIONS[number]
    world = stopped(place, random.Random(0))
    with_head(world, lambda body: resealed(body, change))
    assert_is_refused(world, "never delete it")


@pytest.mark.parametrize(
    "digest", ["", "00", "no hex", "0" * 64, hashlib.sha256(b"of other answers").hexdigest()]
)
@pytest.mark.parametrize("place", ["reading", "frozen", "staged"])
def test_answers_that_have_not_the_digest_in_the_head_are_given_up(place: str, digest: str) -> None:
    world = stopped(place, random.Random(0))
    with_head(world, lambda body: resealed(body, run_with(progress__digest=digest)))
    assert_is_given_up_and_read_anew(world)


@pytest.mark.parametrize("call", [2, 5, 11])
@pytest.mark.parametrize("damage", [truncated, flipped])
def test_a_head_that_is_damaged_under_a_run_stops_it(
    call: int, damage: Callable[[bytes, random.Random], bytes]
) -> None:
    world = HookedWorld()
    chance = random.Random(call)

    def before(number: int) -> None:
        if number == call:
            with_head(world, lambda body: damage(body, chance))

    world.pms.before = before
    with pytest.raises(NeedsPersonError, match="never delete it"):
        world.sync()
    world.unhook()
    assert world.told() == ([], [], [])
    assert world.published_files() == {}
    assert_is_refused(world, "never delete it")


# --- kept answers ---


def kept_answers(world: HookedWorld) -> list[tuple[str, str]]:
    return [at for at in world.store.objects if at[0].startswith("raw-") and "_state" not in at[1]]


def cut_one(world: HookedWorld, chance: random.Random) -> None:
    at = chance.choice(kept_answers(world))
    world.store.objects[at] = truncated(world.store.objects[at], chance)


def flip_one(world: HookedWorld, chance: random.Random) -> None:
    at = chance.choice(kept_answers(world))
    world.store.objects[at] = flipped(world.store.objects[at], chance)


def lose_one(world: HookedWorld, chance: random.Random) -> None:
    del world.store.objects[chance.choice(kept_answers(world))]


def swap_two(world: HookedWorld, chance: random.Random) -> None:
    one, other = chance.sample(kept_answers(world), 2)
    objects = world.store.objects
    objects[one], objects[other] = objects[other], objects[one]


def change_the_day(world: HookedWorld, chance: random.Random) -> None:
    """As many windows of the grid as there were, or more, or none."""
    at = (BUCKET, f"{HOTEL}/config-{STAMP}.json")
    config = msgspec.json.decode(world.store.objects[at])
    day = chance.choice(["2024-01-16", "2023-01-15", "2031-01-15", "8999-01-15", "1900-01-01"])
    config["HotelInfo"] |= {"HotelDate": f"{day}T00:00:00", "LocalTime": f"{day}T10:30:45"}
    world.store.objects[at] = msgspec.json.encode(config)


ANSWER_DAMAGE = [
    *[cut_one] * 20,
    *[flip_one] * 40,
    *[lose_one] * 8,
    *[swap_two] * 8,
    *[change_the_day] * 8,
]


@pytest.mark.parametrize("seed", range(len(ANSWER_DAMAGE)))
def test_a_run_whose_kept_answers_were_damaged_is_given_up_and_the_next_reads_anew(seed: int) -> None:
    chance = random.Random(seed)
    world = stopped(chance.choice(["reading", "frozen", "staged"]), chance)
    before = dict(world.store.objects)
    world.store.objects.pop(REJECTED, None)
    ANSWER_DAMAGE[seed](world, chance)
    assert world.store.objects != before
    if REJECTED in before:
        world.store.objects[REJECTED] = before[REJECTED]
    world.pms.answered.clear()
    assert_is_given_up_and_read_anew(world)


@pytest.mark.parametrize("total", [10, 10_000])
@pytest.mark.parametrize("name", ["reservation", "revenue"])
@pytest.mark.parametrize("place", ["frozen", "staged"])
def test_a_list_that_seems_to_have_another_length_is_given_up(place: str, name: str, total: int) -> None:
    """One that seems to end with its first page leaves kept answers over, which nobody would look at."""
    world = stopped(place, random.Random(0))
    at = ("raw-reservations", f"{HOTEL}/{name}-{STAMP}-00001.json")
    page = msgspec.json.decode(world.store.objects[at])
    for rows in page.values():
        for row in rows:
            row["TotalRows"] = total
    world.store.objects[at] = msgspec.json.encode(page)
    assert_is_given_up_and_read_anew(world)


@pytest.mark.parametrize("seed", range(24))
def test_answers_are_not_needed_any_more_once_the_files_are_stored(seed: int) -> None:
    chance = random.Random(seed)
    world = stopped(chance.choice(["registering", "moving", "triggering", "closing"]), chance)
    world.store.objects.pop(REJECTED)
    chance.choice([cut_one, flip_one, lose_one])(world, chance)
    assert_goes_on_as_undisturbed(world)


# --- what else is kept ---


def no_more(_body: bytes, _chance: random.Random) -> None:
    """The object is gone."""


OBJECT_DAMAGE: list[Callable[[bytes, random.Random], bytes | None]] = [
    truncated,
    flipped,
    no_more,
    lambda _body, _chance: b"",
    lambda _body, _chance: b"[[[[",
    lambda _body, _chance: b"{}",
    lambda _body, _chance: b"\xff\xfe",
]


def damage_object(
    world: HookedWorld, at: tuple[str, str], damage: Callable[[bytes, random.Random], bytes | None]
) -> None:
    damaged = damage(world.store.objects.pop(at), random.Random(0))
    if damaged is not None:
        world.store.objects[at] = damaged


@pytest.mark.parametrize("damage", OBJECT_DAMAGE)
@pytest.mark.parametrize("place", ["frozen", "staged", "registering", "closing", "closed"])
def test_the_list_of_the_answers_is_for_people_and_stops_no_run(place: str, damage: Any) -> None:
    """The head has the digest of the answers themselves."""
    world = stopped(place, random.Random(0))
    damage_object(world, ANSWERS, damage)
    assert_goes_on_as_undisturbed(world)


@pytest.mark.parametrize("damage", OBJECT_DAMAGE)
@pytest.mark.parametrize("place", ["registering", "moving", "triggering", "closing"])
def test_a_damaged_list_of_rejected_rows_stops_no_run_that_told_somebody(place: str, damage: Any) -> None:
    world = stopped(place, random.Random(0))
    damage_object(world, REJECTED, damage)
    assert_goes_on_as_undisturbed(world)
    assert world.manifest()["answers"]["rejected"] == 1


@pytest.mark.parametrize("damage", [one for one in OBJECT_DAMAGE if one is not no_more])
def test_a_damaged_list_of_rejected_rows_ends_a_run_that_would_write_another(damage: Any) -> None:
    world = stopped("staged", random.Random(0))
    damage_object(world, REJECTED, damage)
    assert_is_given_up_and_read_anew(world)


@pytest.mark.parametrize("damage", OBJECT_DAMAGE)
def test_a_damaged_list_of_rejected_rows_does_not_keep_open_what_was_given_up(damage: Any) -> None:
    world = stopped("giving up", random.Random(0))
    damage_object(world, REJECTED, damage)
    assert_goes_on_as_undisturbed(world)


@pytest.mark.parametrize("damage", [truncated, flipped])
@pytest.mark.parametrize("place", ["reading", "frozen", "staged", "registering", "triggering", "closing"])
def test_a_manifest_with_other_bytes_stays_and_the_run_is_closed(place: str, damage: Any) -> None:
    """All is told, once, and the head is the truth: for its manifest alone no run stays open."""
    manifest = undisturbed(1).store.objects[MANIFEST]
    world = stopped(place, random.Random(0))
    other = damage(manifest, random.Random(1))
    world.store.objects[MANIFEST] = other
    assert_goes_on_as_undisturbed(world)
    assert world.store.objects[MANIFEST] == other


def test_a_damaged_manifest_of_a_run_that_was_closed_stops_nobody() -> None:
    world = stopped("closed", random.Random(0))
    world.store.objects[MANIFEST] = b"damaged"
    assert_goes_on_as_undisturbed(world)


@pytest.mark.parametrize("damage", [truncated, flipped])
@pytest.mark.parametrize("bucket", ["out-hotel-configs", "out-segments"])
def test_a_stored_file_that_was_damaged_before_it_was_registered_ends_the_run(
    bucket: str, damage: Callable[[bytes, random.Random], bytes]
) -> None:
    chance = random.Random(0)
    world = HookedWorld()
    failing_at("out-reservations", "")(world, chance)
    with pytest.raises(TransientError):
        world.sync()
    world.unhook()
    ((at, body),) = ((at, body) for at, body in world.published_files().items() if at[0] == bucket)
    world.store.objects[at] = damage(body, chance)
    assert_is_given_up_and_read_anew(world)
