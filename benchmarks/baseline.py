"""Rules R1 to R16 in the usual way: `json` and pydantic in, decimals and dictionaries within, pydantic out.

What one would write first, and what the transform is measured against. It passes the same worked examples.
It knows no books, no scan of a list that changes, and no surrogates.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, ValidationError
from pydantic.alias_generators import to_camel, to_pascal

UNASSIGNED = "UNASSIGNED"
CANCELLED, CHECKED_IN, CHECKED_OUT, CONFIRMED, NO_SHOW, TENTATIVE = range(6)
LISTS = {
    "category": "rooms",
    "segment": "segments",
    "sub-segment": "subSegments",
    "dist channel": "channels",
    "package": "packages",
    "pricelist": "rates",
}
STATUS_BY_CODE = {
    "ci": CHECKED_IN,
    "co": CHECKED_OUT,
    "standard": CONFIRMED,
    "noshow": NO_SHOW,
    "option": TENTATIVE,
    "waitlist": TENTATIVE,
    "cxl": CANCELLED,
    "ooo": CANCELLED,
    "ooi": CANCELLED,
}
USUAL_CODES = {
    0: "standard",
    2: "option",
    3: "waitlist",
    5: "ooo",
    6: "cxl",
    7: "noshow",
    8: "ooi",
    10: "ci",
    20: "co",
}
FIRST_DATE = date(1900, 1, 1)
EARLIEST = datetime.min  # noqa: DTZ901 - hotel-local times carry no zone
DAY = timedelta(days=1)
ZERO = Decimal("0.00")
CENT = Decimal("0.01")


# --- reading ---


def _text(value: Any, names: Sequence[str] = ("code", "id", "name")) -> str | None:
    if isinstance(value, dict):
        return next((found for name in names if (found := _text(value.get(name)))), None)
    return str(value).strip() or None if isinstance(value, str | int) else None


def _description(value: Any) -> str | None:
    return _text(value, ("name", "code", "id"))


def _day(value: Any) -> date | None:
    found = date.fromisoformat(value.strip()[:10]) if value else None
    return found if found and found >= FIRST_DATE else None


def _moment(value: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(value.strip())
    except (ValueError, AttributeError):
        return None
    return found.replace(tzinfo=None) if found.date() >= FIRST_DATE else None


Text = Annotated[str | None, BeforeValidator(_text)]
Description = Annotated[str | None, BeforeValidator(_description)]
Id = Annotated[str, BeforeValidator(_text)]
Day = Annotated[date, BeforeValidator(_day)]
Moment = Annotated[datetime | None, BeforeValidator(_moment)]
Money = Annotated[Decimal, PlainSerializer(float, return_type=float)]


class HostModel(BaseModel):
    """Something that Host sends."""

    model_config = ConfigDict(alias_generator=to_pascal, frozen=True)


class Price(HostModel):
    """A price of a date."""

    date: Day
    sales_group: int
    amount: Decimal


class Row(HostModel):
    """A reservation row."""

    res_no: Id
    res_id: Id
    global_res_guest_id: Id
    detail_id: Text = None
    master_detail: int | None = None
    created_on: Day
    last_update: Moment = None
    check_in: Day
    check_out: Day
    rooms: int | None = None
    pax: int | None = None
    res_status: int
    category: Text = None
    segment_description: Text = None
    sub_segment_description: Text = None
    channel_description: Text = None
    pack: Text = None
    price_list: Text = None
    agency: Text = None
    company: Text = None
    cro: Text = None
    group_name: Text = None
    prices: list[Price] | None = None

    @property
    def guest(self) -> tuple[str, str]:
        """What postings are found by."""
        return self.res_id, self.global_res_guest_id

    @property
    def nights(self) -> list[date]:
        """R7: the stay nights."""
        return [self.check_in + number * DAY for number in range((self.check_out - self.check_in).days)]


class Posting(HostModel):
    """A financial posting."""

    res_id: Id
    global_res_guest_id: Id
    hotel_date: Day
    sales_group: int
    revenue_net: Decimal


class Item(HostModel):
    """An item of Config."""

    config_type: Text = None
    config_id: int | None = None
    code: Text = None
    description: Description = None


class Night(BaseModel):
    """A published record."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    record_date: str
    calendar_date: date
    calendar_date_start: date
    calendar_date_end: date
    created_date: date
    pax: int
    reservation_id: str
    reservation_id_external: str
    revenue_fb: Money
    revenue_fb_invoice: Money
    revenue_others: Money
    revenue_others_invoice: Money
    revenue_room: Money
    revenue_room_invoice: Money
    rooms: int
    status: int
    agency_code: str
    channel_code: str
    company_code: str
    cro_code: str
    group_code: str
    package_code: str
    rate_code: str
    room_code: str
    segment_code: str
    sub_segment_code: str


def read(bodies: Iterable[bytes], names: Sequence[str], model: type[HostModel]) -> tuple[list[Any], int]:
    """The rows that can be read, and how many cannot; a page begins with its forerunner's end."""
    found, rejected = [], 0
    for number, body in enumerate(bodies):
        answer = json.loads(body, parse_float=Decimal)
        rows = answer if isinstance(answer, list) else next(answer[name] for name in names if name in answer)
        for row in rows[1:] if number else rows:
            try:
                found.append(model.model_validate(row))
            except (ValidationError, ValueError):
                rejected += 1
    return found, rejected


# --- R1 to R6 ---


def folded(text: str) -> str:
    """Without case, runs of white space as one."""
    return " ".join(text.split()).casefold()


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """R1 and R2: the six lists, and the status of every id (R6)."""

    items: Mapping[str, Mapping[str, str]]
    by_description: Mapping[str, Mapping[str, str]]
    by_code: Mapping[str, Mapping[str, str]]
    statuses: Mapping[int, int]

    def code(self, listed: str, value: str | None) -> str:
        """R2."""
        if value is None:
            return UNASSIGNED
        if value in self.items[listed]:
            return value
        wanted = folded(value)
        return self.by_description[listed].get(wanted) or self.by_code[listed].get(wanted) or UNASSIGNED


def catalogue(config: Mapping[str, Any]) -> Catalogue:
    """R1 and R6."""
    found = Catalogue(
        items={name: {} for name in LISTS.values()},
        by_description={name: {} for name in LISTS.values()},
        by_code={name: {} for name in LISTS.values()},
        statuses=dict(_statuses(config)),
    )
    for item in map(Item.model_validate, config["ConfigInfo"]):
        name = LISTS.get(folded(item.config_type or ""))
        if name and item.code and item.code not in found.items[name]:
            found.items[name][item.code] = item.description or item.code
            found.by_code[name].setdefault(folded(item.code), item.code)
            if item.description:
                found.by_description[name].setdefault(folded(item.description), item.code)
    return found


def _statuses(config: Mapping[str, Any]) -> dict[int, int]:
    own: dict[int, str] = {}
    for item in map(Item.model_validate, config["ConfigInfo"]):
        code = folded(item.code or "")
        is_known = folded(item.config_type or "") == "reservation status" and code in STATUS_BY_CODE
        if is_known and item.config_id is not None:
            own.setdefault(item.config_id, code)
    return {status_id: STATUS_BY_CODE[code] for status_id, code in {**USUAL_CODES, **own}.items()}


def newest(rows: Iterable[Row]) -> list[Row]:
    """R5."""
    found: dict[tuple[str, str, str], Row] = {}
    for row in rows:
        key = (row.res_id, row.detail_id or "0", row.global_res_guest_id)
        held = found.get(key)
        if held is None or (row.last_update or EARLIEST) > (held.last_update or EARLIEST):
            found[key] = row
    return list(found.values())


# --- R7 to R16 ---


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What holds for all rows."""

    today: date
    first_import: bool
    catalogue: Catalogue

    def status(self, row: Row) -> int:
        """R6."""
        return self.catalogue.statuses.get(row.res_status, CONFIRMED)

    def occupies(self, row: Row) -> bool:
        """R8: somebody comes."""
        return self.status(row) not in {CANCELLED, NO_SHOW}


def sums(row: Row) -> dict[date, list[Decimal]]:
    """R9: exact sums of room, F&B and others by date."""
    found: dict[date, list[Decimal]] = defaultdict(lambda: [ZERO] * 3)
    for price in row.prices or ():
        found[price.date][min(price.sales_group, 2)] += price.amount
    return found


def cents(amount: Decimal) -> Decimal:
    """R9."""
    return amount.quantize(CENT, ROUND_HALF_UP) or ZERO


def landed(rows: Sequence[Row], postings: Sequence[Posting]) -> dict[int, dict[date, Decimal]]:
    """R11: what lands on each of the rows of a guest, by the row's place."""
    found: dict[int, dict[date, Decimal]] = {place: defaultdict(Decimal) for place in range(len(rows))}
    masters = [place for place, row in enumerate(rows) if not row.master_detail]
    order = masters + [place for place, row in enumerate(rows) if row.master_detail]
    having = [{*rows[place].nights, *(price.date for price in rows[place].prices or ())} for place in order]
    for posting in postings:
        day = posting.hotel_date
        place = next((place for place, days in zip(order, having, strict=True) if day in days), order[0])
        found[place][day] += posting.revenue_net
    return found


@dataclass(kw_only=True)
class Share:
    """R13: what a row has of a split stay."""

    claimed: frozenset[date] = frozenset()
    yielded: frozenset[date] = frozenset()
    unpriced: frozenset[date] = frozenset()


def shares(stay: Sequence[Row], terms: Terms) -> list[Share]:
    """R13."""
    if len(stay) == 1:
        return [Share()]
    first, last = min(row.check_in for row in stay), max(row.check_out for row in stay)
    claims = [
        frozenset(day for day, (room, _, _) in sums(row).items() if room > 0 and first <= day < last)
        if not row.master_detail
        else frozenset[date]()
        for row in stay
    ]
    live = [number for number, row in enumerate(stay) if not row.master_detail and terms.occupies(row)]
    unpriced = frozenset[date]().union(*(claims[number] for number in live))
    yielded = unpriced.union(*(stay[number].nights for number in live))
    return [
        Share(yielded=yielded, unpriced=unpriced) if row.master_detail else Share(claimed=claimed)
        for row, claimed in zip(stay, claims, strict=True)
    ]


def nights(row: Row, share: Share, invoiced: Mapping[date, Decimal], terms: Terms) -> Iterator[Night]:
    """R7 to R15."""
    priced = sums(row)
    stay = set(row.nights)
    status = terms.status(row)
    code, today = terms.catalogue.code, terms.today
    common = {
        "record_date": f"[{row.created_on if terms.first_import else today},)",
        "calendar_date_start": row.check_in,
        "calendar_date_end": max(row.check_in, row.check_out - DAY),
        "created_date": row.created_on,
        "reservation_id": row.res_id,
        "reservation_id_external": external_id(row),
        "status": status,
        "agency_code": row.agency or UNASSIGNED,
        "channel_code": code("channels", row.channel_description),
        "company_code": row.company or UNASSIGNED,
        "cro_code": row.cro or UNASSIGNED,
        "group_code": row.group_name or UNASSIGNED,
        "package_code": code("packages", row.pack),
        "rate_code": code("rates", row.price_list),
        "room_code": code("rooms", row.category),
        "segment_code": code("segments", row.segment_description),
        "sub_segment_code": code("subSegments", row.sub_segment_description),
    }
    for day in sorted(stay | set(priced) | set(invoiced)):
        zeroed = not terms.occupies(row) or day in share.unpriced
        room, fb, others = map(cents, priced[day]) if day in priced and not zeroed else (ZERO, ZERO, ZERO)
        is_final = status == CHECKED_OUT and day < today
        occupied = (day in stay or day in share.claimed) and day not in share.yielded
        counts = day in invoiced and day < today and status != CANCELLED
        yield Night(
            **common,
            calendar_date=day,
            pax=(row.pax or 0) if occupied else 0,
            revenue_fb=fb,
            revenue_fb_invoice=fb if is_final else ZERO,
            revenue_others=others,
            revenue_others_invoice=others if is_final else ZERO,
            revenue_room=room,
            revenue_room_invoice=cents(invoiced[day]) if counts else ZERO,
            rooms=(1 if row.rooms is None else row.rooms) if occupied and terms.occupies(row) else 0,
        )


def external_id(row: Row) -> str:
    """R14."""
    parts = (row.res_no, row.res_id, row.global_res_guest_id, row.detail_id or "0")
    return "-".join(part.replace("%", "%25").replace("-", "%2D") for part in parts)


def published(rows: Sequence[Row], postings: Iterable[Posting], terms: Terms) -> Iterator[Night]:
    """R16: all records, in the order of the rows."""
    by_guest: dict[tuple[str, str], list[Row]] = defaultdict(list)
    by_stay: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    posted: dict[tuple[str, str], list[Posting]] = defaultdict(list)
    for row in rows:
        by_guest[row.guest].append(row)
        by_stay[row.res_no, *row.guest].append(row)
    for posting in postings:
        if posting.sales_group == 0:
            posted[posting.res_id, posting.global_res_guest_id].append(posting)
    invoiced: dict[int, Mapping[date, Decimal]] = {}
    for guest, shared in by_guest.items():
        invoiced |= {id(shared[place]): found for place, found in landed(shared, posted[guest]).items()}
    share = {
        id(row): found
        for stay in by_stay.values()
        for row, found in zip(stay, shares(stay, terms), strict=True)
    }
    for row in rows:
        yield from nights(row, share[id(row)], invoiced[id(row)], terms)


def reservations_file(
    config: bytes, reservations: Iterable[bytes], revenue: Iterable[bytes], *, first_import: bool
) -> bytes:
    """The reservations file from the bodies of Config and of all pages of the two lists."""
    answer = json.loads(config, parse_float=Decimal)
    hotel = answer["HotelInfo"]
    today = _day(hotel.get("HotelDate")) or _day(hotel.get("LocalTime"))
    if today is None:
        raise ValueError("The hotel tells no date.")
    rows, _ = read(reservations, ("Reservations",), Row)
    postings, _ = read(revenue, ("Revenue", "revenue", "Transactions", "transactions"), Posting)
    terms = Terms(today=today, first_import=first_import, catalogue=catalogue(answer))
    records = [night.model_dump_json(by_alias=True) for night in published(newest(rows), postings, terms)]
    return ("[\n" + ",\n".join(records) + "\n]\n").encode()
