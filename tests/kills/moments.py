"""When to strike: drawn so that every phase of a run is hit."""

from dataclasses import dataclass
from random import Random

from kills.traps import SEND, AtCall, AtTime, InPhase, Moment

from host_pms.models.head import Phase
from host_pms.services.answers import RECORD_PAGES

PHASES = tuple(phase for phase in Phase if phase is not Phase.ABANDONED)
"""Those in which a run can be left open where nothing fails for good."""
LONG = RECORD_PAGES + 2
"""So many calls of one hotel, and its reading was recorded once."""

_TELLING = ("register", "import-dates", "parameters")


@dataclass(frozen=True, kw_only=True)
class Usual:
    """What an undisturbed sync takes; requests are those to S3 and SQS."""

    seconds: float
    calls: int
    requests: int
    hotels: int


def draw_moment(rng: Random, usual: Usual) -> Moment:
    """One that will probably come."""
    weights = {
        _some_time: 15,
        _some_call: 15,
        _some_telling: 20,
        _some_trigger: 5,
        _some_request: 10 if usual.requests else 0,
        _some_phase: 35,
        _some_page: 100 if usual.calls > LONG * usual.hotels else 0,
    }
    (draw,) = rng.choices(list(weights), list(weights.values()))
    return draw(rng, usual)


def _some_time(rng: Random, usual: Usual) -> Moment:
    return AtTime(seconds=rng.uniform(0, usual.seconds))


def _some_call(rng: Random, usual: Usual) -> Moment:
    return AtCall(of="simulator", number=rng.randint(1, usual.calls), answered=_coin(rng))


def _some_telling(rng: Random, usual: Usual) -> Moment:
    number = rng.randint(1, usual.hotels)
    return AtCall(of="simulator", path=rng.choice(_TELLING), number=number, answered=_coin(rng))


def _some_trigger(rng: Random, usual: Usual) -> Moment:
    answered = _coin(rng) or not usual.requests  # a disk only tells of one that is there
    return AtCall(of="place", path=SEND, number=rng.randint(1, usual.hotels), answered=answered)


def _some_request(rng: Random, usual: Usual) -> Moment:
    return AtCall(of="place", number=rng.randint(1, usual.requests), answered=_coin(rng))


def _some_phase(rng: Random, _usual: Usual) -> Moment:
    return InPhase(phase=rng.choice(PHASES), seconds=rng.choice((0.0, rng.uniform(0, 0.01))))


def _some_page(rng: Random, usual: Usual) -> Moment:
    """Of a long reading, after progress was recorded; not so far that one which goes on never comes there."""
    number = rng.randint(LONG, min(2 * LONG, usual.calls))
    return AtCall(of="simulator", number=number, answered=_coin(rng))


def _coin(rng: Random) -> bool:
    return rng.random() < 0.5
