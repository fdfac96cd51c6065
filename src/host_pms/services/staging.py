"""FROZEN and STAGED: from a run's final answers to its files in the store; named first, then put (S5)."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from io import BytesIO

from host_pms.errors import DivergentObjectError, NeedsPersonError
from host_pms.models.head import Cursors, Frozen, Head, OpenRun, Phase, Plan
from host_pms.models.manifest import AnswerList, RejectedRow, encode_kept
from host_pms.models.run import Run
from host_pms.ports import ObjectStore
from host_pms.services.answers import Answers
from host_pms.services.dataset import refuse_too_many_rejects
from host_pms.services.journal import Journal
from host_pms.services.policy import Policy
from host_pms.services.transformation import Extracted, Output, Transformation
from host_pms.services.window import next_cursors, next_watermark


@dataclass(frozen=True, kw_only=True)
class Staging:
    """One hotel's open run on its way to its files."""

    run: Run
    journal: Journal
    store: ObjectStore
    policy: Policy

    def freeze(self, answers: Answers, rejected: Sequence[RejectedRow]) -> None:
        """The answers are final: their list is kept, and no other will be asked for."""
        key = self.run.answers_key(self.journal.taken_over)
        body, sha256 = encode_kept(AnswerList(answers=answers.raw_objects()))
        self.journal.keep()
        self.store.put_new(self.policy.buckets.raw_configs, key, BytesIO(body))
        self.journal.advance(
            phase=Phase.FROZEN,
            progress=answers.progress(),
            frozen=Frozen(key=key, sha256=sha256, rejected=len(rejected)),
        )

    def publish(self, extracted: Extracted) -> Output:
        """Store the run's files; nothing is registered yet.

        Raises:
            NeedsPersonError: too many rows were rejected, or the same answers give other files than before.
        """
        self._keep_rejected(extracted.rejected)
        refuse_too_many_rejects(extracted.reservations, limit=self.policy.reject_limit)
        refuse_too_many_rejects(extracted.revenue, limit=self.policy.reject_limit)
        with ExitStack() as room:
            window = self.journal.open_run.window
            output = Transformation(run=self.run, window=window, policy=self.policy).make(extracted, room)
            self._name(extracted, output)
            self._put(output)
        self.journal.advance(phase=Phase.REGISTER)
        return output

    def _keep_rejected(self, rejected: Sequence[RejectedRow]) -> None:
        """R18: what was rejected is kept, be the run refused or not."""
        if not rejected:
            return
        body, _ = encode_kept(rejected)
        try:
            self._put_raw(self.policy.buckets.raw_reservations, self.run.key("rejected"), body)
        except DivergentObjectError as fault:
            raise self._diverged("rejects other rows than it did") from fault

    def _name(self, extracted: Extracted, output: Output) -> None:
        """S5: the files stand in the head before they are put. A second time they must be the same."""
        open_run = self.journal.open_run
        plan = _plan(self.journal.head, open_run, extracted, output)
        if open_run.plan is None:
            self.journal.advance(phase=Phase.STAGED, plan=plan)
        elif open_run.plan != plan:
            raise self._diverged("comes to other files than it named")

    def _diverged(self, what: str) -> NeedsPersonError:
        return NeedsPersonError(
            f"{self.run.hotel_code}/{self.run.timestamp} now {what} before (DIVERGENT_OUTPUT).",
            remedy="The version or its settings have changed meanwhile; the next run reads anew.",
        )

    def _put(self, output: Output) -> None:
        if not self.journal.open_run.files:
            return
        self._put_raw(self.policy.buckets.raw_segments, self.run.key("segments"), output.raw_segments)
        for made in output.made:
            self.journal.keep()
            self.store.put_new(made.file.bucket, made.file.key, made.body)

    def _put_raw(self, bucket: str, key: str, body: bytes) -> None:
        self.journal.keep()
        self.store.put_new(bucket, key, BytesIO(body))


def _plan(head: Head, open_run: OpenRun, extracted: Extracted, output: Output) -> Plan:
    newest = Cursors(
        reservations=extracted.reservations.newest_update, postings=extracted.revenue.newest_update
    )
    cursors = next_cursors(open_run.window, extracted.config, newest)
    unchanged = _is_unchanged(head, open_run, extracted, output)
    return Plan(
        files=() if unchanged else tuple(made.file for made in output.made),
        cursors=cursors,
        watermark=next_watermark(open_run.window, cursors),
        fingerprint=output.fingerprint,
        counts=output.counts,
        books=output.books.lines(),
    )


def _is_unchanged(head: Head, open_run: OpenRun, extracted: Extracted, output: Output) -> bool:
    """S6: no row, and the catalogue and the grid are those of the last closed run."""
    rows = extracted.reservations.read + extracted.revenue.read
    return rows == 0 and not open_run.window.complete and output.fingerprint == head.fingerprint
