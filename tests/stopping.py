"""A hotel of several pages, and neighbours that stop a run at one call: for tests of what comes after."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, BinaryIO

import msgspec
from fake_pms import FakeEsb, FakePms, World, encode, posting, reservation
from fakes import MemoryHeads, MemoryQueue, MemoryStore

from host_pms.models.head import Head, OpenRun, Phase, read_head
from host_pms.models.run import manifests_of
from host_pms.ports import ImportParameters, Registration

HOTEL = "HOTEL001"
HELD = datetime(2024, 1, 14, 2)
STAMP = "20240115T103045Z"
CALLS = 11
"""What `hotel` takes: the configuration, three pages of reservations, twice two of postings (the first two
tell of an earlier night, S10), three windows of the grid."""

Call = tuple[str, datetime | None, Any]


def hotel() -> FakePms:
    """25 rows, each with a guest, one of them unreadable, and 15 postings, in pages of 10."""
    rows = [
        reservation(ResId=number, FirstName=f"Ada{number}", Email=f"ada{number}@example.org")
        for number in range(24)
    ]
    rows.append(reservation(ResId=None, CheckIn="Grace Hopper"))
    # Each differs from its neighbours, so that a seam between two pages of them is one.
    postings = [
        posting(ResId=number, HotelDate=f"2024-01-{number % 12 + 1:02}T00:00:00") for number in range(15)
    ]
    return FakePms(rows=rows, postings=postings, page_rows=10)


@dataclass
class StoppingPms:
    """The port `PmsApi` in front of `pms`.

    `before` is called with the number of each call, from 1, and may raise or do something; `spoiled` holds
    what a call answers instead. `answered` remembers the calls that were answered.
    """

    pms: FakePms = field(default_factory=hotel)
    before: Callable[[int], None] = lambda _number: None
    spoiled: dict[int, bytes] = field(default_factory=dict)
    answered: list[Call] = field(default_factory=list)
    calls: int = 0

    def config(self, hotel_code: str) -> bytes:
        return self._answer(("config", None, 0), lambda: self.pms.config(hotel_code))

    def reservations(self, hotel_code: str, update_from: datetime, start: int) -> bytes:
        return self._answer(
            ("reservations", update_from, start),
            lambda: self.pms.reservations(hotel_code, update_from, start),
        )

    def revenue(self, hotel_code: str, update_from: datetime, start: int) -> bytes:
        return self._answer(
            ("revenue", update_from, start), lambda: self.pms.revenue(hotel_code, update_from, start)
        )

    def inventory_grid(self, hotel_code: str, first: date, last: date) -> bytes:
        return self._answer(("grid", None, first), lambda: dated_grid(hotel_code, first, last))

    def _answer(self, call: Call, answer: Callable[[], bytes]) -> bytes:
        self.calls += 1
        number = self.calls
        self.before(number)
        body = self.spoiled.get(number) or answer()
        self.answered.append(call)
        return body


def dated_grid(hotel_code: str, first: date, last: date, inventory: int = 40) -> bytes:
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    entries = [{"date": f"{day}T00:00:00", "inventory": inventory} for day in days]
    rooms = [{"roomCode": "DBL", "dailyInventories": entries}]
    return encode({"hotelCode": hotel_code, "roomInventories": rooms})


def raising(error: Exception, *numbers: int) -> Callable[[int], None]:
    """Raise at the calls of these numbers."""

    def before(number: int) -> None:
        if number in numbers:
            raise error

    return before


@dataclass
class HookedStore(MemoryStore):
    """Calls `before_put` before an object is put, which may raise."""

    before_put: Callable[[str, str], None] = lambda _bucket, _key: None

    def __post_init__(self) -> None:
        super().__init__()

    def put_new(self, bucket: str, key: str, body: BinaryIO) -> None:
        self.before_put(bucket, key)
        super().put_new(bucket, key, body)


class HookedHeads(MemoryHeads):
    """Calls `before_swap` with the head that is to be written, which may raise."""

    before_swap: Callable[[Head], None] = staticmethod(lambda _head: None)

    def swap(self, bucket: str, key: str, body: bytes, *, expected: str | None) -> str:
        self.before_swap(read_head(body, HOTEL))
        return super().swap(bucket, key, body, expected=expected)


@dataclass
class HookedEsb(FakeEsb):
    """Calls `before_call` with what is done, `register` or `move`, which may raise. Registers a file once."""

    before_call: Callable[[str], None] = lambda _what: None

    def register(self, registration: Registration, *, idempotency_key: str) -> None:
        self.before_call("register")
        if registration not in self.registrations:
            super().register(registration, idempotency_key=idempotency_key)

    def move_watermark(self, hotel_code: str, last_import: datetime, *, idempotency_key: str) -> None:
        self.before_call("move")
        super().move_watermark(hotel_code, last_import, idempotency_key=idempotency_key)


class HookedQueue(MemoryQueue):
    """Calls `before_send` before a message is taken, which may raise."""

    before_send: Callable[[], None] = staticmethod(lambda: None)

    def send(self, body: str, *, group: str, deduplication_id: str, attributes: Mapping[str, str]) -> None:
        self.before_send()
        super().send(body, group=group, deduplication_id=deduplication_id, attributes=attributes)


@dataclass
class HookedWorld(World):
    """The hotel above, and a hook at each neighbour."""

    pms: StoppingPms = field(default_factory=StoppingPms)  # type: ignore[assignment]
    esb: HookedEsb = field(default_factory=lambda: HookedEsb(parameter=ImportParameters(last_import=HELD)))
    store: HookedStore = field(default_factory=HookedStore)
    queue: HookedQueue = field(default_factory=HookedQueue)

    def __post_init__(self) -> None:
        self.heads: HookedHeads = HookedHeads(self.clock)

    def unhook(self) -> None:
        """From here on nothing stops anybody."""
        self.pms.before = lambda _number: None
        self.esb.before_call = lambda _what: None
        self.store.before_put = lambda _bucket, _key: None
        self.queue.before_send = lambda: None
        self.heads.before_swap = lambda _head: None

    @property
    def head(self) -> Head:
        ((body, _, _),) = self.heads.heads.values()
        return read_head(body, HOTEL)

    @property
    def open_run(self) -> OpenRun | None:
        return self.head.open_run

    @property
    def phase(self) -> Phase | None:
        return self.open_run.phase if self.open_run else None

    def published_files(self) -> dict[tuple[str, str], bytes]:
        """What lies in the processed buckets."""
        return {at: body for at, body in self.store.objects.items() if at[0].startswith("out-")}

    def manifest(self, timestamp: str = STAMP) -> dict[str, Any]:
        body = self.store.objects["raw-hotel-configs", f"{manifests_of(HOTEL)}{timestamp}.json"]
        return msgspec.json.decode(body)

    def told(self) -> tuple[Any, ...]:
        """All that anybody was told."""
        return (list(self.esb.registrations), list(self.esb.watermarks), list(self.queue.sent))


@cache
def undisturbed(runs: int) -> HookedWorld:
    """The same hotel after so many runs, a minute apart, that nothing stopped; to be looked at only."""
    world = HookedWorld()
    for number in range(runs):
        world.clock.sleep(60 if number else 0)
        world.sync()
    return world
