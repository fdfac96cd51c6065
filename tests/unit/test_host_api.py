"""The Host API's four calls: what is sent."""

from datetime import date, datetime

import httpx2
import pytest
from fakes import FakeClock
from http_doubles import Reply, Upstream
from pydantic import SecretStr

from host_pms.clients.host_api import HostApi
from host_pms.clients.http import HttpSender
from host_pms.clients.keys import EVERYBODY, GivenKeys
from host_pms.errors import NeedsPersonError, StoppedError, TransientError

UPDATE_FROM = datetime(2024, 1, 14, 2, 0, 0, 999_999)


def host(
    *replies: Reply, shared: str | None = "shared-key", checkpoint: type[Exception] | None = None
) -> tuple[HostApi, Upstream]:
    clock = FakeClock()
    upstream = Upstream(*replies or (Reply(),), clock=clock)

    def check() -> None:
        if checkpoint is not None:
            raise checkpoint("stopped")

    keys = {"OWN": SecretStr("own-key"), **({EVERYBODY: SecretStr(shared)} if shared else {})}
    api = HostApi(
        sender=HttpSender(client=httpx2.Client(transport=httpx2.MockTransport(upstream)), clock=clock),
        base_url="https://host.example/rms-v2/",
        keys=GivenKeys(keys=keys, remedy="Check it.", missing="Set it."),
        calls_per_minute=0,
        checkpoint=check,
    )
    return api, upstream


def test_the_four_calls() -> None:
    api, upstream = host()
    api.config("H")
    api.reservations("H", UPDATE_FROM, 99)
    api.revenue("H", UPDATE_FROM, 0)
    api.inventory_grid("H", date(2024, 1, 15), date(2024, 2, 13))
    assert [
        str(request.url).removeprefix("https://host.example/rms-v2/") for request in upstream.requests
    ] == [
        "ExternalRms/Config?hotelCode=H",
        "ExternalRms/Reservation?hotelCode=H&updateFrom=2024-01-14T02%3A00%3A00&start=99&limit=100",
        "ExternalRms/Revenue?hotelCode=H&updateFrom=2024-01-14T02%3A00%3A00&start=0&limit=100&salesGroup=0",
        "Pms/InventoryGrid?hotelCode=H&fromDate=2024-01-15&toDate=2024-02-13",
    ]
    for request in upstream.requests:
        assert request.headers["Ocp-Apim-Subscription-Key"] == "shared-key"
        assert request.headers["Accept"] == "application/json"
        assert request.headers["Accept-Encoding"] == "gzip"
        assert request.headers["User-Agent"].startswith("host-pms/")


def test_a_hotels_own_key_goes_before_the_shared_one() -> None:
    api, upstream = host()
    api.config("OWN")
    assert upstream.requests[0].headers["Ocp-Apim-Subscription-Key"] == "own-key"


def test_a_hotel_without_any_key_needs_a_person_and_is_not_called() -> None:
    api, upstream = host(shared=None)
    with pytest.raises(NeedsPersonError, match="no Host API key for H"):
        api.config("H")
    assert upstream.requests == []


def test_nothing_is_called_after_a_stop() -> None:
    api, upstream = host(checkpoint=StoppedError)
    with pytest.raises(StoppedError):
        api.reservations("H", UPDATE_FROM, 0)
    assert upstream.requests == []


def test_what_is_fetched_ahead_has_one_try_and_none_when_nobody_wants_it() -> None:
    api, upstream = host(Reply(503, b""), Reply())
    with pytest.raises(TransientError):
        api.ahead(lambda: True).reservations("H", UPDATE_FROM, 99)
    with pytest.raises(TransientError):
        api.ahead(lambda: False).revenue("H", UPDATE_FROM, 99)
    assert len(upstream.requests) == 1
    api.reservations("H", UPDATE_FROM, 99)
    assert upstream.requests[0].url == upstream.requests[1].url


def test_nothing_is_fetched_ahead_after_a_stop() -> None:
    api, upstream = host(checkpoint=StoppedError)
    with pytest.raises(StoppedError):
        api.ahead(lambda: True).reservations("H", UPDATE_FROM, 0)
    assert upstream.requests == []


def test_json_that_was_cut_at_a_bracket_is_asked_for_again() -> None:
    api, upstream = host(Reply(body=b'{"Reservations": [{}'), Reply(body=b'{"Reservations": []}'))
    assert api.reservations("H", UPDATE_FROM, 0) == b'{"Reservations": []}'
    assert len(upstream.requests) == 2
