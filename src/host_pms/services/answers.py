"""A run's answers from Host in the order in which it asks, kept before anything is made of them.

They are kept byte for byte. What a run has kept it reads from its store again when it is gone on with or
repeated; only then it asks Host. The same answers in the same order make the same run, so nothing else of
its reading is remembered.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BytesIO
from itertools import groupby

from host_pms.errors import AccessDeniedError, ConnectorError, NeedsPersonError, TransientError
from host_pms.models.head import Progress, Span
from host_pms.models.manifest import RawObject
from host_pms.models.run import Run
from host_pms.ports import Clock, ObjectStore, Wanted
from host_pms.services.lookahead import Ahead, Lookahead

RECORD_PAGES = 50
RECORD_SECONDS = 20.0
"""S5: progress is recorded after so many answers, or so long."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """One answer, and the object that holds it."""

    bucket: str
    key: str
    body: bytes


def rolled(before: bytes, content: bytes) -> bytes:
    """The rolling SHA-256 over a run's answers, after one whose own SHA-256 is `content`."""
    return hashlib.sha256(before + content).digest()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Accepted:
    kind: str
    epoch: int
    stored: RawObject
    digest: bytes


class Answers:
    """The answers of one run, for one holder of its hotel's lease.

    `kept` are the run's so far, and `final` if it is to have no others; `opened_by` is the epoch that
    opened it and `epoch` the holder's own. Kept answers are read `ahead`; `checkpoint`, which may raise
    `StoppedError`, is called before each. `keep_lease` is called before anything is done, and `record` is
    given the progress as it grows.
    """

    def __init__(
        self,
        run: Run,
        store: ObjectStore,
        clock: Clock,
        *,
        kept: Progress,
        opened_by: int,
        epoch: int,
        final: bool,
        ahead: Ahead | None,
        checkpoint: Callable[[], None],
        keep_lease: Callable[[], None],
        record: Callable[[Progress], None],
    ) -> None:
        self._run = run
        self._store = store
        self._clock = clock
        self._kept = kept
        self._epochs = [span.epoch for span in kept.spans for _ in range(span.answers)]
        self._opened_by = opened_by
        self._epoch = epoch
        self._final = final
        self._checkpoint = checkpoint
        self._read_ahead = ahead.answers if ahead else 0
        self._stored = Lookahead(fetch=self._read, fetch_ahead=self._read, ahead=ahead)
        self._keep_lease = keep_lease
        self._record = record
        self._accepted: list[_Accepted] = []
        self._recorded = len(self._epochs)
        self._recorded_at = clock.monotonic()

    def ask(self, kind: str, bucket: str, number: int | None, fetch: Callable[[], bytes]) -> Answer:
        """The run's next answer: the kept one, or what `fetch` brings, kept first.

        It is the run's own only when `accept` was called with it.

        Raises:
            NeedsPersonError: a kept answer is gone, or the kept ones are final and there are no more.
            StoppedError: the run must stop; its kept answers stay as they are.
        """
        self._keep_lease()
        here = len(self._accepted)
        is_kept = here < len(self._epochs)
        key = self._key(kind, number, self._epochs[here] if is_kept else self._epoch)
        if is_kept:
            self._checkpoint()
            later = [(bucket, key) for key in self._kept_after(here, kind, number)]
            return Answer(bucket=bucket, key=key, body=self._stored.answer((bucket, key), later))
        if self._final:
            raise NeedsPersonError(
                f"The run {self._run.hotel_code}/{self._run.timestamp} needs more answers than it has kept.",
                remedy="Another version kept them, which read otherwise; the next run reads Host anew.",
            )
        body = fetch()
        self._keep_lease()
        self._store.put_new(bucket, key, BytesIO(body))
        return Answer(bucket=bucket, key=key, body=body)

    def accept(self, kind: str, answer: Answer) -> None:
        """Count an answer as the run's own: it was what had been asked for.

        Raises:
            NeedsPersonError: the kept answers are not those that were recorded.
        """
        here = len(self._accepted)
        is_kept = here < len(self._epochs)
        content = hashlib.sha256(answer.body)
        before = self._accepted[-1].digest if self._accepted else b""
        self._accepted.append(
            _Accepted(
                kind=kind,
                epoch=self._epochs[here] if is_kept else self._epoch,
                stored=RawObject(bucket=answer.bucket, key=answer.key, sha256=content.hexdigest()),
                digest=rolled(before, content.digest()),
            )
        )
        if here + 1 == len(self._epochs):
            self._check_kept()
        elif not is_kept and self._is_time_to_record():
            self.record()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """All is read within this; what fails for a time or is refused goes on from the last answer."""
        try:
            yield
        except (TransientError, AccessDeniedError):
            with suppress(ConnectorError):  # then it goes on from what was recorded before
                self.record()
            raise
        finally:
            self._stored.drop()

    def mark(self) -> int:
        """Where the run stands, for `forget_since`."""
        return len(self._accepted)

    def forget_since(self, mark: int) -> None:
        """Give up the answers after `mark`: who goes on with the run asks for them anew."""
        del self._accepted[mark:]
        del self._epochs[mark:]

    def require_through(self) -> None:
        """Return if there is no kept answer left that the run has not accepted.

        Called where it has ended, and where an answer is not what was asked for: such a one was never
        accepted, so never recorded. The answers up to here may be damaged, as only all of them are checked.

        Raises:
            NeedsPersonError: there is one left, so the kept answers are not those that were recorded.
        """
        if self._is_behind():
            raise self._not_those_recorded()

    def record(self) -> None:
        """Have the progress recorded, where there is any."""
        if not self._is_behind() and len(self._accepted) != self._recorded:
            self._record(self.progress())
            self._recorded = len(self._accepted)
        self._recorded_at = self._clock.monotonic()

    def progress(self) -> Progress:
        """What the head remembers."""
        runs = groupby(accepted.epoch for accepted in self._accepted)
        return Progress(
            spans=tuple(Span(epoch, len(list(same))) for epoch, same in runs),
            digest=self._accepted[-1].digest.hex() if self._accepted else "",
            pages=dict(Counter(accepted.kind for accepted in self._accepted)),
        )

    def raw_objects(self) -> tuple[RawObject, ...]:
        """All that were accepted, in order."""
        return tuple(accepted.stored for accepted in self._accepted)

    def _key(self, kind: str, number: int | None, epoch: int) -> str:
        return self._run.raw_key(kind, number, None if epoch == self._opened_by else epoch)

    def _kept_after(self, here: int, kind: str, number: int | None) -> Iterator[str]:
        """The keys of the next kept answers of this kind, as many as are read ahead."""
        if number is not None:
            more = min(self._read_ahead, self._kept.pages.get(kind, 0) - number)
            for ahead, epoch in enumerate(self._epochs[here + 1 : here + 1 + max(more, 0)], start=1):
                yield self._key(kind, number + ahead, epoch)

    def _read(self, place: tuple[str, str], _wanted: Wanted | None = None) -> bytes:
        bucket, key = place
        try:
            with self._store.read(bucket, key) as stream:
                return stream.read()
        except FileNotFoundError as error:
            raise NeedsPersonError(
                f"The kept answer {bucket}/{key} is gone.", remedy="The next run reads Host anew."
            ) from error

    def _is_behind(self) -> bool:
        """Whether it still goes through what was recorded."""
        return len(self._accepted) < len(self._epochs)

    def _check_kept(self) -> None:
        if self._accepted[-1].digest.hex() != self._kept.digest:
            raise self._not_those_recorded()

    def _not_those_recorded(self) -> NeedsPersonError:
        return NeedsPersonError(
            f"The kept answers of {self._run.hotel_code}/{self._run.timestamp} are not those recorded.",
            remedy="They are damaged, or another version kept them; the next run reads Host anew.",
        )

    def _is_time_to_record(self) -> bool:
        waited = self._clock.monotonic() - self._recorded_at
        return len(self._accepted) - self._recorded >= RECORD_PAGES or waited >= RECORD_SECONDS
