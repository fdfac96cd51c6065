"""What became of a hotel's runs between two states of its head: as it was `found`, and was `left`. Pure."""

from host_pms.models.head import Head
from host_pms.models.run import Run


def timestamp_of_run(found: Head, left: Head) -> str | None:
    """The run that was begun or gone on with, the later one if both; None if neither."""
    if left.last_started is None or (found.open_run is None and found.last_started == left.last_started):
        return None
    return Run(hotel_code=left.hotel_code, started=left.last_started).timestamp


def finished(found: Head, left: Head) -> bool:
    """Whether a run that was open came to its end."""
    was_open, is_open = found.open_run, left.open_run
    return was_open is not None and (is_open is None or is_open.started != was_open.started)


def came_further(found: Head, left: Head) -> bool:
    """Whether a run was opened or finished, or the open one has more answers, phases or registered files."""
    was_open, is_open = found.open_run, left.open_run
    if was_open is None or is_open is None or finished(found, left):
        return was_open is not is_open
    return (
        is_open.phase is not was_open.phase
        or is_open.progress.answers > was_open.progress.answers
        or is_open.registered > was_open.registered
    )
