"""Many hotels side by side; one hotel's failure never stops another."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum

from host_pms.errors import ConnectorError, RateLimitedError, StoppedError, UsageError
from host_pms.events import Event, EventName
from host_pms.models.head import Head
from host_pms.models.run import is_hotel_code
from host_pms.ports import Esb
from host_pms.services.journal import holding
from host_pms.services.policy import Policy
from host_pms.services.progress import came_further, finished, timestamp_of_run
from host_pms.services.sync import Neighbours, Published, journal_of, sync_hotel
from host_pms.services.watermark_age import Heard
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
    """One hotel's run: what it published, or the error that ended it.

    `timestamp` is that of the run which was begun or gone on with, if it came so far. `progressed` says that
    it came further than it was found, so that the next one need not do all of it again, and `finished` that a
    run which was open came to its end. `watermark_age` is how far the watermark lies behind the hotel's
    clock, if it is known.
    """

    hotel_code: str
    timestamp: str | None = None
    outcome: Outcome = Outcome.DONE
    seconds: float = 0.0
    published: Published | None = None
    error: Exception | None = None
    progressed: bool = False
    finished: bool = False
    watermark_age: timedelta | None = None

    @property
    def short_of_time(self) -> bool:
        """Whether its time was up, or a key may not be used for longer than it has."""
        return isinstance(self.error, StoppedError | RateLimitedError)

    @property
    def goes_on(self) -> bool:
        """Whether nothing is wrong with it but that it needs more time: the next run goes on there."""
        return self.outcome is Outcome.TRANSIENT and (self.progressed or self.short_of_time)

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
        return list(workers.map(lambda code: _in_turn(code, asked, policy, world), hotel_codes))


def _in_turn(hotel_code: str, asked: Asked, policy: Policy, world: Neighbours) -> HotelResult:
    """A hotel whose turn comes after everything was stopped is not begun: its lease is not even taken."""
    try:
        world.checkpoint()
    except StoppedError:
        error = StoppedError("Stopped before the hotel was begun.", remedy="The next run begins it.")
        return HotelResult(hotel_code=shown(hotel_code), outcome=Outcome.TRANSIENT, error=error)
    return _guarded(hotel_code, asked, policy, world)


def _guarded(hotel_code: str, asked: Asked, policy: Policy, world: Neighbours) -> HotelResult:
    """The per-hotel boundary: whatever happens to a hotel becomes its result."""
    began = world.clock.monotonic()
    result = HotelResult(hotel_code=shown(hotel_code))
    heard = Heard(world.notify)
    world = replace(world, notify=heard)
    journal = journal_of(hotel_code, policy, world)
    found: Head | None = None
    try:
        refuse_bad_code(hotel_code)
        with holding(journal):
            found = journal.head
            result = replace(result, published=sync_hotel(journal, asked, policy, world))
    except Exception as error:  # noqa: BLE001 - a bug in one hotel's run is that hotel's failure
        result = replace(result, outcome=outcome_of(error), error=error)
    if found is not None:  # else another worker's, or nobody's
        result = replace(
            result,
            timestamp=timestamp_of_run(found, journal.head),
            progressed=came_further(found, journal.head),
            finished=finished(found, journal.head),
        )
    age = heard.age(journal.head, world.clock.now())
    result = replace(result, seconds=world.clock.monotonic() - began, watermark_age=age)
    world.notify(ended(result))
    return result


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


def ended(result: HotelResult) -> Event:
    """What is told of a hotel at its end."""
    name, message, context = (
        (EventName.HOTEL_FAILED, result.reason, _of_failed(result))
        if result.published is None
        else (EventName.HOTEL_DONE, _what_was_done(result.published), _of_done(result.published))
    )
    context["seconds"] = round(result.seconds, 3)
    if result.watermark_age is not None:
        context["watermark_age_hours"] = round(result.watermark_age / timedelta(hours=1), 3)
    return Event(
        name=name,
        source=__name__,
        message=message,
        hotel_code=result.hotel_code,
        timestamp=result.timestamp,
        context=context,
    )


def _what_was_done(published: Published) -> str:
    return f"Published {published.counts['nights']} nights" if published.files else "Nothing had changed"


_Context = dict[str, int | float | str]


def _of_done(published: Published) -> _Context:
    counts = published.counts
    rejected = (counts["rejectedReservations"], counts["rejectedPostings"])
    read = (counts["reservationRows"], counts["postings"])
    shares = (part / whole if whole else 0 for part, whole in zip(rejected, read, strict=True))
    return {
        "rows": counts["reservationRows"],
        "postings": counts["postings"],
        "count": counts["nights"],
        "rejected": sum(rejected),
        "rejected_share": round(max(shares), 6),
        "orphans": counts["orphanPostings"],
        "files": len(published.files),
    }


def _of_failed(result: HotelResult) -> _Context:
    return {"outcome": "continue" if result.goes_on else result.outcome.name.lower()}
