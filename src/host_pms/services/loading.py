"""Telling the world of a run's files: registrations, the watermark, the trigger; each recorded when done.

What is to be told stands in the head before it is tried (S5), so that a run which stops in the middle is
finished by the next one (S3). Every call carries a name that is the same on every repeat.
"""

from dataclasses import dataclass

import msgspec

from host_pms.models.head import OpenRun, Phase, Plan, StoredFile
from host_pms.models.run import Run
from host_pms.ports import Esb, Queue, Registration
from host_pms.services.journal import Journal
from host_pms.services.telling import Teller


@dataclass(frozen=True, kw_only=True)
class Loading:
    """One hotel's open run whose files are stored, and who is told of it."""

    run: Run
    journal: Journal
    esb: Esb
    queue: Queue
    teller: Teller

    def finish(self) -> None:
        """Tell what is left to tell.

        Raises:
            ConnectorError: somebody did not take it; what was told is recorded, the rest is for the next run.
        """
        if self.journal.open_run.phase is Phase.REGISTER:
            self._register()
        if self.journal.open_run.phase is Phase.WATERMARK:
            self._move_watermark()
        if self.journal.open_run.phase is Phase.TRIGGER:
            self._trigger()

    def _register(self) -> None:
        """Every file, in order: config, segments, then reservations."""
        plan = _plan(self.journal.open_run)
        for file in plan.files[plan.registered :]:
            self.journal.keep()
            self.esb.register(
                self._registration(file), idempotency_key=self.run.idempotency_key(f"register/{file.key}")
            )
            plan = msgspec.structs.replace(plan, registered=plan.registered + 1)
            is_last = plan.registered == len(plan.files)
            self.journal.advance(phase=Phase.WATERMARK if is_last else Phase.REGISTER, plan=plan)
        if not plan.files:
            self.journal.advance(phase=Phase.WATERMARK)
        self.teller.registered(len(plan.files))

    def _registration(self, file: StoredFile) -> Registration:
        return Registration(
            hotel_code=self.run.hotel_code,
            file_type=file.file_type,
            bucket=file.bucket,
            file_key=file.key,
            record_count=file.record_count,
            complete=self.journal.open_run.window.complete,
            record_date=self.run.record_date,
        )

    def _move_watermark(self) -> None:
        """Only if the ESB still holds the value read at the opening, or the one put: a reset is obeyed."""
        open_run = self.journal.open_run
        plan = _plan(open_run)
        self.journal.keep()
        holds = self.esb.parameters(self.run.hotel_code).last_import
        if plan.watermark is not None and holds in {open_run.window.held, plan.watermark}:
            self.journal.keep()  # the read before may have been tried for minutes
            self.esb.move_watermark(
                self.run.hotel_code, plan.watermark, idempotency_key=self.run.idempotency_key("watermark")
            )
            plan = msgspec.structs.replace(plan, moved=True, holds=plan.watermark)
        else:
            plan = msgspec.structs.replace(plan, holds=holds)
        self.journal.advance(phase=Phase.TRIGGER, plan=plan)
        self.teller.watermark(plan.holds, moved=plan.moved)

    def _trigger(self) -> None:
        """Tell the processor of the run's files, if there are any."""
        open_run = self.journal.open_run
        if open_run.files:
            self.journal.keep()
            send_trigger(self.run, open_run, self.queue)
            self.teller.triggered()
        self.journal.advance(phase=Phase.CLOSED)


def _plan(open_run: OpenRun) -> Plan:
    if open_run.plan is None:
        raise ValueError("the run has not named its files")
    return open_run.plan


def send_trigger(run: Run, open_run: OpenRun, queue: Queue) -> None:
    """Tell the processor of the run's files; a repeat is dropped by its deduplication id."""
    body = {
        "hotelCode": run.hotel_code,
        "timestamp": run.timestamp,
        "complete": open_run.window.complete,
        "files": [file.told() for file in open_run.files],
    }
    queue.send(
        msgspec.json.encode(body).decode(),
        group=run.hotel_code,
        deduplication_id=run.deduplication_id,
        attributes={"HotelCode": run.hotel_code, "Timestamp": run.timestamp},
    )
