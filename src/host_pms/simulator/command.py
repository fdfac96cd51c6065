"""The simulator as a command starts it: texts and numbers in, a simulator out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from host_pms.simulator.apim import RetryAfter
from host_pms.simulator.churn import Churn
from host_pms.simulator.clock import START, duration
from host_pms.simulator.gateway import Latency, Quota, RateLimit
from host_pms.simulator.pms import Order, PmsHotel
from host_pms.simulator.recorded_hotel import morning_after, recorded_hotel
from host_pms.simulator.server import Simulator

HOTELS = 3  # enough for every way to answer revenue and the grid


@dataclass(frozen=True, kw_only=True, slots=True)
class SimulatorOptions:
    """What was asked for on the command line; 0 and None stand for nothing."""

    port: int
    hotels: int | None = None
    seed: int = 1
    bookings: Path | None = None
    hotel_name: str | None = None
    now: datetime | None = None
    order: Order = "id"
    churn: int = 0
    rate_limit: int = 0
    retry_after: RetryAfter | Literal["mixed"] = "seconds"
    quota: int = 0
    latency: str = "0ms"
    jitter: str = "0ms"
    faults: Sequence[str] = ()


def asked_simulator(asked: SimulatorOptions) -> Simulator:
    """The simulator, not yet serving.

    Raises:
        ValueError: an option is not understood, two contradict each other, or the bookings cannot be read.
    """
    hotels, start = _hotels(asked)
    return Simulator(
        hotels=hotels,
        seed=asked.seed,
        port=asked.port,
        start=asked.now or start,
        order=asked.order,
        rate_limit=_rate_limit(asked),
        quota=Quota(calls=asked.quota) if asked.quota else None,
        latency=_latency(asked),
        faults=asked.faults,
        between_pages=Churn(bookings=asked.churn, seed=asked.seed),
    )


def _hotels(asked: SimulatorOptions) -> tuple[int | Sequence[PmsHotel], datetime]:
    """The hotels, and when the clock starts if nobody says: for recorded ones when all bookings are over."""
    if asked.bookings is None:
        if asked.hotel_name is not None:
            raise ValueError("--hotel-name says which hotel of a --bookings file, which is not given")
        return asked.hotels or HOTELS, START
    if asked.hotels is not None:
        raise ValueError("--bookings serves one hotel, so --hotels cannot be given as well")
    hotel = recorded_hotel(asked.bookings, hotel_name=asked.hotel_name, order=asked.order)
    return [hotel], morning_after(hotel)


def _rate_limit(asked: SimulatorOptions) -> RateLimit | None:
    return RateLimit(calls=asked.rate_limit, retry_after=asked.retry_after) if asked.rate_limit else None


def _latency(asked: SimulatorOptions) -> Latency | None:
    seconds, jitter = (duration(text).total_seconds() for text in (asked.latency, asked.jitter))
    return Latency(seconds=seconds, jitter=jitter) if seconds or jitter else None
