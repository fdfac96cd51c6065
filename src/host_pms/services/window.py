"""S9: from when a run reads, and the watermark that it leaves. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from host_pms.errors import NeedsPersonError
from host_pms.models.head import Cursors, Head, Window
from host_pms.models.host.config import HostConfig
from host_pms.ports import ImportParameters

BEGINNING = datetime(1900, 1, 1)  # noqa: DTZ001 - hotel-local times carry no zone
_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What the operator asked for: an ordinary run, one from `since`, or `full` (a first import)."""

    full: bool = False
    since: datetime | None = None


def plan_window(
    parameters: ImportParameters, config: HostConfig, asked: Asked, head: Head, *, lookback: timedelta
) -> Window:
    """The window of a run that opens now.

    Raises:
        NeedsPersonError: the watermark lies more than a day after the hotel's clock.
    """
    held = parameters.last_import
    _refuse_future(held, config)
    cursors = _cursors(held, head)
    if asked.full or (cursors.reservations is None and asked.since is None):
        reads, complete, moves = Cursors(), True, True
    elif asked.since is not None:
        reads = Cursors(reservations=asked.since, postings=asked.since)
        complete, moves = False, held is not None and asked.since <= held
    else:
        reads = _looked_back(cursors, lookback, parameters.min_import or BEGINNING)
        complete, moves = False, True
    return Window(
        update_from=max(reads.reservations or BEGINNING, BEGINNING),
        revenue_from=max(reads.postings or BEGINNING, BEGINNING),
        complete=complete,
        held=held,
        cursors=cursors,
        moves_watermark=moves,
    )


def _cursors(held: datetime | None, head: Head) -> Cursors:
    """Ours, if the ESB holds what was last put there; else a person changed it, and it counts for both."""
    return head.cursors if held in head.watermarks else Cursors(reservations=held, postings=held)


def _looked_back(cursors: Cursors, lookback: timedelta, earliest: datetime) -> Cursors:
    """From when an increment reads each list; one that was never read is read from its beginning."""
    lists = (cursors.reservations, cursors.postings)
    reservations, postings = (max(cursor - lookback, earliest) if cursor else None for cursor in lists)
    return Cursors(reservations=reservations, postings=postings)


def _refuse_future(cursor: datetime | None, config: HostConfig) -> None:
    if cursor is not None and cursor > latest_plausible(config) + _DAY:
        raise NeedsPersonError(
            f"The watermark {cursor:%Y-%m-%dT%H:%M:%S} lies more than a day after the hotel's clock.",
            remedy="Correct lastImportDate in the ESB; nothing was read.",
        )


def latest_plausible(config: HostConfig) -> datetime:
    """The hotel's clock; where Host did not tell it, the end of the day after the business date.

    The business date turns at night audit, so the wall clock can be up to a day ahead of it.
    """
    if config.local_time is not None:
        return config.local_time
    return datetime.combine(config.today, datetime.min.time()) + 2 * _DAY


def next_cursors(window: Window, config: HostConfig, newest: Cursors) -> Cursors:
    """Up to when the lists were read, in whole seconds, never backwards.

    The PMS's clock when the scan began; where there is none, the newest `LastUpdate` of each list's rows
    that is not from the future.
    """
    if not window.moves_watermark:
        return window.cursors
    reached = config.local_time
    return Cursors(
        reservations=_later(window.cursors.reservations, reached or newest.reservations),
        postings=_later(window.cursors.postings, reached or newest.postings),
    )


def _later(cursor: datetime | None, reached: datetime | None) -> datetime | None:
    if reached is None:
        return cursor
    reached = reached.replace(microsecond=0)
    return reached if cursor is None else max(cursor, reached)


def next_watermark(window: Window, cursors: Cursors) -> datetime | None:
    """The watermark to put: the reservations' cursor, if it is newer than what the ESB holds; else None."""
    reached = cursors.reservations
    if reached is None or not window.moves_watermark:
        return None
    return reached if window.held is None or reached > window.held else None
