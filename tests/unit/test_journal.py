"""S1 and S2: the head, its lease, and what becomes of answers that get lost."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from fakes import FakeClock, MemoryHeads

from host_pms.errors import BusyError, NeedsPersonError, StoppedError, TransientError, WriteConflictError
from host_pms.models.head import Head, read_head, write_head
from host_pms.services.journal import Journal, holding

BUCKET, KEY = "raw-hotel-configs", "HOTEL001/_state/head.json"
TTL = timedelta(seconds=120)
STARTED = datetime(2024, 1, 15, 10, 30, 45, tzinfo=UTC)


class Faulty(MemoryHeads):
    """Fails as it is told to, swap by swap: before the write, or after it."""

    def __init__(self, clock: FakeClock, *faults: tuple[str, Exception] | None) -> None:
        super().__init__(clock)
        self.faults: Iterator[tuple[str, Exception] | None] = iter(faults)

    def swap(self, bucket: str, key: str, body: bytes, *, expected: str | None) -> str:
        fault = next(self.faults, None)
        if fault is not None and fault[0] == "before":
            raise fault[1]
        version = super().swap(bucket, key, body, expected=expected)
        if fault is not None:
            raise fault[1]
        return version


def journal(heads: MemoryHeads, clock: FakeClock, owner: str = "me", gone: str = "") -> Journal:
    return Journal(
        heads, BUCKET, "HOTEL001", owner=owner, ttl=TTL, clock=clock, is_gone=lambda other: other == gone
    )


def stored(heads: MemoryHeads) -> Head:
    return read_head(heads.heads[BUCKET, KEY][0], "HOTEL001")


def test_one_holds_the_lease_and_the_other_is_busy_until_it_is_freed() -> None:
    clock = FakeClock()
    heads = MemoryHeads(clock)
    first = journal(heads, clock)
    first.acquire()
    with pytest.raises(BusyError, match="HOTEL001"):
        journal(heads, clock, "other").acquire()
    first.release()
    journal(heads, clock, "other").acquire()
    assert (stored(heads).lease.epoch, stored(heads).lease.owner) == (2, "other")


@pytest.mark.parametrize(("seconds", "is_busy"), [(0, True), (129, True), (130, False)])
def test_a_lease_runs_out_by_the_stores_clock(seconds: float, is_busy: bool) -> None:
    clock = FakeClock()
    heads = MemoryHeads(clock)
    journal(heads, clock).acquire()
    clock.sleep(seconds)
    other = journal(heads, clock, "other")
    if is_busy:
        with pytest.raises(BusyError):
            other.acquire()
    else:
        other.acquire()


def test_a_lease_of_a_worker_that_is_gone_is_lost_at_once() -> None:
    clock = FakeClock()
    heads = MemoryHeads(clock)
    journal(heads, clock).acquire()
    with pytest.raises(BusyError):
        journal(heads, clock, "other", gone="somebody").acquire()
    journal(heads, clock, "other", gone="me").acquire()
    assert (stored(heads).lease.epoch, stored(heads).lease.owner) == (2, "other")


def test_keeping_the_lease_writes_only_when_a_third_of_it_is_gone() -> None:
    clock = FakeClock()
    heads = MemoryHeads(clock)
    held = journal(heads, clock)
    held.acquire()
    for seconds, sequence in ((39, 1), (1, 2), (39, 2), (1, 3)):
        clock.sleep(seconds)
        held.keep()
        assert stored(heads).sequence == sequence


def test_a_worker_that_was_taken_over_stops_and_writes_nothing() -> None:
    clock = FakeClock()
    heads = MemoryHeads(clock)
    frozen = journal(heads, clock)
    frozen.acquire()
    clock.sleep(3600)
    journal(heads, clock, "other").acquire()
    with pytest.raises(BusyError):
        frozen.record(last_started=STARTED)
    frozen.release()
    assert stored(heads).lease.owner == "other"
    assert stored(heads).lease.held
    assert stored(heads).last_started is None


@pytest.mark.parametrize("error", [TransientError("no answer"), WriteConflictError("409")])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("times", [1, 4])
def test_an_answer_that_got_lost_is_no_loss(when: str, error: Exception, times: int) -> None:
    """After a write that landed, the same body again meets 412, and the head itself tells whose it is."""
    clock = FakeClock()
    heads = Faulty(clock, *[(when, error)] * times)
    held = journal(heads, clock)
    held.acquire()
    held.record(last_started=STARTED)
    assert (stored(heads).sequence, stored(heads).last_started) == (2, STARTED)


def test_a_store_that_never_answers_is_transient() -> None:
    clock = FakeClock()
    heads = Faulty(clock, *[("before", TransientError("no answer"))] * 5)
    with pytest.raises(TransientError):
        journal(heads, clock).acquire()


def test_the_same_body_is_sent_again_after_a_pause_that_doubles() -> None:
    clock = FakeClock()
    heads = Faulty(clock, *[("before", TransientError("no answer"))] * 5)
    with pytest.raises(TransientError):
        journal(heads, clock).acquire()
    assert clock.sleeps == [0.5, 1.0, 2.0, 4.0]


def test_a_stop_cuts_the_pause_and_not_the_record() -> None:
    class Stopping(FakeClock):
        def sleep(self, seconds: float) -> None:
            raise StoppedError(f"asked to stop, {seconds} s before the end of a pause")

    clock = Stopping()
    heads = Faulty(clock, *[("before", TransientError("no answer"))] * 4)
    journal(heads, clock).acquire()
    assert stored(heads).lease.held


def test_the_last_send_whose_answer_got_lost_is_known_by_the_head() -> None:
    """The first four never arrive, the fifth lands unheard."""
    clock = FakeClock()
    error = TransientError("no answer")
    heads = Faulty(clock, *[("before", error)] * 4, ("after", error))
    held = journal(heads, clock)
    held.acquire()
    held.release()
    assert (stored(heads).sequence, stored(heads).lease.held) == (2, False)


def test_a_412_of_another_workers_write_is_a_loss() -> None:
    clock = FakeClock()
    heads = MemoryHeads(clock)
    mine, other = journal(heads, clock), journal(heads, clock, "other")

    class Racing(MemoryHeads):
        def read(self, bucket: str, key: str) -> None:  # type: ignore[override]
            """What both saw before either wrote."""

    racing = Racing(clock)
    racing.heads = heads.heads
    other.acquire()
    mine._heads = racing
    with pytest.raises(BusyError):
        mine.acquire()
    assert stored(heads).lease.owner == "other"


def cut(body: bytes) -> bytes:
    return body[:-10]


def of_another_schema(body: bytes) -> bytes:
    return write_head(msgspec.structs.replace(read_head(body, "HOTEL001"), schema=2))


def of_another_hotel(body: bytes) -> bytes:
    return write_head(msgspec.structs.replace(read_head(body, "HOTEL001"), hotel_code="HOTEL002"))


def of_another_epoch(body: bytes) -> bytes:
    """Well-formed, but not what was written."""
    return body.replace(b'"epoch":1', b'"epoch":3')


@pytest.mark.parametrize(
    "damage",
    [cut, of_another_schema, of_another_hotel, of_another_epoch, lambda _body: b"", lambda _body: b"[]"],
)
def test_a_head_that_cannot_be_trusted_is_refused_and_left_as_it_is(damage: Callable[[bytes], bytes]) -> None:
    clock = FakeClock()
    heads = MemoryHeads(clock)
    with holding(journal(heads, clock)):
        pass
    body, version, written = heads.heads[BUCKET, KEY]
    heads.heads[BUCKET, KEY] = (damage(body), version, written)
    with pytest.raises(NeedsPersonError, match="never delete it"):
        journal(heads, clock, "other").acquire()
    assert heads.heads[BUCKET, KEY] == (damage(body), version, written)


def test_a_lease_that_cannot_be_freed_hides_nothing() -> None:
    clock = FakeClock()
    heads = Faulty(clock, None, *[("before", TransientError("no answer"))] * 5)
    with pytest.raises(KeyError, match="the reason"), holding(journal(heads, clock)):
        raise KeyError("the reason")
