"""Bodies: what arrives whole, what is broken, what is beyond a limit."""

import gzip
import random
import threading
import tracemalloc
import zlib
from dataclasses import replace

import httpx2
import pytest
from http_doubles import Chunks, Reply, request, world
from hypothesis import given, settings
from hypothesis import strategies as st

from host_pms.clients.body import BrokenBodyError, RefusedBodyError, read_body
from host_pms.clients.connection import whole_call
from host_pms.clients.limits import MIB, SMALL_BODY, InFlight, Limits, NoRoomError
from host_pms.errors import NeedsPersonError, TransientError
from host_pms.services.lookahead import ROOM

GZIP = {"Content-Encoding": "gzip"}
GOOD = Reply(200, b"{}")


def page(size: int, seed: int = 0) -> bytes:
    """A list of numbers that packs to less than half, and no further."""
    digits = random.Random(seed).choices("0123456789,", k=size - 2)
    return b"[" + "".join(digits).encode() + b"]"


def pieces(body: bytes, size: int) -> tuple[bytes, ...]:
    return tuple(body[at : at + size] for at in range(0, len(body), size))


def read(reply: Reply, limits: Limits | None = None, in_flight: InFlight | None = None) -> bytes:
    with whole_call(20):
        return read_body(reply.response(), limits or Limits(), in_flight or InFlight())


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=3000), st.integers(1, 700), st.integers(1, 5000), st.integers(0, 9))
def test_a_gzip_body_comes_back_as_it_was_however_it_is_cut_up(
    body: bytes, times: int, size: int, level: int
) -> None:
    whole = body * min(times, 1 + 200_000 // (len(body) + 1))
    packed = gzip.compress(whole, compresslevel=level)
    if len(whole) <= 100 * len(packed):
        assert read(Reply(200, pieces(packed, size), GZIP)) == whole


@pytest.mark.parametrize(
    "size", [64 * 1024 - 1, 64 * 1024, 64 * 1024 + 1, SMALL_BODY, SMALL_BODY + 1, 3 * MIB]
)
def test_bodies_around_the_inner_sizes_come_back_whole(size: int) -> None:
    body = page(size)
    assert read(Reply(200, pieces(gzip.compress(body), 65_536), GZIP)) == body
    assert read(Reply(200, pieces(body, 65_536))) == body


def test_gzip_in_two_members_is_one_body() -> None:
    packed = gzip.compress(b'{"a": ') + gzip.compress(b"1}")
    assert world(Reply(200, packed, GZIP)).sender.send(request()).body == b'{"a": 1}'


@pytest.mark.parametrize("encoding", ["GZIP", " gzip ", "x-gzip"])
def test_the_name_of_gzip_is_read_leniently(encoding: str) -> None:
    assert read(Reply(200, gzip.compress(b"{}"), {"Content-Encoding": encoding})) == b"{}"


def test_an_empty_body_may_say_that_it_is_gzip() -> None:
    it = world(Reply(204, b"", GZIP))
    assert it.sender.send(request(accepts=frozenset({204}))).body == b""


WHOLE = gzip.compress(page(5000))


@pytest.mark.parametrize(
    "broken",
    [
        Reply(200, WHOLE[:-1], GZIP),
        Reply(200, WHOLE[:-8], GZIP),
        Reply(200, WHOLE[: len(WHOLE) // 2], GZIP),
        Reply(200, WHOLE[:5], GZIP),
        Reply(200, WHOLE[:-8] + b"\0" * 8, GZIP),
        Reply(200, WHOLE + b"trailing", GZIP),
        Reply(200, b"{}", GZIP),
        Reply(200, zlib.compress(b"{}"), GZIP),
        Reply(200, b"{}", {"Content-Encoding": "br"}),
        Reply(200, gzip.compress(WHOLE), {"Content-Encoding": "gzip, gzip"}),
        Reply(200, b"{}", {"Content-Length": "3"}),
        Reply(200, gzip.compress(b"{}"), {**GZIP, "Content-Length": "99"}),
    ],
)
def test_a_broken_body_is_asked_for_again(broken: Reply) -> None:
    it = world(broken, GOOD)
    assert it.sender.send(request()).body == b"{}"
    assert it.calls == 2
    with pytest.raises(TransientError, match=r"body|gzip"):
        world(broken).sender.send(request())


@pytest.mark.parametrize("length", ["2", "02"])
def test_a_body_of_the_length_that_was_said_is_whole(length: str) -> None:
    assert read(Reply(200, b"{}", {"Content-Length": length})) == b"{}"
    assert read(Reply(200, b"{}", {"Content-Length": "7", "Transfer-Encoding": "chunked"})) == b"{}"


def test_a_page_of_exactly_the_limit_is_read_and_one_byte_more_is_refused() -> None:
    limits = Limits(page_bytes=5000)
    assert len(read(Reply(200, page(5000)), limits)) == 5000
    for reply in (Reply(200, page(5001)), Reply(200, gzip.compress(page(5001)), GZIP)):
        it = world(reply, limits=limits)
        with pytest.raises(NeedsPersonError, match="over 5,000 bytes"):
            it.sender.send(request())
        assert it.calls == 1


def test_the_limit_is_16_mib_and_reading_ends_there() -> None:
    stream = Chunks((b" " * 65_536,) * 1000)
    with pytest.raises(RefusedBodyError):
        read_body(httpx2.Response(200, stream=stream), Limits(), InFlight())
    assert stream.taken == 16 * 16 + 1


def bomb(size: int) -> bytes:
    return gzip.compress(b"[" + b" " * size + b"]")


@pytest.mark.parametrize("size", [20_000, 900_000, 3 * MIB, 80 * MIB])
def test_a_gzip_bomb_is_refused_and_never_held(size: int) -> None:
    packed = bomb(size)
    it = world(Reply(200, pieces(packed, 65_536), GZIP))
    tracemalloc.start()
    with pytest.raises(NeedsPersonError, match="gzip bomb"):
        it.sender.send(request())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert it.calls == 1
    assert peak < 8 * MIB


def test_the_gzip_ratio_may_be_100_and_not_more() -> None:
    body = b"[" + b"1," * 40_000 + b"1]"
    packed = gzip.compress(body)
    ratio = len(body) // len(packed)
    assert read(Reply(200, packed, GZIP), Limits(gzip_ratio=ratio + 1)) == body
    with pytest.raises(RefusedBodyError, match=f"over {ratio - 1} times"):
        read(Reply(200, packed, GZIP), Limits(gzip_ratio=ratio - 1))


def test_a_dense_beginning_is_no_bomb_when_the_whole_is_none() -> None:
    body = b"[" + b" " * 500_000 + page(400_000)[1:]
    assert read(Reply(200, pieces(gzip.compress(body), 500), GZIP)) == body


def test_an_error_is_read_only_as_far_as_its_sentence() -> None:
    stream = Chunks((b"x" * 60_000,) * 50)
    it = world(GOOD)
    client = httpx2.Client(transport=httpx2.MockTransport(lambda _: httpx2.Response(404, stream=stream)))
    it.sender._client = client
    with pytest.raises(NeedsPersonError, match="404"):
        it.sender.send(request())
    assert stream.taken == 2


def test_an_answer_that_the_transport_has_read_already_is_taken_as_it_is() -> None:
    response = httpx2.Response(200, content=gzip.compress(b"{}"), headers=GZIP)
    assert read_body(response, Limits(), InFlight()) == b"{}"


def test_rooms_are_given_back_whatever_happens() -> None:
    room = InFlight(bodies=1, large_bodies=1)
    large = Reply(200, page(2 * MIB))
    for reply in (large, replace(large, headers={"Content-Length": "1"}), large):
        try:
            assert read(reply, in_flight=room) == large.body
        except BrokenBodyError:
            assert reply.headers


def test_only_so_many_bodies_are_read_at_once_and_only_some_may_be_large() -> None:
    room = InFlight(bodies=3, large_bodies=1)
    with room.body(lambda: 0.0) as grow:
        grow()
        grow()
        with room.body(lambda: 0.0) as grow_another:
            with pytest.raises(NoRoomError):
                grow_another()
            with room.body(lambda: 0.0), pytest.raises(NoRoomError), room.body(lambda: 0.0):
                pass
    with room.body(lambda: 0.0) as grow:
        grow()


def test_a_process_holds_64_mib_of_answers_read_and_fetched_ahead() -> None:
    room = InFlight()
    small, large = room._bodies._value, room._large_bodies._value
    assert small * SMALL_BODY + large * Limits().page_bytes + ROOM == 64 * MIB


def test_a_body_that_finds_no_room_while_its_call_lasts_is_broken() -> None:
    room = InFlight(bodies=1)
    with room.body(lambda: None), whole_call(0.01), pytest.raises(BrokenBodyError, match="memory"):
        read_body(GOOD.response(), Limits(), room)


def test_many_large_bodies_at_once_all_come_through() -> None:
    room = InFlight(bodies=4, large_bodies=1)
    reply = Reply(200, pieces(page(2 * MIB), 65_536))
    read_bytes: list[int] = []
    threads = [
        threading.Thread(target=lambda: read_bytes.append(len(read(reply, in_flight=room))))
        for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert read_bytes == [2 * MIB] * 12
