"""Invented lines of a file of bookings."""

import gzip
from collections.abc import Mapping
from pathlib import Path

PLAIN_LINE = {
    "hotel": "Sea Hotel",
    "is_canceled": "0",
    "lead_time": "10",
    "arrival_date_year": "2016",
    "arrival_date_month": "March",
    "arrival_date_day_of_month": "20",
    "stays_in_weekend_nights": "1",
    "stays_in_week_nights": "2",
    "adults": "2",
    "children": "0",
    "babies": "0",
    "meal": "BB",
    "market_segment": "Online TA",
    "distribution_channel": "TA/TO",
    "reserved_room_type": "A",
    "assigned_room_type": "C",
    "agent": "240",
    "company": "NULL",
    "customer_type": "Transient",
    "adr": "75.25",
    "reservation_status": "Check-Out",
    "reservation_status_date": "2016-03-23",
}
CANCELLED = {"reservation_status": "Canceled", "reservation_status_date": "2016-03-14"}
NO_SHOW = {"reservation_status": "No-Show", "reservation_status_date": "2016-03-20"}


def file_of(folder: Path, *lines: Mapping[str, str], name: str = "bookings.csv") -> Path:
    """A file of plain lines, each with some fields of its own."""
    rows = [PLAIN_LINE | line for line in lines]
    text = "\n".join([",".join(PLAIN_LINE), *(",".join(row.values()) for row in rows), ""])
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path
