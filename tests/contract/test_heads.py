"""What every store of heads promises, whatever keeps them."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from fakes import MemoryHeads
from losing_proxy import LosingProxy
from moto.s3.models import s3_backends

from host_pms.errors import TransientError, VersionMismatchError, WriteConflictError
from host_pms.local.files import object_path
from host_pms.local.head import DiskHeads
from host_pms.ports import HeadStore, HeldHead

KEY = "H1/_state/head.json"
WRITERS = 8
LOST_RACE = (VersionMismatchError, WriteConflictError)


def held(heads: HeadStore, bucket: str, key: str = KEY) -> HeldHead:
    head = heads.read(bucket, key)
    assert head is not None
    return head


def test_where_nothing_is_there_is_no_head(heads: HeadStore, bucket: str) -> None:
    assert heads.read(bucket, KEY) is None
    heads.swap(bucket, KEY, b"{}", expected=None)
    assert heads.read(bucket, "H2/_state/head.json") is None


@pytest.mark.parametrize("body", [b"", b"\x00\xff\r\n", b"x" * 300_000])
def test_what_is_created_is_read_byte_for_byte(heads: HeadStore, bucket: str, body: bytes) -> None:
    version = heads.swap(bucket, KEY, body, expected=None)
    head = held(heads, bucket)
    assert (head.body, head.version) == (body, version)


@pytest.mark.parametrize("body", [b"first", b"second"])
def test_a_head_is_created_once(heads: HeadStore, bucket: str, body: bytes) -> None:
    version = heads.swap(bucket, KEY, b"first", expected=None)
    with pytest.raises(VersionMismatchError):
        heads.swap(bucket, KEY, body, expected=None)
    assert (held(heads, bucket).body, held(heads, bucket).version) == (b"first", version)


def test_the_version_that_is_there_is_replaced(heads: HeadStore, bucket: str) -> None:
    first = heads.swap(bucket, KEY, b"a longer first", expected=None)
    second = heads.swap(bucket, KEY, b"second", expected=first)
    third = heads.swap(bucket, KEY, b"", expected=second)
    assert len({first, second, third}) == 3
    assert (held(heads, bucket).body, held(heads, bucket).version) == (b"", third)


def test_a_version_that_was_read_can_be_replaced(heads: HeadStore, bucket: str) -> None:
    heads.swap(bucket, KEY, b"first", expected=None)
    heads.swap(bucket, KEY, b"second", expected=held(heads, bucket).version)
    assert held(heads, bucket).body == b"second"


def test_an_old_version_is_not_replaced(heads: HeadStore, bucket: str) -> None:
    first = heads.swap(bucket, KEY, b"first", expected=None)
    second = heads.swap(bucket, KEY, b"second", expected=first)
    with pytest.raises(VersionMismatchError):
        heads.swap(bucket, KEY, b"third", expected=first)
    assert (held(heads, bucket).body, held(heads, bucket).version) == (b"second", second)


def test_a_version_where_nothing_is_there_is_a_mismatch(heads: HeadStore, bucket: str) -> None:
    version = heads.swap(bucket, KEY, b"first", expected=None)
    with pytest.raises(VersionMismatchError):
        heads.swap(bucket, "H2/_state/head.json", b"second", expected=version)
    assert heads.read(bucket, "H2/_state/head.json") is None


def test_a_state_that_comes_back_under_another_put_id_is_another_version(
    heads: HeadStore, bucket: str
) -> None:
    free = heads.swap(bucket, KEY, b"free, put 1", expected=None)
    taken = heads.swap(bucket, KEY, b"taken, put 2", expected=free)
    heads.swap(bucket, KEY, b"free, put 3", expected=taken)
    with pytest.raises(VersionMismatchError):
        heads.swap(bucket, KEY, b"taken, put 4", expected=free)
    assert held(heads, bucket).body == b"free, put 3"


def test_each_hotel_has_a_head_of_its_own(heads: HeadStore, bucket: str) -> None:
    for hotel in (b"H1", b"H2"):
        heads.swap(bucket, f"{hotel.decode()}/_state/head.json", hotel, expected=None)
    assert held(heads, bucket, "H1/_state/head.json").body == b"H1"
    assert held(heads, bucket, "H2/_state/head.json").body == b"H2"


def race(heads: HeadStore, bucket: str, expected: str | None) -> list[str | None]:
    """The versions that so many writers at once made of one; None for each that lost."""
    together = Barrier(WRITERS)

    def write(number: int) -> str | None:
        together.wait()
        try:
            return heads.swap(bucket, KEY, b"writer %d" % number, expected=expected)
        except LOST_RACE:
            return None

    with ThreadPoolExecutor(WRITERS) as threads:
        return list(threads.map(write, range(WRITERS)))


def test_of_writers_on_one_version_exactly_one_wins(heads: HeadStore, bucket: str) -> None:
    version: str | None = None
    for _ in range(2):  # first they create, then they replace
        made = race(heads, bucket, version)
        (version,) = filter(None, made)
        head = held(heads, bucket)
        assert (head.body, head.version) == (b"writer %d" % made.index(version), version)
        version = heads.swap(bucket, KEY, b"after " + head.body, expected=version)


def test_of_writers_who_read_and_swap_no_increment_is_lost(heads: HeadStore, bucket: str) -> None:
    heads.swap(bucket, KEY, b"0", expected=None)
    together = Barrier(WRITERS)

    def increment() -> bool:
        head = held(heads, bucket)
        try:
            heads.swap(bucket, KEY, b"%d" % (int(head.body) + 1), expected=head.version)
        except LOST_RACE:
            return False
        return True

    def write(_: int) -> None:
        together.wait()
        done = 0
        while done < 20:
            done += increment()

    with ThreadPoolExecutor(WRITERS) as threads:
        list(threads.map(write, range(WRITERS)))
    assert held(heads, bucket).body == b"%d" % (WRITERS * 20)


# --- age ---


@pytest.fixture
def grow_older(heads: HeadStore, bucket: str) -> Callable[[int], None]:
    """Let seconds pass, or put back by so many when the head was written."""
    if isinstance(heads, MemoryHeads):
        return heads._clock.sleep
    if isinstance(heads, DiskHeads):
        path = object_path(heads._root, bucket, KEY)
        return lambda seconds: os.utime(path, ns=(0, path.stat().st_mtime_ns - seconds * 10**9))

    def put_back(seconds: int) -> None:
        found = s3_backends["123456789012"]["aws"].head_object(bucket, KEY)
        found.last_modified -= timedelta(seconds=seconds)

    return put_back


@pytest.mark.parametrize("heads", ["memory", "disk", "moto"], indirect=True)
def test_a_head_grows_older_until_it_is_swapped(
    heads: HeadStore, bucket: str, grow_older: Callable[[int], None]
) -> None:
    version = heads.swap(bucket, KEY, b"first", expected=None)
    young = held(heads, bucket).age
    grow_older(3600)
    assert 3600 <= held(heads, bucket).age < 3600 + young + 600  # not by a time zone
    assert held(heads, bucket).version == version
    grow_older(3600)
    assert held(heads, bucket).age >= 7200
    heads.swap(bucket, KEY, b"second", expected=version)
    assert held(heads, bucket).age < 3600


def test_a_new_head_has_no_age_to_speak_of(heads: HeadStore, bucket: str) -> None:
    heads.swap(bucket, KEY, b"first", expected=None)
    assert 0 <= held(heads, bucket).age < 600


# --- answers that are lost, which only a server's can be ---

servers = pytest.mark.parametrize("heads", ["moto", "seaweedfs"], indirect=True)


@servers
@pytest.mark.parametrize("create", [True, False], ids=["create", "replace"])
def test_a_swap_whose_answer_is_lost_has_been_sent_once_and_is_there(
    heads: HeadStore, through: HeadStore, proxy: LosingProxy, bucket: str, *, create: bool
) -> None:
    version = None if create else heads.swap(bucket, KEY, b"first", expected=None)
    proxy.losing = True
    with pytest.raises(TransientError, match=KEY):
        through.swap(bucket, KEY, b"second", expected=version)
    assert proxy.lost == [200]
    assert held(heads, bucket).body == b"second"
    proxy.losing = False
    with pytest.raises(VersionMismatchError):
        through.swap(bucket, KEY, b"second", expected=version)
    again = held(through, bucket)
    assert again.body == b"second"
    through.swap(bucket, KEY, b"third", expected=again.version)
    assert held(heads, bucket).body == b"third"
