"""Climber's ESB: its four calls, one method each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

import msgspec
from pydantic import SecretStr

from host_pms import __version__
from host_pms.clients.http import HttpSender, RefusedError, Request
from host_pms.clients.keys import EVERYBODY, Keys, with_key
from host_pms.errors import (
    NeedsPersonError,
    RateLimitedError,
    StoppedError,
    TransientError,
    UsageError,
)
from host_pms.models.host.json_text import PageError, check_json, decode, listed
from host_pms.models.host.values import day, moment, plain_text
from host_pms.ports import ImportParameters, Registration

_NOT_FOUND = 404
_FIRST_IMPORT_UP_TO = datetime(1900, 1, 1)  # noqa: DTZ001 - hotel-local, without a zone


@dataclass(frozen=True, kw_only=True)
class EsbApi:
    """`Esb` over HTTP."""

    sender: HttpSender
    base_url: str
    keys: Keys
    key_header: str

    def hotels(self) -> tuple[str, ...]:
        """`GET /hotels`: the codes of the active ones."""
        body = self._send("GET", "hotels", "reading the list of hotels from the ESB")
        try:
            return tuple(_active(listed(decode(body), ("hotels",), bare=True)))
        except PageError as fault:
            raise _unusable("list of hotels", str(fault)) from fault

    def parameters(self, hotel_code: str) -> ImportParameters:
        """`GET /hotels/{code}/parameters`."""
        doing = f"{hotel_code}: reading import parameters from the ESB"
        try:
            body = self._send("GET", f"hotels/{hotel_code}/parameters", doing)
        except RefusedError as refused:
            if refused.status != _NOT_FOUND:
                raise
            raise UsageError(
                f"The ESB has no hotel {hotel_code}.", remedy="`host-pms hotels` lists those it has."
            ) from refused
        found = _object(body, f"parameters of {hotel_code}")
        last_import = _date_time(found, "lastImportDate", hotel_code)
        return ImportParameters(
            last_import=last_import if last_import and last_import > _FIRST_IMPORT_UP_TO else None,
            min_import=_date_time(found, "minImportDate", hotel_code),
            max_import=_date_time(found, "maxImportDate", hotel_code),
        )

    def register(self, registration: Registration, *, idempotency_key: str) -> None:
        """`POST /files/register`; 409 says that it is registered already."""
        body = {
            "hotelCode": registration.hotel_code,
            "fileType": registration.file_type,
            "fileUrl": registration.file_url,
            "fileKey": registration.file_key,
            "recordCount": registration.record_count,
            "complete": registration.complete,
            "recordDate": registration.record_date,
        }
        doing = f"{registration.hotel_code}: registering {registration.file_key} with the ESB"
        self._send(
            "POST",
            "files/register",
            doing,
            body=body,
            accepts={200, 201, 204, 409},
            idempotency=idempotency_key,
        )

    def move_watermark(self, hotel_code: str, last_import: datetime, *, idempotency_key: str) -> None:
        """`PUT /hotels/{code}/import-dates`."""
        self._send(
            "PUT",
            f"hotels/{hotel_code}/import-dates",
            f"{hotel_code}: moving the watermark in the ESB",
            body={"lastImportDate": f"{last_import:%Y-%m-%dT%H:%M:%S}"},
            accepts={200, 204},
            idempotency=idempotency_key,
        )

    def _send(
        self,
        method: Literal["GET", "POST", "PUT"],
        path: str,
        doing: str,
        *,
        body: Mapping[str, Any] | None = None,
        accepts: set[int] | None = None,
        idempotency: str = "",
    ) -> bytes:
        # The spec wants the key on every request; what only reads is the same whenever it is repeated.
        request = Request(
            operation=doing,
            method=method,
            url=f"{self.base_url.rstrip('/')}/{path}",
            headers={
                "Accept": "application/json",
                "User-Agent": f"host-pms/{__version__}",
                "Idempotency-Key": idempotency or f"{method} {path}",
            },
            json=None if body is None else msgspec.json.encode(body),
            key="esb",
            calls_per_minute=0,
            accepts=frozenset(accepts or {200}),
            expects_json=method == "GET",
            check=check_json if method == "GET" else None,
        )

        def send(key: SecretStr) -> bytes:
            headers = {**request.headers, self.key_header: key.get_secret_value()}
            return self.sender.send(replace(request, headers=headers)).body

        try:
            return with_key(self.keys, EVERYBODY, send)
        except (RateLimitedError, StoppedError):
            raise
        except TransientError as failed:
            remedy = "Nothing is lost: run again, and check ESB_BASE_URL if it stays so."
            raise TransientError(failed.message, remedy=remedy) from failed


def _active(items: list[Any]) -> Iterator[str]:
    for item in items:
        is_object = isinstance(item, dict)
        code = plain_text(item.get("code") if is_object else item)
        if code is not None and not (is_object and item.get("active") is False):
            yield code


def _object(body: bytes, what: str) -> dict[str, Any]:
    try:
        answer = decode(body)
    except PageError as fault:
        raise _unusable(what, str(fault)) from fault
    if not isinstance(answer, dict):
        raise _unusable(what, "is no object")
    return answer


def _date_time(parameters: Mapping[str, Any], name: str, hotel_code: str) -> datetime | None:
    """A date-time, None where it is missing or before 1900.

    Raises:
        NeedsPersonError: it is something else; to take it for a first import would be a guess.
    """
    value = parameters.get(name)
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, str):
        found = moment(value)
        if found is not None or is_unset(value):
            return found
    raise NeedsPersonError(
        f"The ESB's {name} of {hotel_code} is no date-time.", remedy="Correct it in the ESB."
    )


def is_unset(value: str) -> bool:
    """Whether a date-time lies before 1900, as an unset one does (0001-01-01)."""
    try:
        return day(value) is None and datetime.fromisoformat(value.strip()[:10]) < _FIRST_IMPORT_UP_TO
    except ValueError:
        return False


def _unusable(what: str, fault: str) -> TransientError:
    return TransientError(f"The ESB's {what} {fault}.", remedy="Check the ESB; the next run asks again.")
