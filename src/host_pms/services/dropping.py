"""An operator gives up a run that is open and cannot be finished."""

from host_pms.errors import UsageError
from host_pms.models.head import Phase
from host_pms.models.run import Run
from host_pms.services.archive import Archive
from host_pms.services.closing import Closing
from host_pms.services.history import KnownRun
from host_pms.services.journal import holding
from host_pms.services.policy import Policy
from host_pms.services.sync import journal_of
from host_pms.services.telling import Teller

REASON = "Dropped by an operator"


def refuse_what_is_done(known: KnownRun) -> None:
    """Only an open run that has something left to do can be given up.

    Raises:
        UsageError: it is closed, or has only to be closed.
    """
    if known.phase is None:
        raise UsageError(
            f"The run {_name(known.run)} is closed ({known.stage}).",
            remedy="Only an open run can be dropped.",
        )
    if known.phase is Phase.CLOSED:
        raise UsageError(
            f"The run {_name(known.run)} has done all that it had to do.", remedy="The next run closes it."
        )


def drop(run: Run, archive: Archive, policy: Policy) -> None:
    """Give the run up: the watermark that it may have put counts for nothing, and the next run reads anew.

    Raises:
        BusyError: a worker holds the hotel.
        UsageError: the run is not open any more, or has only to be closed.
        ConnectorError: the store did not answer; the run is open still, or the next one closes it.
    """
    journal = journal_of(run.hotel_code, policy, archive)
    closing = Closing(
        run=run,
        journal=journal,
        store=archive.store,
        buckets=policy.buckets,
        teller=Teller(run=run, notify=archive.notify),
    )
    with holding(journal):
        open_run = journal.head.open_run
        if open_run is None or open_run.started != run.started or open_run.phase is Phase.CLOSED:
            raise UsageError(
                f"The run {_name(run)} is not open any more.", remedy="A worker went on with it meanwhile."
            )
        if open_run.phase is Phase.ABANDONED:  # its manifest may be there already, with the first reason
            closing.close()
        else:
            closing.abandon(REASON)


def _name(run: Run) -> str:
    return f"{run.timestamp} of {run.hotel_code}"
