"""The ESB's four calls: what is sent, and how its answers are read."""

import json
from datetime import datetime
from typing import Any

import httpx2
import pytest
from fakes import FakeClock
from http_doubles import Reply, Upstream
from pydantic import SecretStr

from host_pms.clients.esb import EsbApi
from host_pms.clients.http import HttpSender
from host_pms.clients.keys import EVERYBODY, GivenKeys
from host_pms.errors import AccessDeniedError, ConnectorError, NeedsPersonError, TransientError, UsageError
from host_pms.ports import Registration

REGISTRATION = Registration(
    hotel_code="HOTEL001",
    file_type="reservation",
    bucket="prod-pms-reservations",
    file_key="HOTEL001/reservation-20240115T103045Z.json",
    record_count=1234,
    complete=False,
    record_date="2024-01-15T10:30:45Z",
)


def esb(*replies: Reply) -> tuple[EsbApi, Upstream]:
    clock = FakeClock()
    upstream = Upstream(*replies, clock=clock)
    sender = HttpSender(client=httpx2.Client(transport=httpx2.MockTransport(upstream)), clock=clock)
    keys = GivenKeys(keys={EVERYBODY: SecretStr("esb-key")}, remedy="Check ESB_API_KEY.", missing="")
    return EsbApi(sender=sender, base_url="https://esb.example/api/", keys=keys, key_header="X-Key"), upstream


def answering(body: Any, status: int = 200) -> EsbApi:
    return esb(Reply(status=status, body=body if isinstance(body, bytes) else json.dumps(body).encode()))[0]


def test_every_call_carries_the_key_and_an_idempotency_key() -> None:
    api, upstream = esb(Reply(status=204, body=b""))
    api.register(REGISTRATION, idempotency_key="one")
    (request,) = upstream.requests
    assert (request.method, str(request.url)) == ("POST", "https://esb.example/api/files/register")
    assert (request.headers["X-Key"], request.headers["Idempotency-Key"]) == ("esb-key", "one")
    assert json.loads(request.content) == {
        "hotelCode": "HOTEL001",
        "fileType": "reservation",
        "fileUrl": "s3://prod-pms-reservations/HOTEL001/reservation-20240115T103045Z.json",
        "fileKey": "HOTEL001/reservation-20240115T103045Z.json",
        "recordCount": 1234,
        "complete": False,
        "recordDate": "2024-01-15T10:30:45Z",
    }


@pytest.mark.parametrize("status", [200, 201, 204, 409])
def test_a_registration_that_is_known_already_is_success(status: int) -> None:
    answering(b"", status).register(REGISTRATION, idempotency_key="one")


def test_a_repeat_after_a_failure_is_the_same_request() -> None:
    api, upstream = esb(Reply(status=503), Reply(status=201))
    api.register(REGISTRATION, idempotency_key="one")
    first, second = upstream.requests
    assert (first.content, first.headers["Idempotency-Key"]) == (
        second.content,
        second.headers["Idempotency-Key"],
    )


def test_the_watermark_is_put_in_whole_seconds() -> None:
    api, upstream = esb(Reply(status=204, body=b""))
    api.move_watermark("HOTEL001", datetime(2024, 1, 15, 10, 30, 45), idempotency_key="w")
    (request,) = upstream.requests
    assert (request.method, request.url.path) == ("PUT", "/api/hotels/HOTEL001/import-dates")
    assert json.loads(request.content) == {"lastImportDate": "2024-01-15T10:30:45"}


@pytest.mark.parametrize(
    "body",
    [
        [
            "A",
            {"code": "B", "name": "…", "active": True},
            {"code": "C", "active": False},
            {"name": "no code"},
        ],
        {"hotels": [{"code": "A"}, {"code": " B "}]},
    ],
)
def test_hotels_come_as_codes_or_objects_and_inactive_ones_are_skipped(body: Any) -> None:
    assert answering(body).hotels() == ("A", "B")


@pytest.mark.parametrize("body", [{}, {"hotels": None}, 7])
def test_an_answer_without_its_list_of_hotels_is_an_error_and_not_no_hotels(body: Any) -> None:
    with pytest.raises(TransientError):
        answering(body).hotels()


@pytest.mark.parametrize(
    ("last_import", "expected"),
    [
        (None, None),
        ("", None),
        ("  ", None),
        ("0001-01-01T00:00:00", None),
        ("1900-01-01T00:00:00", None),
        ("1900-01-01T00:00:01", datetime(1900, 1, 1, 0, 0, 1)),
        ("2024-01-14T02:00:00", datetime(2024, 1, 14, 2)),
        ("2024-01-14", datetime(2024, 1, 14)),
        ("2024-01-14T02:00:00.500", datetime(2024, 1, 14, 2, 0, 0, 500_000)),
        ("2024-01-14T02:00:00+01:00", datetime(2024, 1, 14, 2)),
        ("2024-01-14T02:00:00Z", datetime(2024, 1, 14, 2)),
        ("2999-01-01T00:00:00", datetime(2999, 1, 1)),
    ],
)
def test_the_watermark_is_read_or_is_missing(last_import: str | None, expected: datetime | None) -> None:
    assert answering({"lastImportDate": last_import}).parameters("HOTEL001").last_import == expected


def test_parameters_that_are_left_out_are_missing() -> None:
    parameters = answering({}).parameters("HOTEL001")
    assert (parameters.last_import, parameters.min_import, parameters.max_import) == (None, None, None)


@pytest.mark.parametrize("name", ["lastImportDate", "minImportDate", "maxImportDate"])
@pytest.mark.parametrize(
    "value", ["yesterday", "14/01/2024", "2024-02-30T00:00:00", 20240114, True, ["2024-01-14"]]
)
def test_what_is_no_date_is_never_taken_for_a_first_import(name: str, value: Any) -> None:
    with pytest.raises(NeedsPersonError, match=name):
        answering({name: value}).parameters("HOTEL001")


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, b"", AccessDeniedError),
        (403, b"{}", AccessDeniedError),
        (404, b"", UsageError),
        (400, b"", NeedsPersonError),
        (503, b"", TransientError),
        (200, b"", TransientError),
        (200, b"<html>", TransientError),
        (200, b'{"lastImportDate": "2024', TransientError),
        (200, b"[]", TransientError),
    ],
)
def test_failures_say_what_to_do_next(status: int, body: bytes, error: type[ConnectorError]) -> None:
    with pytest.raises(error) as raised:
        answering(body, status).parameters("HOTEL001")
    assert "esb-key" not in str(raised.value)
    assert "HOTEL001" in str(raised.value)
