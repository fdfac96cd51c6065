"""The simulator: a Host PMS API and a Climber ESB on one port of this machine."""

import socket
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from threading import Thread
from types import MappingProxyType, TracebackType
from typing import Any, Self

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Mount

from host_pms.simulator.answer_faults import AnswerFaults
from host_pms.simulator.calls import Call, CallRecorder
from host_pms.simulator.canned import CannedHotel
from host_pms.simulator.clock import START, HotelClock
from host_pms.simulator.control import Control
from host_pms.simulator.esb import EsbApi, EsbMemory
from host_pms.simulator.faults import Fault, Faults
from host_pms.simulator.gateway import Gateway, Latency, Policy, Quota, RateLimit
from host_pms.simulator.host_api import HostApi
from host_pms.simulator.hotels import BOOKINGS, synthetic_hotels
from host_pms.simulator.pms import BetweenPages, JsonObject, Order, PmsHotel
from host_pms.simulator.waits import Pause, Waits
from host_pms.simulator.wire import Connection, WireFaults

DEMO_HOST_KEY = "demo-host-key"
DEMO_ESB_KEY = "demo-esb-key"
_NO_KEYS: Mapping[str, str] = MappingProxyType({})
_ADDRESS = "127.0.0.1"  # never reachable from another machine
_NEVER = 2**40  # bytes: a worker thread that compresses would outlive the server for a moment
_KEEP_ALIVE_SECONDS = 60  # uvicorn's 5 s would close connections under clients that wait between calls


def _nothing(_hotel: PmsHotel, _clock: HotelClock) -> None:
    """Nothing changes between two pages."""


class Simulator:
    """Serves while its `with` block lasts; port 0 takes a free one.

    `hotels` is how many synthetic hotels to draw from `seed`, or the hotels themselves. A hotel
    in `host_keys` has a key of its own and refuses the shared one. The clock stands still until it is moved.

    `rate_limit`, `quota` and `latency` are the gateway's, in front of the Host API alone. `faults` may
    befall the ESB too; they are lines as `faults.py` describes them, and more may be added while it runs.
    `between_pages` may change a hotel while a list is read. Time is told by `monotonic` and `wall`, in
    seconds, and waited for by `pause`; None waits in earnest.
    """

    def __init__(
        self,
        *,
        hotels: int | Sequence[PmsHotel] = 3,
        seed: int = 1,
        bookings: int = BOOKINGS,
        port: int = 0,
        start: datetime = START,
        order: Order = "id",
        host_keys: Mapping[str, str] = _NO_KEYS,
        rate_limit: RateLimit | None = None,
        quota: Quota | None = None,
        latency: Latency | None = None,
        faults: Sequence[str | Fault] = (),
        between_pages: BetweenPages = _nothing,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        pause: Pause | None = None,
    ) -> None:
        """Raise FaultSpecError where a fault is not understood."""
        if isinstance(hotels, int):
            hotels = synthetic_hotels(hotels, seed=seed, bookings=bookings, around=start, order=order)
        self.port = port
        self.host_key = DEMO_HOST_KEY
        self.esb_key = DEMO_ESB_KEY
        self.clock = HotelClock(start)
        self.hotels = {hotel.code: hotel for hotel in hotels}
        self.esb = EsbMemory([{"code": hotel.code, "name": hotel.name, "active": True} for hotel in hotels])
        self.calls: list[Call] = []
        self.faults = Faults(faults, seed=seed)
        self._host_keys = host_keys
        self._between_pages = between_pages
        self._policy = Policy(rate_limit=rate_limit, quota=quota, latency=latency)
        self._seed = seed
        self._monotonic = monotonic
        self._wall = wall
        self._pause = pause

    @classmethod
    def canned(
        cls,
        *,
        config: JsonObject,
        reservations: Sequence[Any],
        revenue: Sequence[Any] = (),
        inventory: JsonObject | list[Any],
        hotel_code: str = "HOTEL001",
        last_import: str | None = None,
        **options: Any,
    ) -> Self:
        """One hotel with fixed answers; `last_import` is its watermark at the ESB, `options` the class's."""
        hotel = CannedHotel(
            code=hotel_code,
            config=config,
            reservations=reservations,
            revenue=revenue,
            inventory=inventory,
        )
        simulator = cls(hotels=[hotel], **options)
        if last_import is not None:
            simulator.esb.watermarks[hotel_code] = last_import
        return simulator

    @property
    def url(self) -> str:
        """Where it listens; the control calls are below `/simulator`."""
        return f"http://{_ADDRESS}:{self.port}"

    @property
    def host_url(self) -> str:
        """`HOST_API_BASE_URL`."""
        return f"{self.url}/rms-v2"

    @property
    def esb_url(self) -> str:
        """`ESB_BASE_URL`."""
        return f"{self.url}/api"

    def __enter__(self) -> Self:
        """Start to serve.

        Raises:
            OSError: the port is taken.
        """
        # Bound and listening before the thread starts: the port is known, and an early call waits.
        listener = socket.create_server((_ADDRESS, self.port), backlog=512)
        # asyncio leaves Nagle on for sockets made here, and each answer would wait 40 ms for an ACK.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.port = listener.getsockname()[1]
        waits = Waits()
        self._server = _Server(_settings(self._app(waits)), waits)
        self._thread = Thread(target=self._server.run, args=([listener],), name="simulator")
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop, and return when everything is closed."""
        self._server.should_exit = True
        self._thread.join()

    def serve_forever(self) -> None:
        """Block inside the `with` block until the server stops or a signal raises, as Ctrl-C does."""
        self._thread.join()

    def _app(self, waits: Waits) -> Starlette:
        """Three applications; what stands in front of the two simulated APIs is their mounts' middleware."""
        host = HostApi(
            hotels=self.hotels,
            clock=self.clock,
            shared_key=self.host_key,
            hotel_keys=self._host_keys,
            between_pages=self._between_pages,
        )
        esb = EsbApi(self.esb, key=self.esb_key)
        pause = self._pause or waits.pause
        gateway = Middleware(
            Gateway,
            keys={self.host_key, *self._host_keys.values()},
            policy=self._policy,
            seed=self._seed,
            pause=pause,
            monotonic=self._monotonic,
            wall=self._wall,
        )
        recorder = Middleware(CallRecorder, calls=self.calls)
        # Bodies are compressed between the two: what breaks on the wire is what goes over it.
        faulty = [
            Middleware(WireFaults, faults=self.faults, waits=waits, pause=pause, wall=self._wall),
            Middleware(GZipMiddleware, compresslevel=1, thread_minimum_size=_NEVER),
            Middleware(AnswerFaults),
        ]
        return Starlette(
            routes=[
                Mount("/rms-v2", host.app(), middleware=[recorder, gateway, *faulty]),
                Mount("/api", esb.app(), middleware=[recorder, *faulty]),
                Mount("/simulator", Control(clock=self.clock, esb=self.esb).app()),
            ]
        )


class _Server(uvicorn.Server):
    """uvicorn's server, which first ends what waits inside it: else it would wait for that, and complain."""

    def __init__(self, config: uvicorn.Config, waits: Waits) -> None:
        super().__init__(config)
        self._waits = waits

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop in order."""
        self._waits.stop()
        await super().shutdown(sockets)


def _settings(app: Starlette) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=Connection,
        log_config=None,
        log_level="warning",
        access_log=False,
        lifespan="off",
        ws="none",
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=1,
    )
