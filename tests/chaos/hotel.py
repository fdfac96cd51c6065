"""A hotel whose bookings change while they are read, behind the port `PmsApi`: rows come, change and go.

A version of a booking is written at its `LastUpdate` and is seen from `visible` on, which may be up to
an hour later, as rows that are committed late are. Its room price is its own, so that a published night
tells which version it shows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random

import msgspec

HOTEL = "HOTEL001"
PAGE_ROWS = 5
ROOM_PRICE = 100
LATEST_COMMIT = timedelta(hours=1)

encode = msgspec.json.encode


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """One version of a booking; a booking that is `gone` is in no list any more."""

    booking: int
    number: int
    updated: datetime
    visible: datetime
    gone: bool = False

    @property
    def room_price(self) -> int:
        return ROOM_PRICE * self.booking + self.number

    def row(self) -> dict[str, object]:
        arrival = date(2024, 6, 1) + timedelta(days=self.booking % 20)
        return {
            "ResNo": self.booking,
            "ResId": self.booking,
            "GlobalResGuestId": self.booking * 10,
            "DetailId": 1,
            "MasterDetail": 0,
            "CreatedOn": "2024-01-01T09:00:00",
            "LastUpdate": self.updated.isoformat(),
            "CheckIn": f"{arrival}T14:00:00",
            "CheckOut": f"{arrival + timedelta(days=1)}T11:00:00",
            "Rooms": 1,
            "Pax": 2,
            "ResStatus": 0,
            "Category": "DBL",
            "Prices": [{"Date": f"{arrival}T00:00:00", "SalesGroup": 0, "Amount": self.room_price}],
        }


@dataclass
class Hotel:
    """The port `PmsApi`; `now` tells its clock. Every page may be followed by a change."""

    chance: Random
    by_update: bool
    now: datetime
    versions: dict[int, list[Version]] = field(default_factory=dict)
    postings: list[tuple[datetime, int]] = field(default_factory=list)
    events: int = 0

    def __post_init__(self) -> None:
        for _ in range(13):
            self.book(late=timedelta())
        for number in range(6):
            self.postings.append((self.now, number))

    # --- what happens at the hotel ---

    def book(self, late: timedelta) -> None:
        booking = len(self.versions) + 1
        self.versions[booking] = []
        self._write(booking, late)

    def change(self, late: timedelta) -> None:
        self._write(self._any(), late)

    def remove(self) -> None:
        self._write(self._any(), timedelta(), gone=True)

    def post(self) -> None:
        self.postings.insert(self.chance.randrange(len(self.postings)), (self.now, len(self.postings)))

    def something_happens(self) -> None:
        self.events += 1
        late = self.chance.choice([timedelta(), timedelta(), LATEST_COMMIT * self.chance.random()])
        event = self.chance.choice([self.book, self.change, self.change, self._remove_late, self._post_late])
        event(late)

    def _remove_late(self, _late: timedelta) -> None:
        self.remove()

    def _post_late(self, _late: timedelta) -> None:
        self.post()

    def _any(self) -> int:
        here = [booking for booking, versions in self.versions.items() if not versions[-1].gone]
        return self.chance.choice(here)

    def _write(self, booking: int, late: timedelta, *, gone: bool = False) -> None:
        held = self.versions[booking]
        # Versions of a booking are seen in their order.
        visible = max(self.now + late, held[-1].visible if held else self.now)
        version = Version(booking=booking, number=len(held) + 1, updated=self.now, visible=visible, gone=gone)
        held.append(version)

    # --- what it shows ---

    def seen(self, at: datetime) -> Iterator[Version]:
        """The newest version of every booking that is seen at `at`."""
        for versions in self.versions.values():
            seen = [version for version in versions if version.visible <= at]
            if seen and not seen[-1].gone:
                yield seen[-1]

    def config(self, hotel_code: str) -> bytes:
        assert hotel_code == HOTEL
        hotel = {
            "HotelCode": HOTEL,
            "HotelDate": f"{self.now.date()}T00:00:00",
            "LocalTime": self.now.isoformat(),
        }
        room = {"ConfigType": "CATEGORY", "Code": "DBL", "Description": "Double", "Active": True}
        return encode({"HotelInfo": hotel, "ConfigInfo": [{**room, "Inventory": 40}]})

    def reservations(self, hotel_code: str, update_from: datetime, start: int) -> bytes:
        assert hotel_code == HOTEL
        rows = [version for version in self.seen(self.now) if version.updated >= update_from]
        if self.by_update:
            rows.sort(key=lambda version: (version.updated, version.booking))
        unreadable = {"ResNo": 9999, "ResId": 9999, "LastUpdate": "2024-01-01T00:00:00"}
        listed = [unreadable] if update_from.year == 1900 else []
        return _page("Reservations", [*listed, *(version.row() for version in rows)], start)

    def revenue(self, hotel_code: str, update_from: datetime, start: int) -> bytes:
        assert hotel_code == HOTEL
        rows = [
            {
                "ResNo": 1,
                "ResId": 1 + number % 3,
                "GlobalResGuestId": 10 + number % 3 * 10,
                "HotelDate": f"{written.date() - timedelta(days=1)}T00:00:00",
                "SalesGroup": 0,
                "RevenueNet": number,
                "LastUpdate": written.isoformat(),
            }
            for written, number in self.postings
            if written >= update_from
        ]
        return _page("Revenue", rows, start)

    def inventory_grid(self, hotel_code: str, first: date, last: date) -> bytes:
        assert hotel_code == HOTEL
        rooms = 40 - self.events % 7  # as rooms are closed and opened
        days = [{"date": f"{day}T00:00:00", "inventory": rooms} for day in (first, last)]
        return encode({"roomInventories": [{"roomCode": "DBL", "dailyInventories": days}]})


def _page(name: str, rows: Sequence[dict[str, object]], start: int) -> bytes:
    page = rows[start : start + PAGE_ROWS]
    numbered = [
        {**row, "RowNumber": start + number, "TotalRows": len(rows)}
        for number, row in enumerate(page, start=1)
    ]
    return encode({name: numbered})
