"""The kinds of faults: how each is written, what it does, and how its value is read."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from host_pms.simulator.apim import TEXTS, RetryAfter, gateway_body, html_page
from host_pms.simulator.clock import duration
from host_pms.simulator.effects import (
    ClockSkew,
    Delay,
    Effect,
    GzipBomb,
    OnTheWire,
    OtherAnswer,
    OtherHotel,
    OtherPage,
    OutOfQuota,
    Throttle,
    WireBreak,
    WrongTotal,
)

_LISTS = ("/Reservation", "/Revenue")
_CONFIG = ("/Config",)
_OFTEN_HTML = (408, 500, 502, 503, 504)
_THROTTLE_FORMS: Mapping[str, RetryAfter] = {
    "": "seconds",
    "seconds": "seconds",
    "date": "date",
    "none": "none",
    "maximum": "maximum",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """One kind: an example of it, what happens, and its reader, which raises ValueError.

    The reader gets the text after `=`, empty where there is none. `places` are parts of paths, one of
    which a call must have to be counted; none: every call counts.
    """

    written: str
    does: str
    read: Callable[[str], Effect]
    places: tuple[str, ...] = ()


def number(text: str) -> int:
    """A whole number without a sign.

    Raises:
        ValueError: it is none.
    """
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"{text!r} is no number")
    return int(text)


def _signed(text: str) -> int:
    return -number(text[1:]) if text.startswith("-") else number(text.removeprefix("+"))


def _seconds(text: str) -> float:
    return duration(text).total_seconds()


def _status(text: str) -> OtherAnswer:
    status = number(text)
    if not 400 <= status <= 599:  # noqa: PLR2004 -- the statuses of errors
        raise ValueError(f"{status} is no status of an error")
    if status in _OFTEN_HTML:
        return OtherAnswer(status=status, body=html_page(f"{status}"), media_type="text/html")
    return OtherAnswer(status=status, body=_gateway_json(status))


def _inner_status(text: str) -> OtherAnswer:
    return OtherAnswer(status=200, body=_gateway_json(number(text)))


def _gateway_json(status: int) -> bytes:
    return json.dumps(gateway_body(status, TEXTS.get(status, "Internal server error"))).encode()


def _throttle(text: str) -> Throttle:
    wait, _, form = text.partition("/")
    if form not in _THROTTLE_FORMS:
        raise ValueError(f"{form!r} is none of {', '.join(filter(None, _THROTTLE_FORMS))}")
    return Throttle(seconds=_seconds(wait), form=_THROTTLE_FORMS[form])


def _quota(text: str) -> OutOfQuota:
    parts = [number(part) for part in text.split(":")]
    if len(parts) != 3:  # noqa: PLR2004 -- hours, minutes, seconds
        raise ValueError(f"{text!r} is no time span")
    return OutOfQuota(replenished_in=timedelta(hours=parts[0], minutes=parts[1], seconds=parts[2]))


def _bad_gzip(text: str) -> OnTheWire:
    if text not in {"", "short"}:
        raise ValueError(f"{text!r} is not 'short'")
    return OnTheWire(how="short-gzip" if text else "bad-gzip")


def _drip(how: WireBreak) -> Callable[[str], Effect]:
    return lambda text: OnTheWire(how=how, seconds=_seconds(text or "1s"))


def _page_cap(text: str) -> OtherPage:
    if (cap := number(text)) < 1:
        raise ValueError("a page holds one row at least")
    return OtherPage(cap=cap)


def _total_rows(text: str) -> WrongTotal:
    return WrongTotal(number=_signed(text), relative=text[:1] in {"+", "-"})


def _clock_skew(text: str) -> ClockSkew:
    by = duration(text.removeprefix("-"))
    return ClockSkew(by=-by if text.startswith("-") else by)


def _hotel_code(text: str) -> OtherHotel:
    if not text:
        raise ValueError("the hotel's code is missing")
    return OtherHotel(code=text)


def _always(effect: Effect) -> Callable[[str], Effect]:
    """A reader for a kind that takes no value."""

    def read(text: str) -> Effect:
        if text:
            raise ValueError(f"it takes no value such as {text!r}")
        return effect

    return read


KINDS: Mapping[str, Kind] = {
    "status": Kind(
        written="status=503", does="an error: 408 and most 5xx as HTML, others as JSON", read=_status
    ),
    "throttle": Kind(
        written="throttle=5s, or with /date, /none or /maximum",
        does="a 429 that asks to wait: in seconds, as a date, in its text alone, or not at all",
        read=_throttle,
    ),
    "quota": Kind(
        written="quota=01:23:45", does="a 403 that says when the quota is replenished", read=_quota
    ),
    "inner-status": Kind(
        written="inner-status=401", does="a 200 with a statusCode inside", read=_inner_status
    ),
    "html": Kind(
        written="html",
        does="a 200 with a page of HTML",
        read=_always(OtherAnswer(status=200, body=html_page("Service unavailable"), media_type="text/html")),
    ),
    "empty": Kind(written="empty", does="a 200 without a body", read=_always(OtherAnswer(status=200))),
    "gzip-bomb": Kind(
        written="gzip-bomb", does="a 200 of 64 KiB that unpacks to 64 MiB", read=_always(GzipBomb())
    ),
    "delay": Kind(
        written="delay=2s", does="the answer comes later", read=lambda text: Delay(seconds=_seconds(text))
    ),
    "drip": Kind(
        written="drip or drip=50ms",
        does="the body comes a byte at a time, each after 1 s",
        read=_drip("drip"),
    ),
    "drip-headers": Kind(
        written="drip-headers or drip-headers=50ms",
        does="likewise headers, which never end",
        read=_drip("drip-headers"),
    ),
    "no-answer": Kind(
        written="no-answer",
        does="nothing comes until the client gives up",
        read=_always(OnTheWire(how="no-answer")),
    ),
    "reset": Kind(
        written="reset", does="the connection is reset before an answer", read=_always(OnTheWire(how="reset"))
    ),
    "truncate": Kind(
        written="truncate",
        does="the connection is closed in the middle of the body",
        read=_always(OnTheWire(how="truncate")),
    ),
    "bad-gzip": Kind(
        written="bad-gzip or bad-gzip=short",
        does="a gzip body with a wrong checksum, or one that ends too early without saying so",
        read=_bad_gzip,
    ),
    "duplicate-page": Kind(
        written="duplicate-page",
        does="the page before the one asked for",
        read=_always(OtherPage(pages_back=1)),
        places=_LISTS,
    ),
    "shifted-page": Kind(
        written="shifted-page=20 or shifted-page=-20",
        does="a page that begins so many rows later or earlier",
        read=lambda text: OtherPage(rows_on=_signed(text)),
        places=_LISTS,
    ),
    "page-cap": Kind(
        written="page-cap=50", does="pages of so many rows at most", read=_page_cap, places=_LISTS
    ),
    "no-total-rows": Kind(
        written="no-total-rows",
        does="rows without TotalRows",
        read=_always(WrongTotal(number=None)),
        places=_LISTS,
    ),
    "total-rows": Kind(
        written="total-rows=40, total-rows=+100 or total-rows=-10",
        does="a TotalRows that is wrong, or off by so many",
        read=_total_rows,
        places=_LISTS,
    ),
    "clock-skew": Kind(
        written="clock-skew=10m or clock-skew=-10m",
        does="a LocalTime that is off",
        read=_clock_skew,
        places=_CONFIG,
    ),
    "hotel-code": Kind(
        written="hotel-code=OTHER",
        does="the configuration of another hotel",
        read=_hotel_code,
        places=_CONFIG,
    ),
}
"""Every kind by its name, in the order in which they are told."""
