"""What every object store promises, whatever keeps the bytes."""

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from fakes import MemoryStore

from host_pms.aws.s3 import S3Store
from host_pms.errors import DivergentObjectError
from host_pms.local.disk import DiskStore
from host_pms.ports import ObjectStore

KEY = "H1/reservation-20240115T103045Z.json"


def content(store: ObjectStore, bucket: str, key: str = KEY) -> bytes:
    with store.read(bucket, key) as stream:
        return stream.read()


def put(store: ObjectStore, bucket: str, body: bytes, key: str = KEY) -> None:
    store.put_new(bucket, key, io.BytesIO(body))


@pytest.mark.parametrize("body", [b"", b"\x00\xff\r\n", b"[]"])
def test_what_was_put_is_read_byte_for_byte(store: ObjectStore, bucket: str, body: bytes) -> None:
    put(store, bucket, body)
    assert content(store, bucket) == body


def test_the_same_bytes_again_are_done_already(store: ObjectStore, bucket: str) -> None:
    put(store, bucket, b"same")
    put(store, bucket, b"same")
    assert content(store, bucket) == b"same"


@pytest.mark.parametrize("other", [b"secund", b"first and more", b"fir", b""])
def test_other_bytes_are_refused_and_the_first_stay(store: ObjectStore, bucket: str, other: bytes) -> None:
    put(store, bucket, b"first!")
    with pytest.raises(DivergentObjectError, match=KEY):
        put(store, bucket, other)
    assert content(store, bucket) == b"first!"
    assert store.keys(bucket, "") == (KEY,)


def test_a_missing_object_is_not_found(store: ObjectStore, bucket: str) -> None:
    put(store, bucket, b"", "H1/other.json")
    for key in (KEY, "H1", "H1/other.json/below"):
        with pytest.raises(FileNotFoundError, match=key), store.read(bucket, key):
            pass


class Metered(io.BytesIO):
    """Remembers the largest read; a read of everything counts as one without end."""

    largest = 0.0

    def read(self, size: int | None = -1) -> bytes:
        self.largest = max(self.largest, size if size is not None and size >= 0 else float("inf"))
        return super().read(size)


def test_five_megabytes_go_in_and_out_in_pieces(store: ObjectStore, bucket: str) -> None:
    body = Metered(bytes(range(256)) * 20_000)
    store.put_new(bucket, KEY, body)
    assert 0 < body.largest <= 1 << 20
    pieces = []
    with store.read(bucket, KEY) as stream:
        while piece := stream.read(100_000):
            pieces.append(piece)
    assert {len(piece) for piece in pieces[:-1]} == {100_000}
    assert b"".join(pieces) == body.getvalue()


def test_a_body_is_read_from_its_start_and_left_open(store: ObjectStore, bucket: str) -> None:
    body = io.BytesIO(b"whole body")
    body.seek(6)
    for key in ("H1/first.json", "H1/second.json", "H1/first.json"):
        store.put_new(bucket, key, body)
    assert not body.closed
    assert (
        content(store, bucket, "H1/first.json") == content(store, bucket, "H1/second.json") == b"whole body"
    )


def test_a_read_stream_is_a_binary_file(store: ObjectStore, bucket: str) -> None:
    put(store, bucket, b"one\ntwo\nthree")
    with store.read(bucket, KEY) as stream:
        assert stream.readable()
        assert stream.readline() == b"one\n"
        assert stream.read(2) == b"tw"
        assert list(stream) == [b"o\n", b"three"]
        assert stream.read() == b""
    assert stream.closed


def test_a_stream_may_be_closed_before_its_end(store: ObjectStore, bucket: str) -> None:
    put(store, bucket, b"x" * 3_000_000)
    with store.read(bucket, KEY) as stream:
        assert stream.read(1) == b"x"
    assert stream.closed
    assert len(content(store, bucket)) == 3_000_000


class BodyLostError(Exception):
    pass


class Watched(io.BytesIO):
    """Calls `seen` at every read."""

    def __init__(self, body: bytes, seen: Callable[[], None]) -> None:
        super().__init__(body)
        self._seen = seen

    def read(self, size: int | None = -1) -> bytes:
        self._seen()
        return super().read(size)


def test_nothing_is_there_when_a_body_breaks_off(store: ObjectStore, bucket: str) -> None:
    def break_off() -> None:
        if body.tell():
            raise BodyLostError

    body = Watched(b"x" * 3_000_000, break_off)
    with pytest.raises(BodyLostError):
        store.put_new(bucket, KEY, body)
    assert store.keys(bucket, "") == ()
    with pytest.raises(FileNotFoundError):
        store.read(bucket, KEY)
    put(store, bucket, b"another body")
    assert content(store, bucket) == b"another body"


def test_an_object_is_not_there_before_it_is_whole(store: ObjectStore, bucket: str) -> None:
    seen: list[tuple[str, ...]] = []

    def look() -> None:
        if body.tell() < len(body.getvalue()):
            seen.append(store.keys(bucket, ""))

    body = Watched(b"x" * 300_000, look)
    store.put_new(bucket, KEY, body)
    assert set(seen) == {()}
    assert store.keys(bucket, "") == (KEY,)


def test_keys_are_sorted_and_chosen_by_prefix(store: ObjectStore, bucket: str) -> None:
    keys = (
        "H2/a.json",
        "H1/b-00002.json",
        "H10/a.json",
        "H1/b-00010.json",
        "H1/_state/x.json",
        "H1/ção +%2F.json",
    )
    for key in keys:
        put(store, bucket, b"", key)
    assert store.keys(bucket, "") == tuple(sorted(keys))
    assert store.keys(bucket, "H1/b-") == ("H1/b-00002.json", "H1/b-00010.json")
    assert store.keys(bucket, "H1") == tuple(sorted(key for key in keys if key.startswith("H1")))
    assert store.keys(bucket, "H1/_state/") == ("H1/_state/x.json",)
    assert store.keys(bucket, "H2/a.json") == ("H2/a.json",)
    assert store.keys(bucket, "H3/a") == store.keys(bucket, "H2/a.json/") == ()
    assert content(store, bucket, "H1/ção +%2F.json") == b""


def test_folders_are_what_keys_begin_with(store: MemoryStore | DiskStore | S3Store, bucket: str) -> None:
    for key in ("H2/_state/x.json", "H1/a.json", "H1/_state/runs/b.json", "alone.json", "H10/a.json"):
        put(store, bucket, b"", key)
    assert store.folders(bucket) == ("H1", "H10", "H2")
    assert store.folders("never-made") == ()


def test_a_missing_bucket_has_no_keys(store: ObjectStore) -> None:
    assert store.keys("never-made", "") == store.keys("never-made", "H1/") == ()


def test_one_key_is_two_objects_in_two_prefixes(store: ObjectStore, bucket: str) -> None:
    put(store, bucket, b"one", "H1/" + KEY)
    put(store, bucket, b"two", "H2/" + KEY)
    assert content(store, bucket, "H1/" + KEY) == b"one"


def test_of_eight_threads_exactly_one_creates_the_object(store: ObjectStore, bucket: str) -> None:
    together = Barrier(8)

    def race(number: int) -> int | None:
        together.wait()
        try:
            put(store, bucket, b"%d" % number * 100_000)
        except DivergentObjectError:
            return None
        return number

    with ThreadPoolExecutor(8) as threads:
        (winner,) = (number for number in threads.map(race, range(8)) if number is not None)
    assert content(store, bucket) == b"%d" % winner * 100_000
    assert store.keys(bucket, "") == (KEY,)


def test_eight_threads_with_the_same_bytes_are_all_done(store: ObjectStore, bucket: str) -> None:
    together = Barrier(8)

    def race(_: int) -> None:
        together.wait()
        put(store, bucket, b"same" * 100_000)

    with ThreadPoolExecutor(8) as threads:
        assert len(list(threads.map(race, range(8)))) == 8
    assert content(store, bucket) == b"same" * 100_000
