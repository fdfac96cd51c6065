"""The reservations file in parts, each in a temporary file with its SHA-256."""

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count, islice
from tempfile import TemporaryFile
from typing import BinaryIO

from host_pms.models.climber.files import ReservationNight, encode


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One part of the reservations file, in a temporary file."""

    body: BinaryIO
    records: int
    sha256: str


def parts(nights: Iterator[ReservationNight], records_per_file: int, room: ExitStack) -> Iterator[Part]:
    """The reservations file in parts of at most `records_per_file`; `room` closes them.

    There is always a first part, be it an empty list.
    """
    for number in count(1):
        body = room.enter_context(TemporaryFile())  # noqa: SIM115 - `room` closes it
        part = _write_list(body, islice(nights, records_per_file))
        if number > 1 and part.records == 0:
            return
        yield part


def _write_list(body: BinaryIO, nights: Iterator[ReservationNight]) -> Part:
    written, digest = 0, hashlib.sha256()

    def write(text: bytes) -> None:
        body.write(text)
        digest.update(text)

    for night in nights:
        write((b",\n" if written else b"[\n") + encode(night))
        written += 1
    write(b"\n]\n" if written else b"[]\n")
    body.flush()
    return Part(body=body, records=written, sha256=digest.hexdigest())
