"""A run's kept answers: what is read again, what is asked of Host, and what is not believed."""

import hashlib
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import msgspec
import pytest
from fakes import FakeClock, MemoryStore

from host_pms.errors import BusyError, NeedsPersonError, StoppedError
from host_pms.models.head import Progress, Span
from host_pms.models.manifest import RawObject
from host_pms.models.run import Run, run_timestamp
from host_pms.services.answers import Answers
from host_pms.services.lookahead import Ahead, Room

BUCKET = "raw-reservations"
RUN = Run(hotel_code="HOTEL001", started=run_timestamp(FakeClock().now()))


def body(number: int) -> bytes:
    return b"answer %d" % number


def key(number: int, suffix: str = "") -> str:
    return f"HOTEL001/reservation-20240115T103045Z-{number:05}{suffix}.json"


def rolled(*bodies: bytes) -> str:
    """The digest, by its definition: each answer's SHA-256 after the digest of all before it."""
    digest = b""
    for found in bodies:
        digest = hashlib.sha256(digest + hashlib.sha256(found).digest()).digest()
    return digest.hex()


@dataclass
class Bench:
    """A store and a clock that last, and one holder of the lease after the other."""

    store: MemoryStore = field(default_factory=MemoryStore)
    clock: FakeClock = field(default_factory=FakeClock)
    recorded: list[Progress] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)
    keep_lease: Callable[[], None] = lambda: None
    checkpoint: Callable[[], None] = lambda: None
    ahead: Ahead | None = None

    def answers(
        self, kept: Progress | None = None, *, opened_by: int = 1, epoch: int = 1, final: bool = False
    ) -> Answers:
        return Answers(
            RUN,
            self.store,
            self.clock,
            kept=kept or Progress(),
            opened_by=opened_by,
            epoch=epoch,
            final=final,
            ahead=self.ahead,
            checkpoint=lambda: self.checkpoint(),  # noqa: PLW0108 - likewise
            keep_lease=lambda: self.keep_lease(),  # noqa: PLW0108 - it changes meanwhile
            record=self.recorded.append,
        )

    def fetch(self, number: int) -> bytes:
        self.asked.append(number)
        return body(number)

    def ask(self, answers: Answers, number: int) -> bytes:
        answer = answers.ask("reservation", BUCKET, number, lambda: self.fetch(number))
        answers.accept("reservation", answer)
        return answer.body

    def ask_kind(self, answers: Answers, kind: str, number: int) -> bytes:
        def fetch() -> bytes:
            self.asked.append(number)
            return f"{kind} {number}".encode()

        answer = answers.ask(kind, BUCKET, number, fetch)
        answers.accept(kind, answer)
        return answer.body

    def ask_to(self, answers: Answers, last: int) -> list[bytes]:
        """The answers after those accepted, up to number `last`."""
        return [self.ask(answers, number) for number in range(answers.mark() + 1, last + 1)]

    def kept(self, number: int) -> Progress:
        """So many answers that the holder of epoch 1 kept; what was asked for them is forgotten."""
        answers = self.answers()
        self.ask_to(answers, number)
        self.asked.clear()
        self.recorded.clear()
        return answers.progress()


def test_an_answer_of_a_new_run_is_asked_of_host_and_kept_under_a_plain_name() -> None:
    bench = Bench()
    answers = bench.answers()
    config = answers.ask("config", "raw-hotel-configs", None, lambda: b"the configuration")
    answers.accept("config", config)
    assert bench.ask_to(answers, 3) == [body(2), body(3)]
    assert bench.asked == [2, 3]
    assert bench.store.objects == {
        ("raw-hotel-configs", "HOTEL001/config-20240115T103045Z.json"): b"the configuration",
        (BUCKET, key(2)): body(2),
        (BUCKET, key(3)): body(3),
    }
    assert answers.progress() == Progress(
        spans=(Span(1, 3),),
        digest=rolled(b"the configuration", body(2), body(3)),
        pages={"config": 1, "reservation": 2},
    )
    assert answers.raw_objects()[1] == RawObject(
        bucket=BUCKET, key=key(2), sha256=hashlib.sha256(body(2)).hexdigest()
    )


def test_kept_answers_come_from_the_store_and_only_the_next_ones_from_host() -> None:
    bench = Bench()
    answers = bench.answers(bench.kept(3), epoch=2)
    assert bench.ask_to(answers, 5) == [body(number) for number in range(1, 6)]
    assert bench.asked == [4, 5]
    assert {found for _, found in bench.store.objects} == {
        *(key(number) for number in (1, 2, 3)),
        *(key(number, "-e2") for number in (4, 5)),
    }


def test_several_take_overs_leave_several_spans() -> None:
    """An epoch without a span is one in which nothing was asked."""
    bench = Bench()
    progress = bench.kept(2)
    for epoch, last in ((2, 3), (3, 3), (5, 6), (6, 7)):
        answers = bench.answers(progress, epoch=epoch)
        bench.ask_to(answers, last)
        progress = answers.progress()
    assert progress.spans == (Span(1, 2), Span(2, 1), Span(5, 3), Span(6, 1))
    assert progress.digest == rolled(*map(body, range(1, 8)))
    assert progress.pages == {"reservation": 7}
    assert bench.asked == [3, 4, 5, 6, 7]

    last = bench.answers(msgspec.json.decode(msgspec.json.encode(progress), type=Progress), epoch=9)
    assert bench.ask_to(last, 7) == [body(number) for number in range(1, 8)]
    assert [found.key for found in last.raw_objects()] == [
        *(key(number) for number in (1, 2)),
        key(3, "-e2"),
        *(key(number, "-e5") for number in (4, 5, 6)),
        key(7, "-e6"),
    ]
    assert bench.asked == [3, 4, 5, 6, 7]


def test_the_one_who_opened_the_run_needs_no_epoch_in_its_names_whatever_it_is() -> None:
    bench = Bench()
    answers = bench.answers(opened_by=7, epoch=7)
    bench.ask(answers, 1)
    assert answers.progress().spans == (Span(7, 1),)
    taken_over = bench.answers(answers.progress(), opened_by=7, epoch=8)
    assert bench.ask_to(taken_over, 2) == [body(1), body(2)]
    assert [found for _, found in bench.store.objects] == [key(1), key(2, "-e8")]


def test_what_a_worker_that_was_taken_over_still_keeps_is_another_object() -> None:
    bench = Bench()
    old = bench.answers()
    bench.ask(old, 1)
    new = bench.answers(old.progress(), epoch=2)
    bench.ask(new, 1)
    old.ask("reservation", BUCKET, 2, lambda: b"of the old worker")
    new.accept("reservation", new.ask("reservation", BUCKET, 2, lambda: b"of the new one"))
    assert new.progress().digest == rolled(body(1), b"of the new one")


# --- kept answers are read ahead ---


class Later(Executor):
    """Does what was submitted when its result is asked for; `done` counts it."""

    def __init__(self) -> None:
        self.submitted = 0
        self.done = 0

    def submit(self, call: Callable[..., Any], /, *given: Any, **named: Any) -> Future[Any]:
        self.submitted += 1
        later = Future[Any]()

        def do(_timeout: float | None = None) -> Any:
            self.done += 1
            return call(*given, **named)

        later.result = do  # type: ignore[method-assign]
        later.set_running_or_notify_cancel()
        return later


def test_kept_answers_are_read_ahead_by_the_threads_and_none_beyond_them() -> None:
    bench = Bench()
    kept = bench.kept(20)
    threads = Later()
    bench.ahead = Ahead(threads=threads, answers=8)
    answers = bench.answers(kept, epoch=2)
    assert bench.ask_to(answers, 22) == [body(number) for number in range(1, 23)]
    assert (threads.submitted, threads.done) == (19, 19)
    assert bench.asked == [21, 22]


def test_each_of_several_kinds_and_epochs_is_read_ahead_under_its_own_name() -> None:
    bench = Bench()
    opened = bench.answers()
    for kind in ("reservation", "revenue"):
        for number in range(1, 4):
            bench.ask_kind(opened, kind, number)
    again = bench.answers(opened.progress(), epoch=2)
    for kind, last in (("reservation", 3), ("revenue", 5)):
        for number in range(1, last + 1):
            bench.ask_kind(again, kind, number)
    bench.asked.clear()
    threads = Later()
    bench.ahead = Ahead(threads=threads, answers=8)
    last_one = bench.answers(again.progress(), epoch=3)
    for kind, last in (("reservation", 3), ("revenue", 5)):
        for number in range(1, last + 1):
            assert bench.ask_kind(last_one, kind, number) == f"{kind} {number}".encode()
    assert (bench.asked, threads.submitted, threads.done) == ([], 6, 6)
    assert last_one.progress() == again.progress()


def test_answers_that_were_read_ahead_must_be_those_recorded() -> None:
    bench = Bench()
    kept = bench.kept(5)
    bench.store.objects[BUCKET, key(4)] = b"damaged"
    bench.ahead = Ahead(threads=Later(), answers=8)
    answers = bench.answers(kept, epoch=2)
    with pytest.raises(NeedsPersonError, match="not those recorded"):
        bench.ask_to(answers, 5)


def test_a_stop_is_heard_between_two_kept_answers_and_loses_none() -> None:
    bench = Bench()
    kept = bench.kept(30)
    bench.ahead = Ahead(threads=Later(), answers=8)
    answers = bench.answers(kept, epoch=2)

    def stop() -> None:
        raise StoppedError("asked to stop")

    bench.ask_to(answers, 12)
    bench.checkpoint = stop
    with pytest.raises(StoppedError), answers.reading():
        bench.ask_to(answers, 13)
    assert answers.mark() == 12
    assert bench.recorded == []
    bench.checkpoint = lambda: None
    assert bench.ask_to(bench.answers(kept, epoch=3), 31)[-1] == body(31)
    assert bench.asked == [31]


def test_what_was_read_ahead_and_is_not_asked_for_any_more_gives_its_room_back() -> None:
    bench = Bench()
    kept = bench.kept(30)
    room = Room(10 * len(body(10)))
    bench.ahead = Ahead(threads=Later(), answers=8, room=room)
    answers = bench.answers(kept, epoch=2)
    with suppress(StoppedError), answers.reading():
        bench.ask_to(answers, 12)
        assert not room.take(10 * len(body(10)))
        raise StoppedError("asked to stop")
    assert room.take(10 * len(body(10)))


# --- what is recorded, and when ---


def test_progress_is_recorded_every_50_answers() -> None:
    bench = Bench()
    bench.ask_to(bench.answers(), 120)
    assert [progress.answers for progress in bench.recorded] == [50, 100]
    assert bench.recorded[1].digest == rolled(*map(body, range(1, 101)))


def test_progress_is_recorded_every_20_seconds_counted_from_the_last_time() -> None:
    bench = Bench()
    answers = bench.answers()
    for seconds in (0, 19.5, 0.5, 19.5, 0, 1):  # the first, third and last follow each other by 20 s or more
        bench.clock.sleep(seconds)
        bench.ask(answers, answers.mark() + 1)
    assert [progress.answers for progress in bench.recorded] == [3, 6]


def test_after_a_take_over_50_answers_are_counted_from_the_kept_ones() -> None:
    bench = Bench()
    answers = bench.answers(bench.kept(30), epoch=2)
    bench.ask_to(answers, 80)
    assert [progress.answers for progress in bench.recorded] == [80]


def test_what_was_recorded_is_never_recorded_as_less() -> None:
    """A run that stops while it reads what it kept has lost none of it."""
    bench = Bench()
    answers = bench.answers(bench.kept(60), epoch=2)
    for number in range(1, 61):
        bench.clock.sleep(30)
        bench.ask(answers, number)
        answers.record()
    assert bench.recorded == []
    bench.clock.sleep(30)
    bench.ask(answers, 61)
    assert [progress.answers for progress in bench.recorded] == [61]
    answers.record()
    assert len(bench.recorded) == 1


def test_an_answer_that_was_not_accepted_is_no_progress_and_is_asked_again() -> None:
    bench = Bench()
    answers = bench.answers()
    bench.ask(answers, 1)
    answers.ask("reservation", BUCKET, 2, lambda: b"unusable")
    answers.record()
    assert bench.recorded == [Progress(spans=(Span(1, 1),), digest=rolled(body(1)), pages={"reservation": 1})]
    again = bench.answers(bench.recorded[0], epoch=2)
    assert bench.ask_to(again, 2) == [body(1), body(2)]
    assert bench.store.objects[BUCKET, key(2)] == b"unusable"
    assert bench.store.objects[BUCKET, key(2, "-e2")] == body(2)


def test_answers_that_are_forgotten_are_recorded_as_less() -> None:
    bench = Bench()
    answers = bench.answers(bench.kept(3), epoch=2)
    bench.ask_to(answers, 3)
    mark = 1
    bench.ask_to(answers, 5)
    answers.forget_since(mark)
    assert answers.mark() == 1
    answers.record()
    (progress,) = bench.recorded
    assert progress == Progress(spans=(Span(1, 1),), digest=rolled(body(1)), pages={"reservation": 1})
    bench.asked.clear()
    assert bench.ask_to(bench.answers(progress, epoch=3), 2) == [body(1), body(2)]
    assert bench.asked == [2]


# --- what is not believed ---


def swap(store: MemoryStore) -> None:
    first, second = (BUCKET, key(1)), (BUCKET, key(2))
    store.objects[first], store.objects[second] = store.objects[second], store.objects[first]


def change(store: MemoryStore) -> None:
    store.objects[BUCKET, key(2)] = b"answer 7"


def lose(store: MemoryStore) -> None:
    del store.objects[BUCKET, key(2)]


@pytest.mark.parametrize("damage", [swap, change, lose])
@pytest.mark.parametrize("final", [True, False])
def test_kept_answers_that_are_not_those_recorded_are_refused(
    damage: Callable[[MemoryStore], None], final: bool
) -> None:
    bench = Bench()
    kept = bench.kept(3)
    damage(bench.store)
    with pytest.raises(NeedsPersonError, match="anew"):
        bench.ask_to(bench.answers(kept, epoch=2, final=final), 4)
    assert bench.asked == []
    assert bench.recorded == []


@pytest.mark.parametrize("count", [2, 4])
def test_a_count_that_does_not_go_with_its_digest_is_refused(count: int) -> None:
    bench = Bench()
    kept = bench.kept(3)
    bench.store.put_new(BUCKET, key(4), BytesIO(body(4)))
    wrong = msgspec.structs.replace(kept, spans=(Span(1, count),))
    with pytest.raises(NeedsPersonError, match="not those recorded"):
        bench.ask_to(bench.answers(wrong, epoch=2), 4)
    assert bench.asked == []


def test_a_final_run_asks_for_no_more() -> None:
    bench = Bench()
    answers = bench.answers(bench.kept(2), epoch=2, final=True)
    assert bench.ask_to(answers, 2) == [body(1), body(2)]
    with pytest.raises(NeedsPersonError, match="more answers than it has kept"):
        bench.ask(answers, 3)
    assert bench.asked == []


def test_a_run_that_ends_before_its_kept_answers_do_was_not_read_as_they_were() -> None:
    """They are checked when all were read: a damaged one may make the list seem shorter than it is."""
    bench = Bench()
    answers = bench.answers(bench.kept(3), epoch=2)
    bench.ask_to(answers, 2)
    with pytest.raises(NeedsPersonError, match="not those recorded"):
        answers.require_through()
    bench.ask_to(answers, 3)
    answers.require_through()


# --- the lease ---


def test_without_the_lease_nothing_is_asked_and_nothing_is_kept() -> None:
    bench = Bench()
    kept = bench.kept(2)
    answers = bench.answers(kept, epoch=2)

    def lost() -> None:
        raise BusyError("Another worker holds it.")

    bench.keep_lease = lost
    with pytest.raises(BusyError):
        bench.ask(answers, 1)
    assert bench.asked == []


def test_an_answer_that_took_so_long_that_the_lease_was_lost_is_not_kept() -> None:
    bench = Bench()
    answers = bench.answers()

    def fetch() -> bytes:
        def lost() -> None:
            raise BusyError("Another worker holds it.")

        bench.keep_lease = lost
        return body(1)

    with pytest.raises(BusyError):
        answers.ask("reservation", BUCKET, 1, fetch)
    assert bench.store.objects == {}
