"""What a Lambda's event asks for. A misspelt one must not start all hotels, so nothing else is understood."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from host_pms.errors import UsageError
from host_pms.services.fleet import refuse_bad_code

MOST_HOPS = 100
"""Calls for one hotel, one after the other; at 15 minutes each they are 25 hours. More go in circles."""

_EVENTBRIDGE = frozenset(
    {"version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"}
    | {"replay-name"}
)
_SURELY_EVENTBRIDGE = frozenset({"source", "detail-type"})


class TooManyHopsError(Exception):
    """A hotel was called for again and again and is not done."""


class LambdaContext(Protocol):
    """What is used of the platform's context."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the platform ends the function."""


@dataclass(frozen=True, kw_only=True)
class AllHotels:
    """Sync all hotels, as far as the time allows: `{}` or an event of EventBridge."""


@dataclass(frozen=True, kw_only=True)
class ListHotels:
    """Tell which hotels there are: `{"action": "list"}`."""


@dataclass(frozen=True, kw_only=True)
class OneHotel:
    """Sync this one: `{"hotelCode": "H", "hop": n}`; `hop` counts the calls before this one, 0 by itself."""

    hotel_code: str
    hop: int = 0


def read_event(event: Mapping[str, Any]) -> AllHotels | ListHotels | OneHotel:
    """What `event` asks for.

    Raises:
        UsageError: it is none of the three, or its code cannot be a hotel's.
        TooManyHopsError: the hotel was called for too often.
    """
    match event:
        case {"hotelCode": str(hotel_code)} if event.keys() <= {"hotelCode", "hop"}:
            refuse_bad_code(hotel_code)
            return OneHotel(hotel_code=hotel_code, hop=_hop(hotel_code, event.get("hop", 0)))
        case {"action": "list"} if len(event) == 1:
            return ListHotels()
        case {} if not event or _SURELY_EVENTBRIDGE <= event.keys() <= _EVENTBRIDGE:
            return AllHotels()
    raise UsageError(
        "The event is not understood.",
        remedy='Send {} for all hotels, {"hotelCode": "H"} for one, or {"action": "list"}.',
    )


def _hop(hotel_code: str, hop: Any) -> int:
    if type(hop) is not int or hop < 0:
        raise UsageError(
            "The event's hop is no whole number from 0 on.", remedy="Send back the answer's hop."
        )
    if hop > MOST_HOPS:
        raise TooManyHopsError(
            f"Hotel {hotel_code} is not done after {MOST_HOPS} hops. "
            f"`host-pms runs --hotel {hotel_code}` shows how far its run has come."
        )
    return hop


def seconds_left(context: LambdaContext | None) -> float | None:
    """How long the function may still run; None without a context, which is no platform's call.

    Raises:
        UsageError: the context cannot tell.
    """
    if context is None:
        return None
    ask = getattr(context, "get_remaining_time_in_millis", None)
    left = ask() if callable(ask) else None
    if not isinstance(left, int | float):
        raise UsageError(
            "The context does not tell how much time is left.",
            remedy="Hand on the platform's own, or None for a call without an end.",
        )
    return left / 1000
