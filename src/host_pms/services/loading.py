"""Telling the world of a run's files: registrations, the watermark, the trigger; each recorded when done.

What is to be told stands in the head before it is tried (S5), so that a run which stops in the middle is
finished by the next one (S3). Every call carries a name that is the same on every repeat.
"""

from dataclasses import dataclass

import msgspec

from host_pms.errors import NeedsPersonError
from host_pms.models.head import OpenRun
from host_pms.models.run import Run
from host_pms.ports import Esb, Queue, Registration
from host_pms.services.journal import Journal
from host_pms.services.telling import Teller


@dataclass(frozen=True, kw_only=True)
class Loading:
    """One hotel's open run, and who is told of it."""

    run: Run
    journal: Journal
    esb: Esb
    queue: Queue
    teller: Teller

    def finish(self) -> OpenRun:
        """Tell what is left to tell, then close the run; returns what was told in all.

        Raises:
            ConnectorError: somebody did not take it; what was told is recorded, the rest is for the next run.
        """
        plan = self.journal.head.open_run
        if plan is None:
            raise ValueError("no run is open")
        plan = self._register(plan)
        plan = self._move_watermark(plan)
        self.journal.keep()
        send_trigger(self.run, plan, self.queue)
        self.teller.triggered()
        self.journal.record(open_run=None)
        return plan

    def _register(self, plan: OpenRun) -> OpenRun:
        """Every file, in order: config, segments, then reservations."""
        for file in plan.files[plan.registered :]:
            self.journal.keep()
            registration = Registration(
                hotel_code=self.run.hotel_code,
                file_type=file.file_type,
                bucket=file.bucket,
                file_key=file.key,
                record_count=file.record_count,
                complete=plan.complete,
                record_date=self.run.record_date,
            )
            try:
                self.esb.register(
                    registration, idempotency_key=self.run.idempotency_key(f"register/{file.key}")
                )
            except NeedsPersonError:
                # Trying again would not help, and nothing is known of this run yet: it is given up (S3).
                if plan.registered == 0:
                    self.journal.record(open_run=None)
                raise
            plan = msgspec.structs.replace(plan, registered=plan.registered + 1)
            self.journal.record(open_run=plan)
        self.teller.registered(len(plan.files))
        return plan

    def _move_watermark(self, plan: OpenRun) -> OpenRun:
        """Only if the ESB still holds the value read at the opening, or the one put: a reset is obeyed."""
        if plan.watermark_done:
            return plan
        holds = self.esb.parameters(self.run.hotel_code).last_import
        moved = plan.watermark is not None and holds in {plan.held, plan.watermark}
        if plan.watermark is not None and moved:
            self.journal.keep()
            self.esb.move_watermark(
                self.run.hotel_code, plan.watermark, idempotency_key=self.run.idempotency_key("watermark")
            )
        self.teller.watermark(plan.watermark if moved else holds, moved=moved)
        plan = msgspec.structs.replace(
            plan, watermark_done=True, watermark=plan.watermark if moved else holds
        )
        self.journal.record(open_run=plan)
        return plan


def send_trigger(run: Run, plan: OpenRun, queue: Queue) -> None:
    """Tell the processor of the run's files; a repeat is dropped by its deduplication id."""
    body = {
        "hotelCode": run.hotel_code,
        "timestamp": run.timestamp,
        "complete": plan.complete,
        "files": plan.files,
    }
    queue.send(
        msgspec.json.encode(body).decode(),
        group=run.hotel_code,
        deduplication_id=run.deduplication_id,
        attributes={"HotelCode": run.hotel_code, "Timestamp": run.timestamp},
    )
