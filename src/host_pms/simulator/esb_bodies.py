"""What the ESB accepts as a registration and as an import date."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

_HOTEL_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}", re.ASCII)
_FILE_TYPES = ("config", "segments", "reservation")
_RECORD_DATE = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z", re.ASCII)
_IMPORT_DATE = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,7})?", re.ASCII)


def registration_faults(body: Any) -> list[str]:
    """Why `body` registers no file; empty where it does. Fields that are not listed are ignored."""
    if not isinstance(body, dict):
        return ["the body is no object"]
    faults = [
        f"{field} is missing or wrong" for field, check in _FIELDS.items() if not check(body.get(field))
    ]
    if not faults and not body["fileKey"].startswith(f"{body['hotelCode']}/"):
        faults.append("fileKey is not below its hotel")
    if not faults and not re.fullmatch(r"s3://[^/]+/" + re.escape(body["fileKey"]), body["fileUrl"]):
        faults.append("fileUrl is not s3://, a bucket and fileKey")
    return faults


def import_date_faults(body: Any) -> list[str]:
    """Why `body` moves no watermark; empty where it does."""
    if not isinstance(body, dict) or not _is_moment(body.get("lastImportDate"), _IMPORT_DATE):
        return ["lastImportDate is missing or no date-time"]
    return []


def _is_moment(text: Any, form: re.Pattern[str]) -> bool:
    """Whether it is a text of this form, and in the calendar."""
    if not isinstance(text, str) or not form.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _is_count(number: Any) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and number >= 0


_FIELDS: dict[str, Callable[[Any], bool]] = {
    "hotelCode": lambda code: isinstance(code, str) and _HOTEL_CODE.fullmatch(code) is not None,
    "fileType": lambda kind: kind in _FILE_TYPES,
    "fileUrl": lambda url: isinstance(url, str),
    "fileKey": lambda key: isinstance(key, str),
    "recordCount": _is_count,
    "complete": lambda complete: isinstance(complete, bool),
    "recordDate": lambda text: _is_moment(text, _RECORD_DATE),
}
