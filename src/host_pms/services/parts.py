"""The reservations file in parts, each in a temporary file with its SHA-256."""

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain, count, islice
from tempfile import TemporaryFile
from typing import BinaryIO

from host_pms.services.temporary import Temporary, temporary_space


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One part of the reservations file, in a temporary file."""

    body: BinaryIO
    records: int
    sha256: str


AT_ONCE = 500
"""Records that are written together: writing and hashing each alone took a tenth of the whole work."""


def parts(
    records: Iterator[bytes],
    records_per_file: int,
    room: ExitStack,
    *,
    temporary: Temporary,
    about: int,
) -> Iterator[Part]:
    """The reservations file in parts of at most `records_per_file`; `room` closes them.

    There is always a first part, be it an empty list. There are `about` so many records.

    Raises:
        TransientError: there is no temporary space for all of them.
    """
    first = list(islice(records, AT_ONCE))
    if first:
        temporary.check(about * sum(map(len, first)) // len(first))
    records = chain(first, records)
    for number in count(1):
        with temporary_space():
            body = room.enter_context(TemporaryFile())  # noqa: SIM115 - `room` closes it
        part = _write_list(body, islice(records, records_per_file))
        if number > 1 and part.records == 0:
            return
        yield part


def _write_list(body: BinaryIO, records: Iterator[bytes]) -> Part:
    written, digest = 0, hashlib.sha256()

    def write(text: bytes) -> None:
        with temporary_space():
            body.write(text)
        digest.update(text)

    while some := list(islice(records, AT_ONCE)):
        write((b",\n" if written else b"[\n") + b",\n".join(some))
        written += len(some)
    write(b"\n]\n" if written else b"[]\n")
    with temporary_space():
        body.flush()
    return Part(body=body, records=written, sha256=digest.hexdigest())
