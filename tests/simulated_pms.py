"""The simulator's hotels behind the port `PmsApi`, without HTTP in between."""

from dataclasses import dataclass, field
from datetime import date, datetime

import msgspec
from fake_pms import World

from host_pms.ports import ImportParameters, Registration
from host_pms.simulator.clock import HotelClock
from host_pms.simulator.pms import PageRequest, PmsHotel

ROOM = 0


@dataclass
class SimulatedPms:
    """The port `PmsApi` on hotels of the simulator, at the time of `clock`."""

    hotels: dict[str, PmsHotel]
    clock: HotelClock

    def config(self, hotel_code: str) -> bytes:
        return msgspec.json.encode(self.hotels[hotel_code].config(self.clock.now))

    def reservations(self, hotel_code: str, update_from: datetime, start: int) -> bytes:
        request = PageRequest(update_from=update_from, start=start)
        return msgspec.json.encode(self.hotels[hotel_code].reservations(self.clock.now, request))

    def revenue(self, hotel_code: str, update_from: datetime, start: int) -> bytes:
        request = PageRequest(update_from=update_from, start=start)
        return msgspec.json.encode(self.hotels[hotel_code].revenue(self.clock.now, request, ROOM))

    def inventory_grid(self, hotel_code: str, first: date, last: date) -> bytes:
        return msgspec.json.encode(self.hotels[hotel_code].inventory_grid(self.clock.now, first, last))


@dataclass
class WatermarkEsb:
    """The port `Esb` that holds watermarks and takes every registration."""

    watermarks: dict[str, datetime] = field(default_factory=dict)

    def hotels(self) -> tuple[str, ...]:
        return tuple(self.watermarks)

    def parameters(self, hotel_code: str) -> ImportParameters:
        return ImportParameters(last_import=self.watermarks.get(hotel_code))

    def register(self, registration: Registration, *, idempotency_key: str) -> None: ...

    def move_watermark(self, hotel_code: str, last_import: datetime, *, idempotency_key: str) -> None:
        assert idempotency_key
        self.watermarks[hotel_code] = last_import


@dataclass(kw_only=True)
class SimulatedWorld(World):
    """A connector's neighbours in memory, with simulated hotels as its PMS."""

    pms: SimulatedPms
    esb: WatermarkEsb = field(default_factory=WatermarkEsb)
