"""What Azure API Management answers by itself, in its documented words."""

from collections.abc import Mapping
from datetime import timedelta
from email.utils import formatdate
from math import ceil
from typing import Literal

from starlette.responses import JSONResponse, Response

from host_pms.simulator.pms import JsonObject

MISSING_KEY = (
    "Access denied due to missing subscription key. "
    "Make sure to include subscription key when making requests to an API."
)
WRONG_KEY = (
    "Access denied due to invalid subscription key. "
    "Make sure to provide a valid key for an active subscription."
)
TEXTS: Mapping[int, str] = {401: WRONG_KEY, 403: "Forbidden", 404: "Resource not found"}

RetryAfter = Literal["seconds", "date", "none", "maximum"]
"""How a 429 tells the wait: in the header, as seconds or as a date; only in its text; not at all, since
the text names the maximum instead."""


def gateway_body(status: int, message: str) -> JsonObject:
    """The body of every answer of the gateway's own."""
    return {"statusCode": status, "message": message}


def html_page(title: str) -> bytes:
    """What is answered in place of JSON when something behind the gateway is down."""
    page = f"<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"
    return page.encode()


def rate_limited(seconds: float, form: RetryAfter, *, maximum: str, wall: float) -> Response:
    """A 429 that asks to wait `seconds`; `wall` is the time now, in seconds since 1970."""
    whole = max(1, ceil(seconds))
    headers = {}
    if form == "seconds":
        headers["Retry-After"] = str(whole)
    if form == "date":
        headers["Retry-After"] = formatdate(ceil(wall + seconds), usegmt=True)
    text = f"Rate limit is exceeded. Try again in {whole} seconds."
    body = gateway_body(429, f"maximum admitted {maximum}" if form == "maximum" else text)
    return JSONResponse(body, 429, headers=headers)


def out_of_quota(replenished_in: timedelta) -> Response:
    """A 403 whose text says when there is quota again, as `[d.]hh:mm:ss`."""
    minutes, seconds = divmod(ceil(replenished_in.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    span = f"{f'{days}.' if days else ''}{hours:02}:{minutes:02}:{seconds:02}"
    return JSONResponse(
        gateway_body(403, f"Out of call volume quota. Quota will be replenished in {span}."), 403
    )
