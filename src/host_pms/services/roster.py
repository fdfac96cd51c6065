"""The list of hotels, kept for a state machine that calls for them one by one."""

import json
from collections.abc import Sequence
from datetime import datetime
from io import BytesIO

from host_pms.models.run import TIMESTAMP
from host_pms.ports import ObjectStore


def roster(hotel_codes: Sequence[str]) -> list[dict[str, str]]:
    """An item a hotel, each an event that the Lambda handler takes."""
    return [{"hotelCode": code} for code in hotel_codes]


def keep_roster(hotel_codes: Sequence[str], store: ObjectStore, bucket: str, now: datetime) -> str:
    """Put the list into `bucket` as a JSON array, and return its key.

    No hotel's code begins with an underscore, so it is among no hotel's objects.

    Raises:
        DivergentObjectError: another list was put in the same second.
    """
    key = f"_fleet/{now:{TIMESTAMP}}.json"
    store.put_new(bucket, key, BytesIO(json.dumps(roster(hotel_codes)).encode()))
    return key
