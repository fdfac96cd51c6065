"""The queue as a folder: a message is the file `{root}/queues/{queue}/{n}.json`, in the order sent."""

import fcntl
import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
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
            if deduplication_id in _sent_since(now - _DEDUPLICATION, files):
                return
            message = Message(
                body=body,
                group=group,
                deduplication_id=deduplication_id,
                attributes=dict(attributes),
                sent_at=now,
            )
            number = int(files[0].stem) + 1 if files else 1
            with whole(io.BytesIO(msgspec.json.encode(message)), self._root) as file:
                publish(file, self._folder / f"{number:0{_DIGITS}}.json", self._root)

    def _newest_first(self) -> list[Path]:
        return sorted((path for path in self._folder.iterdir() if _NAME.fullmatch(path.name)), reverse=True)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the queue's lock, which the system frees when its holder is gone."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / ".lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _sent_since(moment: datetime, newest_first: list[Path]) -> Iterator[str]:
    """The deduplication ids of the messages sent after `moment`; reads no file before the first older one."""
    for path in newest_first:
        message = _read(path)
        if message.sent_at <= moment:
            return
        yield message.deduplication_id


def _read(path: Path) -> Message:
    try:
        return _MESSAGE.decode(path.read_bytes())
    except msgspec.DecodeError as error:
        raise NeedsPersonError(f"{path} is no message of this queue.", remedy="Move it away.") from error
