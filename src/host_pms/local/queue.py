"""The queue as a folder: a message is the file `{root}/queues/{queue}/{n}.json`, in the order sent."""

import fcntl
import io
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

import msgspec

from host_pms.errors import NeedsPersonError
from host_pms.local.files import QUEUES, part, publish, translated, whole
from host_pms.ports import Clock

_DEDUPLICATION = timedelta(minutes=5)  # SQS FIFO's own interval
_DIGITS = 12  # so that names sort as numbers do
_NAME = re.compile(rf"[0-9]{{{_DIGITS}}}\.json")


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A message as its file holds it."""

    body: str
    group: str
    deduplication_id: str
    attributes: dict[str, str]
    sent_at: datetime


_MESSAGE = msgspec.json.Decoder(Message)


class DiskQueue:
    """The port `Queue` on a folder; threads and processes may share it.

    What is remembered of a message is its file: with the file, its deduplication id is forgotten.
    """

    def __init__(self, root: Path, name: str, clock: Clock) -> None:
        self._root = root
        self._folder = root / QUEUES / part(name)
        self._clock = clock

    def send(self, body: str, *, group: str, deduplication_id: str, attributes: Mapping[str, str]) -> None:
        """Send once: a repeat with the same `deduplication_id` within 5 minutes is dropped.

        The message is there as a whole or not at all, and lasts when this returns.
        """
        with translated("Sending to", self._folder), self._alone():
            files = self._newest_first()
            now = self._clock.now()
            if deduplication_id in self._sent_since(now - _DEDUPLICATION, files):
                return
            message = Message(
                body=body,
                group=group,
                deduplication_id=deduplication_id,
                attributes=dict(attributes),
                sent_at=now,
            )
            number = int(files[0].removesuffix(".json")) + 1 if files else 1
            with whole(io.BytesIO(msgspec.json.encode(message)), self._root) as file:
                publish(file, self._folder / f"{number:0{_DIGITS}}.json", self._root)

    def _newest_first(self) -> list[str]:
        names = os.listdir(self._folder)  # noqa: PTH208 - thousands of paths would be made for their names
        return sorted(filter(_NAME.fullmatch, names), reverse=True)

    def _sent_since(self, moment: datetime, newest_first: list[str]) -> Iterator[str]:
        """The deduplication ids of messages sent after `moment`; reads no file before the first older one."""
        for name in newest_first:
            path = self._folder / name
            file = path.stat()
            message = _read(path, file.st_ino, file.st_mtime_ns)
            if message.sent_at <= moment:
                return
            yield message.deduplication_id

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the queue's lock, which the system frees when its holder is gone."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / ".lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


# A fleet sends a thousand within the five minutes, and each would read all that were sent before it.
@lru_cache(maxsize=4096)
def _read(path: Path, _inode: int, _written: int) -> Message:
    """The message in a file, which is another one where its inode or its time is."""
    try:
        return _MESSAGE.decode(path.read_bytes())
    except msgspec.DecodeError as error:
        raise NeedsPersonError(f"{path} is no message of this queue.", remedy="Move it away.") from error
