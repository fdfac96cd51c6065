"""S9: from when a run reads, and the watermark that it leaves. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from host_pms.errors import NeedsPersonError
from host_pms.models.host.config import HostConfig
from host_pms.ports import ImportParameters

BEGINNING = datetime(1900, 1, 1)  # noqa: DTZ001 - hotel-local times carry no zone
_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What the operator asked for: an ordinary run, one from `since`, or `full` (a first import)."""

    full: bool = False
    since: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """What a run reads. `held` is the watermark that the ESB held when it opened."""

    update_from: datetime
    complete: bool
    held: datetime | None
    moves_watermark: bool


def plan_window(
    parameters: ImportParameters, config: HostConfig, asked: Asked, *, lookback: timedelta
) -> Window:
    """The window of a run that opens now.

    Raises:
        NeedsPersonError: the watermark lies more than a day after the hotel's clock.
    """
    cursor = parameters.last_import
    _refuse_future(cursor, config)
    if asked.full or (cursor is None and asked.since is None):
        return Window(update_from=BEGINNING, complete=True, held=cursor, moves_watermark=True)
    if asked.since is not None:
        reaches_cursor = cursor is not None and asked.since <= cursor
        since = max(asked.since, BEGINNING)
        return Window(update_from=since, complete=False, held=cursor, moves_watermark=reaches_cursor)
    update_from = max((cursor or BEGINNING) - lookback, parameters.min_import or BEGINNING, BEGINNING)
    return Window(update_from=update_from, complete=False, held=cursor, moves_watermark=True)


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


def next_watermark(window: Window, config: HostConfig, newest: datetime | None) -> datetime | None:
    """The watermark to put, in whole seconds; None where it stays.

    The PMS's clock when the scan began; where there is none, `newest`, the newest `LastUpdate` read that
    is not from the future. Never backwards.
    """
    reached = config.local_time or newest
    if reached is None or not window.moves_watermark:
        return None
    reached = reached.replace(microsecond=0)
    return reached if window.held is None or reached > window.held else None
