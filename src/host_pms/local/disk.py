"""Buckets as folders: an object is the file `{root}/{bucket}/{key}`."""

import filecmp
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, Never

from host_pms.errors import DivergentObjectError
from host_pms.local.files import bucket_path, object_path, publish, translated, whole


class DiskStore:
    """The port `ObjectStore` on a folder; threads and processes may share it.

    A bucket is there as soon as something is put. A bucket or key that would leave the folder, or
    name something else in it, raises `ValueError`.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def put_new(self, bucket: str, key: str, body: BinaryIO) -> None:
        """Create the object, whole or not at all; it lasts when this returns.

        Raises:
            DivergentObjectError: it is there with other bytes, which stay.
        """
        path = object_path(self._root, bucket, key)
        with translated("Writing", path), whole(body, self._root) as file:
            same = publish(file, path, self._root) or filecmp.cmp(file, path, shallow=False)
        if not same:
            raise DivergentObjectError(
                f"{path} exists already with other bytes.",
                remedy="It was left as it is. Find out who wrote it before the next run.",
            )

    def read(self, bucket: str, key: str) -> AbstractContextManager[BinaryIO]:
        """The object's bytes, as a stream to be closed.

        Raises:
            FileNotFoundError: there is no such object.
        """
        path = object_path(self._root, bucket, key)
        with translated("Reading", path):
            stream = path.open("rb") if path.is_file() else None
        if stream is None:
            raise FileNotFoundError(f"There is no {path}.")
        return stream

    def keys(self, bucket: str, prefix: str) -> tuple[str, ...]:
        """The keys that start with `prefix`, sorted; none where the bucket is not there."""
        folder = bucket_path(self._root, bucket)
        # Only the prefix's own folders are walked: a bucket holds every hotel's every run.
        above, _, _ = prefix.rpartition("/")
        top = object_path(self._root, bucket, above) if above else folder
        with translated("Listing", top):
            found = [path.relative_to(folder).as_posix() for path in _files(top)]
        return tuple(sorted(key for key in found if key.startswith(prefix)))

    def folders(self, bucket: str) -> tuple[str, ...]:
        """What the bucket's keys have before their first slash, sorted; none where it is not there."""
        top = bucket_path(self._root, bucket)
        with translated("Listing", top):
            return tuple(sorted(path.name for path in top.iterdir() if path.is_dir())) if top.is_dir() else ()


def _files(top: Path) -> Iterator[Path]:
    """Every file under `top`; none where `top` is no folder."""
    if top.is_dir():
        for folder, _, names in os.walk(top, onerror=_raise):
            yield from (Path(folder, name) for name in names)


def _raise(error: OSError) -> Never:
    """A folder that cannot be listed is an error: `os.walk` would take it for an empty one."""
    raise error
