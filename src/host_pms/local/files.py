"""Files that are created once, whole or not at all, and last when the call returns.

The bytes go to `{root}/.partial` first and get their name by a hard link, which fails where the name
is taken: among threads and processes one wins. A crash in between leaves a file in `.partial`, which
nothing ever reads; that folder may be emptied when nothing runs.
"""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from host_pms.errors import ConnectorError, NeedsPersonError, TransientError

PARTIAL = ".partial"
QUEUES = "queues"

_lasting: set[Path] = set()
"""Folders whose own names this process has brought to the disk: once is enough while they stay."""

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_MISPLACED = frozenset({errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP})
_UNSUPPORTED = frozenset({errno.EXDEV, errno.ENOTSUP, errno.ENOSYS})


@contextmanager
def translated(doing: str, path: Path) -> Iterator[None]:
    """Raise the system's errors as ours, with the path and what to do about it.

    Raises:
        TransientError: the disk is full, or failed in a way that may pass.
        NeedsPersonError: a right is missing, something else is in the way, or the file system cannot do it.
    """
    try:
        yield
    except OSError as error:
        raise _fault(error, doing, path) from error


def _fault(error: OSError, doing: str, path: Path) -> ConnectorError:
    message = f"{doing} {path} failed: {error.strerror}."
    if error.errno in _FULL:
        return TransientError(message, remedy="Free space there, or set LOCAL_ROOT to a larger disk.")
    if error.errno in _FORBIDDEN:
        return NeedsPersonError(message, remedy="Give this user the right to write there, or set LOCAL_ROOT.")
    if error.errno in _MISPLACED:
        return NeedsPersonError(message, remedy="Move away what is in the way, or set LOCAL_ROOT.")
    if error.errno in _UNSUPPORTED:
        return NeedsPersonError(message, remedy="Set LOCAL_ROOT to a file system that has hard links.")
    return TransientError(message)


def part(name: str) -> str:
    """`name`, if it can be one part of a path and nothing else.

    Raises:
        ValueError: it is empty, `.` or `..`, or holds a separator or a NUL.
    """
    if name in {"", ".", ".."} or "\0" in name or "/" in name or os.sep in name:
        raise ValueError(f"{name!r} cannot be a part of a path.")
    return name


def bucket_path(root: Path, bucket: str) -> Path:
    """Where a bucket is below `root`.

    Raises:
        ValueError: it would leave the folder, or name something else in it.
    """
    if bucket in {PARTIAL, QUEUES}:
        raise ValueError(f"{bucket!r} is no bucket.")
    return root / part(bucket)


def object_path(root: Path, bucket: str, key: str) -> Path:
    """Where an object is below `root`.

    Raises:
        ValueError: the bucket or the key would leave the folder, or name something else in it.
    """
    return bucket_path(root, bucket).joinpath(*(part(name) for name in key.split("/")))


@contextmanager
def whole(body: BinaryIO, root: Path) -> Iterator[Path]:
    """A file on `root`'s disk that holds all of `body` and lasts, under a name that goes at the end."""
    folder = root / PARTIAL
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        body.seek(0)
        shutil.copyfileobj(body, file)
        file.flush()
        os.fsync(file.fileno())
        yield Path(file.name)


def publish(file: Path, path: Path, root: Path) -> bool:
    """Give `file` the name `path`; False where that name is taken. Either way the name lasts.

    A name that another process has just made may not be on the disk yet, so it is brought there too.
    """
    folder = path.parent
    if not folder.is_dir():
        _lasting.discard(folder)
        folder.mkdir(parents=True, exist_ok=True)
    try:
        os.link(file, path)
        created = True
    except FileExistsError:
        created = False
    _sync(folder)
    if folder not in _lasting:
        for above in folder.parents[: len(folder.relative_to(root).parts)]:
            _sync(above)
        _lasting.add(folder)
    return created


def _sync(folder: Path) -> None:
    """Bring the names in `folder` to the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
