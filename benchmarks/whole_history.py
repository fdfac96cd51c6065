"""A hotel's whole history by formula: any number of nights, made page by page, none of them remembered.

`serve` answers as Host and as the ESB do. Every reservation has 1 to 5 nights, with a price for the room
and one for the breakfast, and every night was posted. Each 20th row is the second part of a split stay.
Postings come in an order that has nothing to do with the rows'.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from typing import Any
from urllib.parse import parse_qsl, urlsplit

HOTEL = "WHOLE"
PAGE_ROWS = 100
TODAY = date(2024, 6, 1)
FIRST = date(2019, 1, 1)
DAYS = 1_900  # of arrivals, all of them over by TODAY
DAY = timedelta(days=1)
NIGHTS_OF_FIVE = 15  # rows n, n + 1, … n + 4 have 1, 2, … 5 nights
STRIDE = 7_919  # a prime, so that all postings come

CONFIG_ITEMS = (
    *(("CATEGORY", f"R{number}", f"Room type {number}") for number in range(12)),
    *(("SEGMENT", f"S{number}", f"Segment {number}") for number in range(8)),
    *(("SUB-SEGMENT", f"SS{number}", f"Sub-segment {number}") for number in range(20)),
    *(("DIST CHANNEL", f"C{number}", f"Channel {number}") for number in range(9)),
    *(("PACKAGE", f"P{number}", f"Package {number}") for number in range(6)),
    *(("PRICELIST", f"L{number}", f"Price list {number}") for number in range(15)),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class History:
    """So many `nights`, in multiples of 15."""

    nights: int

    @property
    def rows(self) -> int:
        """How many reservation rows they are."""
        return self.nights // NIGHTS_OF_FIVE * 5

    def reservation(self, number: int) -> str:
        """The row at this place of the list, from 0."""
        nights, arrival = 1 + number % 5, FIRST + number * 211 % DAYS * DAY
        is_part = number % 20 == 19  # noqa: PLR2004 - as promised above
        stay = number - 19 if is_part else number
        agency = f'"Agency {number % 40}"' if number % 3 else "null"
        company = "null" if number % 3 else f'"Company {number % 3000} Lda"'
        prices = ",".join(_prices(number, arrival + night * DAY) for night in range(nights))
        return (
            f'{{"ResNo":{500_000 + stay},"ResId":{700_000 + stay},"GlobalResGuestId":{900_000 + stay},'
            f'"DetailId":{2 if is_part else 1},"MasterDetail":{int(is_part)},'
            f'"CreatedOn":"{arrival - 30 * DAY}T11:12:13","LastUpdate":"{arrival + nights * DAY}T10:11:12.3",'
            f'"CheckIn":"{arrival}T15:00:00","CheckOut":"{arrival + nights * DAY}T11:00:00",'
            f'"OptionDate":null,"Rooms":1,"Category":"R{number % 12}","Agency":{agency},"Company":{company},'
            f'"Cro":null,"GroupName":{"null" if number % 10 else f"{chr(34)}Group {number % 500}{chr(34)}"},'
            f'"GuestId":{number},"Pax":{1 + number % 4},"Pack":"P{number % 6}","PriceList":"L{number % 15}",'
            f'"SegmentDescription":"Segment {number % 8}","SubSegmentDescription":"SS{number % 20}",'
            f'"ChannelDescription":"Channel {number % 9}","ChildrenType1":0,"ChildrenType2":0,'
            f'"ChildrenType3":0,"ResStatus":20,"Guests":[{{"GuestId":{number},"GuestNo":1,'
            f'"NameFormatted":"Sample, Guest {number}","Email1":"guest{number}@example.org",'
            f'"BirthDate":"1970-01-11"}}],"Prices":[{prices}],'
            f'"RowNumber":{number + 1},"TotalRows":{self.rows}}}'
        )

    def posting(self, place: int) -> str:
        """The row at this place of the list, from 0."""
        block, left = divmod(place * STRIDE % self.nights, NIGHTS_OF_FIVE)
        within, night = ((0, 0), *((row, left - row * (row + 1) // 2) for row in range(1, 5)))[_row(left)]
        number = block * 5 + within
        stay = number - 19 if number % 20 == 19 else number  # noqa: PLR2004 - as above
        posted = FIRST + number * 211 % DAYS * DAY + night * DAY
        net = _amount(number, posted)
        return (
            f'{{"ResNo":{500_000 + stay},"ResId":{700_000 + stay},"GlobalResGuestId":{900_000 + stay},'
            f'"DetailId":1,"MasterDetail":0,"HotelDate":"{posted}T00:00:00","ChargeCode":"ALOJ",'
            f'"SalesGroup":0,"SalesGroupDesc":"ROOM","RevenueGross":{net},"RevenueNet":{net},'
            f'"LastUpdate":"{posted + DAY}T02:10:00","RowNumber":{place + 1},"TotalRows":{self.nights}}}'
        )


def _row(left: int) -> int:
    """Which of five rows the night `left` of 15 belongs to."""
    return next(row for row in range(5) if left < (row + 1) * (row + 2) // 2)


def _amount(number: int, night: date) -> str:
    return f"{60 + (number * 31 + night.toordinal() * 7) % 9_000 / 100:.2f}"


def _prices(number: int, night: date) -> str:
    common = (
        f'"GlobalResguestId":{900_000 + number},"Date":"{night}T00:00:00","PaxType":0,"PaxTypeDesc":"ADULT"'
    )
    room = _amount(number, night)
    return (
        f'{{{common},"SalesGroup":0,"SalesGroupDesc":"ROOM","Charge":"ALOJ","Amount":{room}}},'
        f'{{{common},"SalesGroup":1,"SalesGroupDesc":"F&B","Charge":"PA","Amount":{12 + number % 4}.5}}'
    )


def _config() -> bytes:
    items = [
        {"ConfigType": kind, "ConfigId": number, "Code": code, "Description": name, "Inventory": 10}
        for number, (kind, code, name) in enumerate(CONFIG_ITEMS)
    ]
    hotel = {"HotelCode": HOTEL, "HotelDate": f"{TODAY}T00:00:00", "LocalTime": f"{TODAY}T10:30:45"}
    return json.dumps({"HotelInfo": hotel, "ConfigInfo": items}).encode()


def _page(name: str, row: Callable[[int], str], start: int, total: int) -> bytes:
    rows = map(row, range(start, min(start + PAGE_ROWS, total)))
    return f'{{"{name}":[{",".join(rows)}]}}'.encode()


def _answer(history: History, path: str, query: Mapping[str, str]) -> bytes:
    start = int(query.get("start", 0))
    match path.rpartition("/")[2]:
        case "Config":
            return _config()
        case "Reservation":
            return _page("Reservations", history.reservation, start, history.rows)
        case "Revenue":
            return _page("Revenue", history.posting, start, history.nights)
        case "InventoryGrid":
            return b'{"roomInventories":[]}'
        case "hotels":
            return json.dumps({"hotels": [{"code": HOTEL, "active": True}]}).encode()
        case _:
            return b"{}"  # the ESB's parameters: nothing was imported yet


def serve(nights: int, told: Connection) -> None:
    """Serve such a history on 127.0.0.1 until the process ends; the port is told."""
    history = History(nights=nights)

    class Answers(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _send(self, body: bytes) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            self._send(_answer(history, url.path, dict(parse_qsl(url.query))))

        def do_POST(self) -> None:
            self._send(b"{}")

        do_PUT = do_POST  # noqa: N815 - the library's naming

        def log_message(self, *_given: Any) -> None:
            """Nothing is logged."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    told.send(server.server_port)
    server.serve_forever()
