"""What a fault does to a call, as values."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, TypeAlias

from host_pms.simulator.apim import RetryAfter

WireBreak = Literal["reset", "truncate", "drip", "drip-headers", "bad-gzip", "short-gzip", "no-answer"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Delay:
    """The call waits before it is passed on."""

    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class OtherAnswer:
    """The call is answered with this, and never reaches the API."""

    status: int
    body: bytes = b""
    media_type: str = "application/json"


@dataclass(frozen=True, kw_only=True, slots=True)
class GzipBomb:
    """The call is answered with a small body that becomes very large when it is unpacked."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Throttle:
    """The call is answered with a 429 that asks to wait so long."""

    seconds: float
    form: RetryAfter


@dataclass(frozen=True, kw_only=True, slots=True)
class OutOfQuota:
    """The call is answered with a 403 whose text says when the quota is replenished."""

    replenished_in: timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class OnTheWire:
    """The answer is broken on its way; `seconds` lie between two bytes that drip."""

    how: WireBreak
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class OtherPage:
    """Another page than the one asked for: so many rows on, so many pages back, so many rows at most."""

    rows_on: int = 0
    pages_back: int = 0
    cap: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class WrongTotal:
    """`TotalRows` of every row is this number, or off by it; None leaves the field out."""

    number: int | None
    relative: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ClockSkew:
    """`HotelInfo.LocalTime` is off by this."""

    by: timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class OtherHotel:
    """`HotelInfo.HotelCode` is this one."""

    code: str


Instead: TypeAlias = OtherAnswer | GzipBomb | Throttle | OutOfQuota
"""The call is answered without the API."""

InAnswer: TypeAlias = WrongTotal | ClockSkew | OtherHotel
"""The API's answer is rewritten."""

Effect: TypeAlias = Delay | Instead | OnTheWire | OtherPage | InAnswer
