"""Heads as files: a head is the file `{root}/{bucket}/{key}`, replaced whole under a lock of its own.

Versions are the content's hash and a count of writes. The count lives in the file's own modification
time, below the millisecond: so it is replaced in one step with the content, no second file can differ
from it, and it needs no clock that always goes forward.
"""

import fcntl
import hashlib
import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from host_pms.errors import VersionMismatchError
from host_pms.local.files import PARTIAL, object_path, publish, translated, whole
from host_pms.ports import HeldHead

_MILLISECOND = 1_000_000  # in nanoseconds, and so many writes until a count comes back


class DiskHeads:
    """The port `HeadStore` on a folder; threads and processes may share it.

    A head is also an object that `DiskStore` reads. A bucket or key that would leave the folder, or
    name something else in it, raises `ValueError`. Reading needs the right to write, too.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def read(self, bucket: str, key: str) -> HeldHead | None:
        """What was swapped in last; None where there is nothing yet.

        The age is by the file system's clock, which on a shared disk is not this machine's.
        """
        path = object_path(self._root, bucket, key)
        with translated("Reading", path):
            found = _contents(path)
            if found is None:
                return None
            body, written = found
            age = max(0, self._now() - written) / 1e9
        return HeldHead(body=body, version=_version(body, written), age=age)

    def swap(self, bucket: str, key: str, body: bytes, *, expected: str | None) -> str:
        """Replace the version `expected`, or create where that is None; see the port."""
        path = object_path(self._root, bucket, key)
        with (
            translated("Writing", path),
            self._alone(path),
            whole(io.BytesIO(body), self._root) as file,
        ):
            found = _contents(path)
            if (_version(*found) if found else None) != expected:
                raise VersionMismatchError(f"{path} was not written: another version is there, or none.")
            written = _count(file, found[1] if found else 0)
            if found:
                _replace(file, path)
            publish(file, path, self._root)
        return _version(body, written)

    def _now(self) -> int:
        """The file system's clock, in nanoseconds: when a file of this moment was modified."""
        folder = self._root / PARTIAL
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            return os.fstat(file.fileno()).st_mtime_ns

    @contextmanager
    def _alone(self, path: Path) -> Iterator[None]:
        """Hold the head's lock, which the system frees when its holder is gone."""
        folder = self._root / PARTIAL / "locks"
        folder.mkdir(parents=True, exist_ok=True)
        name = hashlib.sha256(os.fsencode(path.relative_to(self._root))).hexdigest()
        with (folder / name).open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _contents(path: Path) -> tuple[bytes, int] | None:
    """A head's body and modification time, of one version; None where there is none."""
    try:
        with path.open("rb") as file:
            return file.read(), os.fstat(file.fileno()).st_mtime_ns
    except FileNotFoundError:
        return None


def _version(body: bytes, written: int) -> str:
    return f"{hashlib.sha256(body).hexdigest()}-{written % _MILLISECOND}"


def _count(file: Path, before: int) -> int:
    """Give `file` the count after the one in `before`; its new modification time is returned."""
    written = file.stat().st_mtime_ns // _MILLISECOND * _MILLISECOND + (before + 1) % _MILLISECOND
    os.utime(file, ns=(written, written))
    with file.open("rb") as stream:
        os.fsync(stream.fileno())
    # A file system with coarser times rounds, and the version must be the one that is read later.
    return file.stat().st_mtime_ns


def _replace(file: Path, path: Path) -> None:
    """Put a second name of `file` in the place of `path`; the first one goes when its block ends."""
    second = file.with_name(f"{file.name}.head")
    os.link(file, second)
    second.replace(path)
