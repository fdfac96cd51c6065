"""A PMS and an ESB in memory, behind the ports: for tests of what happens between the answers."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import msgspec
from fakes import FakeClock, MemoryHeads, MemoryQueue, MemoryStore

from host_pms.events import Event
from host_pms.models.run import Buckets
from host_pms.ports import ImportParameters, Registration
from host_pms.services.archive import Archive
from host_pms.services.journal import holding
from host_pms.services.lookahead import Ahead
from host_pms.services.policy import Policy
from host_pms.services.sync import Neighbours, Published, journal_of, sync_hotel
from host_pms.services.window import Asked

encode = msgspec.json.Encoder(decimal_format="number").encode

HOTEL = "HOTEL001"
TODAY = date(2024, 1, 15)

POLICY = Policy(
    buckets=Buckets(raw_prefix="raw-", processed_prefix="out-"),
    lookback=timedelta(hours=2),
    inventory_horizon=timedelta(days=60),
    records_per_file=250_000,
    reject_limit=0.05,
    id_format="composite",
    lease_ttl=timedelta(seconds=120),
)


def config_body(**hotel: Any) -> bytes:
    info = {"HotelCode": HOTEL, "HotelDate": "2024-01-15T00:00:00", "LocalTime": "2024-01-15T10:30:45.123"}
    items = [
        item("CATEGORY", "DBL", "Double room", Inventory=40),
        item("CATEGORY", "STE", "Suite", Inventory=5),
        item("SEGMENT", "CORP", "Corporate"),
        item("DIST CHANNEL", "OTA", "Online travel agency"),
    ]
    return encode({"HotelInfo": {**info, **hotel}, "ConfigInfo": items})


def item(kind: str, code: Any, description: Any, **more: Any) -> dict[str, Any]:
    return {"ConfigType": kind, "Code": code, "Description": description, "Active": True, **more}


def reservation(**given: Any) -> dict[str, Any]:
    """A row of two nights, each 100.00; what is given replaces or adds fields."""
    row = {
        "ResNo": 1,
        "ResId": 10,
        "GlobalResGuestId": 100,
        "DetailId": 1,
        "MasterDetail": 0,
        "CreatedOn": "2024-01-01T09:00:00",
        "LastUpdate": "2024-01-15T08:00:00",
        "CheckIn": "2024-01-20T14:00:00",
        "CheckOut": "2024-01-22T11:00:00",
        "Rooms": 1,
        "Pax": 2,
        "ResStatus": 0,
        "Category": "DBL",
        "Prices": [price("2024-01-20", "100.00"), price("2024-01-21", "100.00")],
    }
    return {**row, **given}


def price(night: str, amount: str, sales_group: int = 0) -> dict[str, Any]:
    return {"Date": f"{night}T00:00:00", "SalesGroup": sales_group, "Amount": Decimal(amount)}


def posting(**given: Any) -> dict[str, Any]:
    row = {
        "ResNo": 1,
        "ResId": 10,
        "GlobalResGuestId": 100,
        "HotelDate": "2024-01-12T00:00:00",
        "SalesGroup": 0,
        "RevenueNet": Decimal("94.34"),
        "LastUpdate": "2024-01-15T02:10:00",
    }
    return {**row, **given}


@dataclass
class FakePms:
    """The port `PmsApi`; `before_page` may change the lists between two pages. `calls` remembers all."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    postings: list[dict[str, Any]] = field(default_factory=list)
    grid: list[dict[str, Any]] = field(default_factory=list)
    config_answer: bytes = field(default_factory=config_body)
    page_rows: int = 100
    before_page: Callable[["FakePms", str, int], None] = lambda _pms, _kind, _start: None
    calls: list[tuple[str, datetime | None, int]] = field(default_factory=list)

    def config(self, hotel_code: str) -> bytes:
        assert hotel_code == HOTEL
        self.calls.append(("config", None, 0))
        return self.config_answer

    def reservations(self, hotel_code: str, update_from: datetime, start: int) -> bytes:
        assert hotel_code == HOTEL
        return self._page("Reservations", lambda: self.rows, update_from, start)

    def revenue(self, hotel_code: str, update_from: datetime, start: int) -> bytes:
        assert hotel_code == HOTEL
        return self._page("Revenue", lambda: self.postings, update_from, start)

    def inventory_grid(self, hotel_code: str, first: date, last: date) -> bytes:
        assert hotel_code == HOTEL
        assert first <= last < first + timedelta(days=30)
        self.calls.append(("grid", None, 0))
        return encode({"hotelCode": hotel_code, "roomInventories": self.grid if first == TODAY else []})

    def _page(
        self, name: str, rows: Callable[[], Sequence[dict[str, Any]]], update_from: datetime, start: int
    ) -> bytes:
        self.calls.append((name, update_from, start))
        self.before_page(self, name, start)
        return page(name, rows(), start, self.page_rows)


def page(name: str, rows: Sequence[dict[str, Any]], start: int, page_rows: int = 100) -> bytes:
    numbered = [
        {**row, "RowNumber": start + number, "TotalRows": len(rows)}
        for number, row in enumerate(rows[start : start + page_rows], start=1)
    ]
    return encode({name: numbered})


@dataclass
class FakeEsb:
    """The port `Esb`; remembers registrations and watermarks."""

    parameter: ImportParameters = field(default_factory=lambda: ImportParameters(last_import=None))
    registrations: list[Registration] = field(default_factory=list)
    watermarks: list[datetime] = field(default_factory=list)
    idempotency_keys: list[str] = field(default_factory=list)

    def hotels(self) -> tuple[str, ...]:
        return (HOTEL,)

    def parameters(self, hotel_code: str) -> ImportParameters:
        assert hotel_code == HOTEL
        return self.parameter

    def register(self, registration: Registration, *, idempotency_key: str) -> None:
        self.registrations.append(registration)
        self.idempotency_keys.append(idempotency_key)

    def move_watermark(self, hotel_code: str, last_import: datetime, *, idempotency_key: str) -> None:
        assert hotel_code == HOTEL
        self.watermarks.append(last_import)
        self.parameter = replace(self.parameter, last_import=last_import)
        self.idempotency_keys.append(idempotency_key)


@dataclass
class World:
    """Everything a run talks to, in memory."""

    pms: FakePms = field(default_factory=FakePms)
    esb: FakeEsb = field(default_factory=FakeEsb)
    store: MemoryStore = field(default_factory=MemoryStore)
    queue: MemoryQueue = field(default_factory=MemoryQueue)
    clock: FakeClock = field(default_factory=FakeClock)
    ahead: Ahead | None = None
    checkpoint: Callable[[], None] = lambda: None
    heads: MemoryHeads = field(init=False)
    owners: Iterator[int] = field(default_factory=lambda: count(1))
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.heads = MemoryHeads(self.clock)

    def neighbours(self) -> Neighbours:
        return Neighbours(
            pms=self.pms,
            esb=self.esb,
            store=self.store,
            heads=self.heads,
            queue=self.queue,
            clock=self.clock,
            ahead=self.ahead,
            checkpoint=self.checkpoint,
            notify=self.events.append,
            new_owner=lambda: f"worker-{next(self.owners)}",
            is_gone=lambda _owner: False,
        )

    def archive(self) -> Archive:
        return Archive(
            store=self.store,
            heads=self.heads,
            clock=self.clock,
            notify=self.events.append,
            new_owner=lambda: f"operator-{next(self.owners)}",
            is_gone=lambda _owner: False,
        )

    def sync(
        self, asked: Asked | None = None, policy: Policy | None = None, hotel_code: str = HOTEL
    ) -> Published:
        """One run of one hotel, from taking the lease to freeing it."""
        neighbours = self.neighbours()
        journal = journal_of(hotel_code, policy or POLICY, neighbours)
        with holding(journal):
            return sync_hotel(journal, asked or Asked(), policy or POLICY, neighbours)

    def published(self, bucket: str) -> Any:
        """The one object of an output bucket, every number exact."""
        (body,) = (body for (name, _), body in self.store.objects.items() if name == f"out-{bucket}")
        return msgspec.json.decode(body, type=list[dict[str, Any]] if bucket == "reservations" else dict)
