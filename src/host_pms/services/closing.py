"""CLOSED: a run's manifest, then the swap after which it is open no more."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import msgspec

from host_pms.errors import AccessDeniedError, ConnectorError, DivergentObjectError, NeedsPersonError
from host_pms.models.head import TOLD, Frozen, OpenRun, Phase
from host_pms.models.manifest import (
    REJECTED_ROWS,
    KeptError,
    RejectedRow,
    encode_kept,
    manifest_of,
    read_kept,
)
from host_pms.models.run import Buckets, Run
from host_pms.ports import ObjectStore
from host_pms.services.journal import Journal
from host_pms.services.telling import Teller


@dataclass(frozen=True, kw_only=True)
class Closing:
    """One hotel's open run at its end."""

    run: Run
    journal: Journal
    store: ObjectStore
    buckets: Buckets
    teller: Teller

    def close(self) -> None:
        """Write the manifest and close the run, whether it was published or given up."""
        open_run = self.journal.open_run
        rejected = kept_rejects(self.store, self.buckets, self.run, open_run.frozen)
        body, _ = encode_kept(manifest_of(self.run.hotel_code, _at_its_end(open_run), rejected))
        self.journal.keep()
        # Another manifest of this run is there when another version closed it and died before the swap: the
        # head is the truth, all is told, and for a manifest no run must stay open, which nobody could close.
        with suppress(DivergentObjectError):
            self.store.put_new(self.buckets.raw_configs, self.run.manifest_key, BytesIO(body))
        self.journal.record(open_run=None, **self._remembered(open_run))

    def abandon(self, reason: str) -> None:
        """Give the run up: the watermark stays where it is, and the next run reads anew."""
        open_run = self.journal.open_run
        given_up = msgspec.structs.replace(open_run, phase=Phase.ABANDONED, reason=reason)
        self.journal.record(open_run=given_up, **_not_to_be_trusted(open_run))
        self.teller.abandoned(reason)
        self.close()

    @contextmanager
    def giving_up(self) -> Iterator[None]:
        """S3: what fails for good before anything was registered is given up; else the run stays open.

        So it does where a key or a right was refused: that is mended, and what was read is none the worse.
        """
        try:
            yield
        except AccessDeniedError:
            raise
        except NeedsPersonError as error:
            if self.journal.head.open_run is not None and not self.journal.open_run.registered:
                with suppress(ConnectorError):  # it stays open, and the next run comes to this end
                    self.abandon(str(error))
            raise

    def _remembered(self, open_run: OpenRun) -> dict[str, Any]:
        """What the next run begins with."""
        plan = open_run.plan
        if plan is None or open_run.phase is Phase.ABANDONED:
            return {}
        if not plan.moved:
            return {"fingerprint": plan.fingerprint}
        return {
            "fingerprint": plan.fingerprint,
            "cursors": plan.cursors,
            "watermarks": () if plan.watermark is None else (plan.watermark,),
        }


def kept_rejects(
    store: ObjectStore, buckets: Buckets, run: Run, frozen: Frozen | None
) -> tuple[RejectedRow, ...]:
    """R18's rows of a run, as they were kept; none where it ended before that.

    Nor where their list is damaged: the answers hold the rows, and their count stands in the head. For it
    alone a run must not stay open, which nobody could close.
    """
    if not frozen or not frozen.rejected:
        return ()
    try:
        with store.read(buckets.raw_reservations, run.key("rejected")) as stream:
            return read_kept(stream.read(), REJECTED_ROWS)
    except (FileNotFoundError, KeptError):
        return ()


def _at_its_end(open_run: OpenRun) -> OpenRun:
    """A run that was finished does not tell what had held it up."""
    return open_run if open_run.phase is Phase.ABANDONED else msgspec.structs.replace(open_run, reason="")


def _not_to_be_trusted(open_run: OpenRun) -> dict[str, Any]:
    """The watermark may have been put although the run is given up: then it must not count as reached."""
    if open_run.plan is None or open_run.phase not in TOLD:
        return {}
    ours = (open_run.window.held, open_run.plan.watermark)
    return {"cursors": open_run.window.cursors, "watermarks": tuple(put for put in ours if put is not None)}
