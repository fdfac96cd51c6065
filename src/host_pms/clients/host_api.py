"""The Host PMS API: its four calls, one method each."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from pydantic import SecretStr

from host_pms import __version__
from host_pms.clients.http import HttpSender, Request
from host_pms.clients.keys import Keys, with_key
from host_pms.models.host.json_text import check_json
from host_pms.ports import Wanted

PAGE_LIMIT = 100

# Of a key's hash, which stands for it in the pacing and in the table of the rate budget: no two are the same.
_DIGITS = 16


@dataclass(frozen=True, kw_only=True)
class HostApi:
    """`PmsApi` over HTTP; calls on one key share `calls_per_minute` (0: no pacing).

    `checkpoint` is called before every call and may raise `StoppedError`. With `wanted` calls are made ahead
    of their turn.
    """

    sender: HttpSender
    base_url: str
    keys: Keys
    calls_per_minute: int
    checkpoint: Callable[[], None]
    wanted: Wanted | None = None

    def config(self, hotel_code: str) -> bytes:
        """`GET /ExternalRms/Config`."""
        return self._get(hotel_code, "reading the configuration", "ExternalRms/Config", {})

    def reservations(self, hotel_code: str, update_from: datetime, start: int) -> bytes:
        """`GET /ExternalRms/Reservation`, one page."""
        return self._get(
            hotel_code, "reading reservations", "ExternalRms/Reservation", _page(update_from, start)
        )

    def revenue(self, hotel_code: str, update_from: datetime, start: int) -> bytes:
        """`GET /ExternalRms/Revenue`, one page; room revenue is asked for, but see R11."""
        params = {**_page(update_from, start), "salesGroup": "0"}
        return self._get(hotel_code, "reading revenue", "ExternalRms/Revenue", params)

    def inventory_grid(self, hotel_code: str, first: date, last: date) -> bytes:
        """`GET /Pms/InventoryGrid`, one window."""
        params = {"fromDate": first.isoformat(), "toDate": last.isoformat()}
        return self._get(hotel_code, "reading the inventory grid", "Pms/InventoryGrid", params)

    def ahead(self, wanted: Wanted) -> "HostApi":
        """The same, of which each call is made once, and only while `wanted()`."""
        return replace(self, wanted=wanted)

    def _get(self, hotel_code: str, doing: str, path: str, params: Mapping[str, str]) -> bytes:
        self.checkpoint()

        def send(key: SecretStr) -> bytes:
            request = self._request(hotel_code, doing, path, params, key)
            if self.wanted is not None:
                return self.sender.send_ahead(request, self.wanted).body
            return self.sender.send(request).body

        return with_key(self.keys, hotel_code, send)

    def _request(
        self, hotel_code: str, doing: str, path: str, params: Mapping[str, str], key: SecretStr
    ) -> Request:
        secret = key.get_secret_value()
        return Request(
            operation=f"{hotel_code}: {doing} from Host",
            method="GET",
            url=f"{self.base_url.rstrip('/')}/{path}",
            params={"hotelCode": hotel_code, **params},
            headers={
                "Ocp-Apim-Subscription-Key": secret,
                "Accept": "application/json",
                "User-Agent": f"host-pms/{__version__}",
            },
            key="host:" + hashlib.sha256(secret.encode()).hexdigest()[:_DIGITS],
            calls_per_minute=self.calls_per_minute,
            check=check_json,
            account=hotel_code,
        )


def _page(update_from: datetime, start: int) -> dict[str, str]:
    return {
        "updateFrom": f"{update_from:%Y-%m-%dT%H:%M:%S}",
        "start": str(start),
        "limit": str(PAGE_LIMIT),
    }
