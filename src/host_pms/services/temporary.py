"""What is too large for memory stands in temporary files, whose space is checked before it is used.

They have no names, so that they are gone with the process, however it ends.
"""

import os
import shutil
import sqlite3
import tempfile
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from host_pms.errors import TransientError

IN_MEMORY = 50_000
"""Rows and nights, and likewise postings, that are held in memory: 15 MB of each kind."""

SPARE = 64 * 2**20
"""Bytes that stay free: more than is written between two looks at the space."""

_SETTINGS = (
    "PRAGMA journal_mode = OFF",
    "PRAGMA synchronous = OFF",
    "PRAGMA cache_size = -8192",  # KiB
    "BEGIN",  # one transaction, never ended: nobody else sees it, and nothing is undone
)


def free_bytes() -> int:
    """What is free where temporary files go.

    Python and SQLite go where TMPDIR says; without it SQLite prefers /var/tmp, and Python /tmp.
    """
    usual = tempfile.gettempdir()
    folders = {usual, "/var/tmp"} if usual == "/tmp" and os.access("/var/tmp", os.W_OK) else {usual}  # noqa: S108
    return min(shutil.disk_usage(folder).free for folder in folders)


@dataclass(frozen=True, kw_only=True, slots=True)
class Temporary:
    """How much is held in memory before temporary files are used, and how many bytes are free for them."""

    in_memory: int = IN_MEMORY
    free: Callable[[], int] = free_bytes

    def check(self, needed: int) -> None:
        """Return if there is room for so many bytes.

        Raises:
            TransientError: there is not.
        """
        free = self.free()
        if free < needed:
            raise _no_space(
                f"{_megabytes(needed)} MB of temporary space are needed in "
                f"{tempfile.gettempdir()}, and {_megabytes(free)} MB are free."
            )


@contextmanager
def temporary_space() -> Iterator[None]:
    """Raise what a temporary file fails with as ours.

    Raises:
        TransientError: there is no space, or no folder to write to.
    """
    try:
        yield
    except (OSError, sqlite3.OperationalError) as error:
        raise _failed(error) from error


def _failed(error: Exception) -> TransientError:
    return _no_space(f"Writing to {tempfile.gettempdir()} failed: {error}.")


def _no_space(message: str) -> TransientError:
    return TransientError(
        message, remedy="Nothing was published. Free space there, or set TMPDIR to a larger disk."
    )


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f}"


AT_ONCE = 200
"""Lines that are written together."""


class TemporaryTable:
    """One SQLite table in a temporary file: lines are added to it, and read when all are there."""

    def __init__(self, schema: str, insert: str, temporary: Temporary) -> None:
        self._insert = insert
        self._temporary = temporary
        self._waiting: list[Sequence[Any]] = []
        temporary.check(SPARE)
        # "" is a temporary database of SQLite's own; threads take turns, they never share.
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        weakref.finalize(self, self._database.close)
        for statement in (*_SETTINGS, schema):
            self._run(statement)

    def add(self, *line: Any) -> None:
        """Add a line, by the table's insert."""
        self._waiting.append(line)
        if len(self._waiting) == AT_ONCE:
            self._write()

    def add_index(self, definition: str) -> None:
        """Index what was added; nothing more is added after it.

        Raises:
            TransientError: there is no space for it.
        """
        ((size,),) = self.read("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
        self._temporary.check(2 * size + SPARE)  # what is sorted, and the index
        self._run(definition)

    def first(self, query: str, *given: Any) -> Any:
        """The first value that is found, None where nothing is."""
        if self._waiting:
            self._write()
        found = self._run(query, given).fetchone()
        return found and found[0]

    def read(self, query: str, *given: Any) -> Iterator[Any]:
        """All lines that are found."""
        if self._waiting:
            self._write()
        found = self._run(query, given)
        while some := found.fetchmany(AT_ONCE):
            yield from some

    def _write(self) -> None:
        self._temporary.check(SPARE)
        with temporary_space():
            self._database.executemany(self._insert, self._waiting)
        self._waiting.clear()

    def _run(self, query: str, given: Sequence[Any] = ()) -> sqlite3.Cursor:
        try:  # a third faster than `temporary_space`, for what is asked of every row and posting
            return self._database.execute(query, given)
        except sqlite3.OperationalError as error:
            raise _failed(error) from error
