"""What every store of heads promises, whatever keeps them."""

import os
import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier, Lock

import pytest
from fakes import FakeClock, MemoryHeads
from losing_proxy import LosingProxy
from moto.s3.models import s3_backends

from host_pms.errors import BusyError, TransientError, VersionMismatchError, WriteConflictError
from host_pms.local.files import object_path
from host_pms.local.head import DiskHeads
from host_pms.models.head import read_head
from host_pms.models.run import state_of
from host_pms.ports import HeadStore, HeldHead
from host_pms.services.journal import Journal, holding

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


# --- writers whose answers are lost, and 409s, which no server gives when it is asked to ---


class Unsteady:
    """The port `HeadStore` in front of another: up to three sends of a body fail, as chance has it.

    S3's 409: nothing was written. A request that is lost: likewise. An answer that is lost: what it would
    have said is known to nobody. `failed` counts them.
    """

    def __init__(self, heads: HeadStore, chance: random.Random) -> None:
        self.failed: Counter[str] = Counter()
        self._heads = heads
        self._chance = chance
        self._sends: Counter[bytes] = Counter()
        self._lock = Lock()

    def read(self, bucket: str, key: str) -> HeldHead | None:
        return self._heads.read(bucket, key)

    def swap(self, bucket: str, key: str, body: bytes, *, expected: str | None) -> str:
        fault = self._fault(body)
        if fault == "conflict":
            raise WriteConflictError("Another write was under way.")
        if fault == "lost request":
            raise TransientError("It was never sent.")
        try:
            return self._heads.swap(bucket, key, body, expected=expected)
        finally:
            if fault == "lost answer":
                raise TransientError("Nobody knows what became of it.")

    def _fault(self, body: bytes) -> str:
        with self._lock:
            self._sends[body] += 1
            kinds = ["", "conflict", "lost request", "lost answer"] if self._sends[body] <= 3 else [""]
            fault = self._chance.choice(kinds)
            self.failed[fault] += 1
            return fault


def test_of_workers_on_an_unsteady_store_one_holds_the_lease_and_no_write_is_lost_or_made_twice(
    heads: HeadStore, bucket: str
) -> None:
    """S1: the same body again after 409, timeout or 5xx; after a 412 the head tells whose write it was."""
    unsteady = Unsteady(heads, random.Random(7))
    together, inside = Barrier(WRITERS), Lock()
    started = datetime(2024, 1, 15, 10, 30, 45, tzinfo=UTC)

    def hold(owner: str) -> None:
        clock = FakeClock()
        ttl = timedelta(hours=1)
        journal = Journal(
            unsteady, bucket, "H1", owner=owner, ttl=ttl, clock=clock, is_gone=lambda _owner: False
        )
        with holding(journal):
            assert inside.acquire(blocking=False), "two hold the lease"
            try:
                for _ in range(3):
                    last = journal.head.last_started or started
                    journal.record(last_started=last + timedelta(seconds=1))
            finally:
                inside.release()

    def work(number: int) -> None:
        together.wait()
        for tries in range(20_000):
            try:
                return hold(f"worker-{number}/{tries}")
            except BusyError:
                continue
        pytest.fail("somebody was taken for another worker by itself, and keeps the lease")

    with ThreadPoolExecutor(WRITERS) as threads:
        list(threads.map(work, range(WRITERS)))
    head = read_head(held(heads, bucket, f"{state_of('H1')}head.json").body, "H1")
    assert head.last_started == started + timedelta(seconds=3 * WRITERS)
    assert (head.lease.epoch, head.lease.held) == (WRITERS, False)
    assert head.sequence == WRITERS * (1 + 3 + 1)
    assert min(unsteady.failed[kind] for kind in ("conflict", "lost request", "lost answer")) > 0


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


@servers
@pytest.mark.parametrize("create", [True, False], ids=["create", "replace"])
def test_of_writers_whose_answers_are_all_lost_one_finds_its_own(
    heads: HeadStore, through: HeadStore, proxy: LosingProxy, bucket: str, *, create: bool
) -> None:
    version = None if create else heads.swap(bucket, KEY, b"first", expected=None)
    together = Barrier(WRITERS)

    def write(number: int) -> bytes:
        body = b"writer %d" % number
        together.wait()
        with pytest.raises(TransientError, match=KEY):
            through.swap(bucket, KEY, body, expected=version)
        return body

    proxy.losing = True
    with ThreadPoolExecutor(WRITERS) as threads:
        bodies = list(threads.map(write, range(WRITERS)))
    proxy.losing = False
    assert len(proxy.lost) == WRITERS
    assert proxy.lost.count(200) == 1
    assert set(proxy.lost) <= {200, 409, 412}
    assert held(through, bucket).body in bodies
    for body in bodies:
        with pytest.raises(VersionMismatchError):
            through.swap(bucket, KEY, body, expected=version)
