"""The simulator in a process of its own, so that what it computes is not counted as the connector's."""

import asyncio
import json
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from http import HTTPStatus
from itertools import count
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any, TextIO, cast

from pydantic import SecretStr

from host_pms.config.settings import Settings, given_settings
from host_pms.services.window import BEGINNING
from host_pms.simulator.clock import START
from host_pms.simulator.gateway import Latency, RateLimit
from host_pms.simulator.hotels import HABITS, BookedHotel, synthetic_hotels
from host_pms.simulator.pms import MAX_PAGE, PageRequest
from host_pms.simulator.server import Simulator

SEED = 7
PATTERNS = 20
"""So many hotels have bookings of their own; the others have the same under other codes."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What is simulated; `limited_calls` 0 limits nothing.

    With `imported` every hotel was read the day before; else its whole history is still to be read, and
    what it answers to that is made before it serves. With `ready` a page that was asked for once is ready as
    bytes from then on: only then it takes its latency, and costs the server next to nothing.
    """

    hotels: int
    bookings: int
    latency: float
    imported: bool = False
    limited_calls: int = 0
    limited_seconds: float = 60.0
    ready: bool = False


class PreparedHotel:
    """A hotel whose pages are made once, so that a server with one thread can keep up."""

    def __init__(self, hotel: BookedHotel) -> None:
        self._hotel = hotel
        self._pages: dict[Any, Any] = {}

    @property
    def code(self) -> str:
        """The hotel's."""
        return self._hotel.code

    @property
    def name(self) -> str:
        """The hotel's."""
        return self._hotel.name

    def config(self, now: datetime) -> Any:
        """The hotel's."""
        return self._hotel.config(now)

    def reservations(self, now: datetime, request: PageRequest) -> Any:
        """The hotel's, made once."""
        asked = ("reservations", now, request)
        if asked not in self._pages:
            self._pages[asked] = self._hotel.reservations(now, request)
        return self._pages[asked]

    def revenue(self, now: datetime, request: PageRequest, sales_group: int | None) -> Any:
        """The hotel's, made once."""
        asked = ("revenue", now, request, sales_group)
        if asked not in self._pages:
            self._pages[asked] = self._hotel.revenue(now, request, sales_group)
        return self._pages[asked]

    def inventory_grid(self, now: datetime, first: date, last: date) -> Any:
        """The hotel's."""
        return self._hotel.inventory_grid(now, first, last)

    def prepare(self) -> None:
        """Make all pages of a first import."""
        for start in count(0, MAX_PAGE - 1):
            request = PageRequest(update_from=BEGINNING, start=start)
            rows = self.reservations(START, request)["Reservations"]
            postings = self.revenue(START, request, 0)["Revenue"]
            if max(len(rows), len(postings)) < MAX_PAGE:
                return


class ReadyPages:
    """An ASGI application in front of `app`, which answers a list's page a second time by itself."""

    def __init__(self, app: Any, latency: float) -> None:
        self._app = app
        self._latency = latency
        self._pages: dict[tuple[str, bytes], list[Any]] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer."""
        place = (scope["path"], scope["query_string"])
        if place in self._pages:
            await asyncio.sleep(self._latency)
            for message in self._pages[place]:
                await send(message)
            return
        sent: list[Any] = []

        async def remembered(message: Any) -> None:
            sent.append(message)
            await send(message)

        await self._app(scope, receive, remembered)
        if b"start=" in place[1]:
            self._pages[place] = sent


class ReadySimulator(Simulator):
    """A simulator whose pages get ready as bytes."""

    def __init__(self, *, latency: Latency, **options: Any) -> None:
        super().__init__(**options)
        self._latency = latency

    def _app(self, waits: Any) -> Any:
        return ReadyPages(super()._app(waits), self._latency.seconds)


@dataclass(kw_only=True)
class Simulated:
    """A simulator that serves in another process; `refused` are its 429s, known when it has stopped."""

    told: dict[str, str]
    refused: int = 0

    def settings(self, folder: Path, *, calls_per_minute: int = 0) -> Settings:
        """To sync its hotels into `folder`."""
        return given_settings(
            storage="local",
            local_root=folder,
            host_api_base_url=self.told["host_url"],
            host_api_subscription_key=SecretStr(self.told["host_key"]),
            host_api_rate_limit=calls_per_minute,
            esb_base_url=self.told["esb_url"],
            esb_api_key=SecretStr(self.told["esb_key"]),
        )

    def next_day(self) -> None:
        """Move the hotels' clock."""
        order = json.dumps({"advance": "1d"}).encode()
        url = f"{self.told['url']}/simulator/clock"
        urllib.request.urlopen(url, data=order).close()  # noqa: S310 - the simulator of this machine


@contextmanager
def simulated(options: Options) -> Iterator[Simulated]:
    """Serve while this lasts."""
    command = [sys.executable, __file__, json.dumps(asdict(options))]
    with Popen(command, stdin=PIPE, stdout=PIPE, text=True) as process:  # noqa: S603 - this very file
        served = Simulated(told=json.loads(cast("TextIO", process.stdout).readline()))
        try:
            yield served
        finally:
            last, _ = process.communicate()
            served.refused = json.loads(last)["refused"]


def serve(options: Options) -> None:
    """Serve until standard input ends; tell where at the beginning, and how it went at the end."""
    limit = RateLimit(calls=options.limited_calls, seconds=options.limited_seconds)
    kind = ReadySimulator if options.ready else Simulator
    simulator = kind(
        hotels=_hotels(options),
        latency=Latency(seconds=options.latency),
        rate_limit=limit if options.limited_calls else None,
    )
    if options.imported:
        day_before = f"{START - timedelta(days=1):%Y-%m-%dT%H:%M:%S}"
        simulator.esb.watermarks.update(dict.fromkeys(simulator.hotels, day_before))
    with simulator:
        places = {"url": simulator.url, "host_url": simulator.host_url, "esb_url": simulator.esb_url}
        keys = {"host_key": simulator.host_key, "esb_key": simulator.esb_key}
        print(json.dumps({**places, **keys}), flush=True)
        sys.stdin.read()
    print(
        json.dumps({"refused": sum(call.status == HTTPStatus.TOO_MANY_REQUESTS for call in simulator.calls)})
    )


def _hotels(options: Options) -> list[Any]:
    drawn = synthetic_hotels(min(options.hotels, PATTERNS), seed=SEED, bookings=options.bookings)
    if not options.imported:
        prepared = [PreparedHotel(hotel) for hotel in drawn]
        for hotel in prepared:
            hotel.prepare()
        return prepared
    return [
        BookedHotel(
            code=f"HOTEL{number:04}",
            number=number,
            name=f"Simulated Hotel {number}",
            bookings=drawn[number % len(drawn)].bookings,
            habits=HABITS[number % len(HABITS)],
        )
        for number in range(options.hotels)
    ]


if __name__ == "__main__":
    serve(Options(**json.loads(sys.argv[1])))
