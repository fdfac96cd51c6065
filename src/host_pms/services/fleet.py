"""Many hotels side by side; one hotel's failure never stops another."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from enum import Enum

from host_pms.errors import ConnectorError, UsageError
from host_pms.events import Event, EventName
from host_pms.models.head import Head
from host_pms.models.run import Run, is_hotel_code
from host_pms.ports import Esb
from host_pms.services.journal import holding
from host_pms.services.policy import Policy
from host_pms.services.sync import Neighbours, Published, journal_of, sync_hotel
from host_pms.services.window import Asked


class Outcome(Enum):
    """How a hotel's run ended; the value is the exit code that it would give alone."""

    DONE = 0
    BUG = 1
    USAGE = 2
    TRANSIENT = 4
    BUSY = 5
    NEEDS_PERSON = 6


@dataclass(frozen=True, kw_only=True)
class HotelResult:
    """One hotel's run: what it published, or the error that ended it."""

    hotel_code: str
    timestamp: str | None = None
    outcome: Outcome = Outcome.DONE
    seconds: float = 0.0
    published: Published | None = None
    error: Exception | None = None

    @property
    def reason(self) -> str:
        """Why it failed, in one line; a bug only by its kind, since its text may hold a row's values."""
        if self.error is None or isinstance(self.error, ConnectorError):
            return str(self.error or "")
        return f"A bug: {type(self.error).__name__}. DEBUG=True shows where."


def chosen_hotels(asked_for: Sequence[str], esb: Esb) -> tuple[str, ...]:
    """The hotels to sync: those asked for, each once, or all that the ESB knows.

    Raises:
        UsageError: one is no hotel code, or the ESB does not know it as active.
        ConnectorError: the ESB did not answer.
    """
    for code in asked_for:
        refuse_bad_code(code)
    known = esb.hotels()
    unknown = [code for code in asked_for if code not in set(known)]
    if unknown:
        raise UsageError(
            f"The ESB has no active hotel {', '.join(unknown)}.",
            remedy="`host-pms hotels` lists those it has.",
        )
    return tuple(dict.fromkeys(asked_for or known))


def shown(hotel_code: str) -> str:
    """The code; one that cannot be a hotel's as quoted ASCII, so that it breaks no line and no terminal."""
    return hotel_code if is_hotel_code(hotel_code) else ascii(hotel_code[:40])


def refuse_bad_code(hotel_code: str) -> None:
    """A code becomes part of keys, so what cannot be one is refused before any call.

    Raises:
        UsageError: it cannot be one.
    """
    if not is_hotel_code(hotel_code):
        raise UsageError(
            f"{shown(hotel_code)} is no hotel code.",
            remedy="A code is 1 to 32 letters, digits, '_' or '-', and starts with a letter or digit.",
        )


def sync_fleet(
    hotel_codes: Sequence[str], asked: Asked, policy: Policy, world: Neighbours, *, at_once: int
) -> list[HotelResult]:
    """A result for every hotel, in the order given; `at_once` of them run side by side."""
    with ThreadPoolExecutor(max_workers=at_once, thread_name_prefix="hotel") as workers:
        return list(workers.map(lambda code: _guarded(code, asked, policy, world), hotel_codes))


def _guarded(hotel_code: str, asked: Asked, policy: Policy, world: Neighbours) -> HotelResult:
    """The per-hotel boundary: whatever happens to a hotel becomes its result."""
    began = world.clock.monotonic()
    result = HotelResult(hotel_code=shown(hotel_code))
    journal = journal_of(hotel_code, policy, world)
    try:
        refuse_bad_code(hotel_code)
        with holding(journal):
            published = sync_hotel(journal, asked, policy, world)
    except Exception as error:  # noqa: BLE001 - a bug in one hotel's run is that hotel's failure
        result = replace(result, outcome=outcome_of(error), error=error)
    else:
        result = replace(result, published=published)
    result = replace(result, timestamp=_timestamp(journal.head), seconds=world.clock.monotonic() - began)
    world.notify(_done(result.published, result) if result.published else _failed(result))
    return result


def _timestamp(head: Head) -> str | None:
    """The hotel's last run, which is this one if it came so far as to begin."""
    started = head.last_started
    return None if started is None else Run(hotel_code=head.hotel_code, started=started).timestamp


def outcome_of(error: Exception) -> Outcome:
    """How a run ends with this error."""
    return Outcome(error.exit_code) if isinstance(error, ConnectorError) else Outcome.BUG


def exit_code(outcomes: Sequence[Outcome]) -> int:
    """The command's exit code: a single hotel's own; of several, what they come to together."""
    counted = [outcome for outcome in outcomes if outcome is not Outcome.BUSY]
    if not counted:
        return Outcome.BUSY.value if outcomes else 0
    if len(outcomes) == 1:
        return int(counted[0].value)
    if all(outcome is Outcome.DONE for outcome in counted):
        return 0
    if Outcome.DONE in counted:
        return SOME_FAILED
    return next((outcome.value for outcome in _WORST_FIRST if outcome in counted), Outcome.TRANSIENT.value)


SOME_FAILED = 3
_WORST_FIRST = (Outcome.NEEDS_PERSON, Outcome.BUG)


def _done(published: Published, result: HotelResult) -> Event:
    counts = published.counts
    return Event(
        name=EventName.HOTEL_DONE,
        source=__name__,
        message=f"Published {counts['nights']} nights" if published.files else "Nothing had changed",
        hotel_code=result.hotel_code,
        timestamp=result.timestamp,
        context={
            "rows": counts["reservationRows"],
            "count": counts["nights"],
            "rejected": counts["rejectedReservations"] + counts["rejectedPostings"],
            "orphans": counts["orphanPostings"],
            "files": len(published.files),
            "seconds": round(result.seconds, 3),
        },
    )


def _failed(result: HotelResult) -> Event:
    return Event(
        name=EventName.HOTEL_FAILED,
        source=__name__,
        message=result.reason,
        hotel_code=result.hotel_code,
        timestamp=result.timestamp,
        context={"outcome": result.outcome.name.lower(), "seconds": round(result.seconds, 3)},
    )
