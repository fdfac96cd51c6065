"""Where connectors keep what they have; read without the product's own adapters."""

import json
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any, Protocol

from kills.traps import SEND, Trap

from host_pms.models.head import Head, Phase, read_head

HEAD = "_state/head.json"
_LOOK_EVERY = 0.001


class Place(Protocol):
    """What was left there."""

    frees_at_once: bool
    """Whether a dead process has lost its lease at once (S2)."""

    @property
    def raw_configs(self) -> str:
        """The bucket of the hotels' state."""

    def variables(self) -> dict[str, str]:
        """What tells the connector of this place."""

    def read(self, bucket: str, key: str) -> bytes | None:
        """An object; None where there is none."""

    def keys(self, bucket: str, prefix: str) -> list[str]:
        """The keys that begin so."""

    def messages(self) -> list[dict[str, Any]]:
        """The bodies of the triggers; taken from the queue."""

    def watched(self, hotels: Iterable[str], trap: Trap) -> AbstractContextManager[None]:
        """Tell the trap of every head that is written."""


def head_of(place: Place, hotel: str) -> Head | None:
    """A hotel's head as it stands."""
    body = place.read(place.raw_configs, f"{hotel}/{HEAD}")
    return None if body is None else read_head(body, hotel)


def phase_of(head: Head | None) -> Phase | None:
    """How far its open run is; None where there is none."""
    return head.open_run.phase if head is not None and head.open_run is not None else None


class Disk:
    """The folder `data` below `folder`."""

    frees_at_once = True
    raw_configs = "dev-pms-raw-hotel-configs"

    def __init__(self, folder: Path) -> None:
        self._root = folder / "data"

    def variables(self) -> dict[str, str]:
        return {"STORAGE": "local", "LOCAL_ROOT": "data"}

    def read(self, bucket: str, key: str) -> bytes | None:
        try:
            return (self._root / bucket / key).read_bytes()
        except FileNotFoundError:
            return None

    def keys(self, bucket: str, prefix: str) -> list[str]:
        found = (path.relative_to(self._root / bucket) for path in (self._root / bucket).rglob("*"))
        return sorted(key for key in map(Path.as_posix, found) if key.startswith(prefix))

    def messages(self) -> list[dict[str, Any]]:
        return [json.loads(json.loads(file.read_bytes())["body"]) for file in self._triggers()]

    def _triggers(self) -> list[Path]:
        return sorted((self._root / "queues").glob("*/*.json"))

    @contextmanager
    def watched(self, hotels: Iterable[str], trap: Trap) -> Iterator[None]:
        """By looking every millisecond: what lasts less is missed, and another try hits it."""
        done = Event()
        thread = Thread(target=self._watch, args=(tuple(hotels), trap, done))
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def _watch(self, hotels: tuple[str, ...], trap: Trap, done: Event) -> None:
        paths = {hotel: self._root / self.raw_configs / hotel / HEAD for hotel in hotels}
        seen = {hotel: _written(path) for hotel, path in paths.items()}
        sent = len(self._triggers())
        while not done.wait(_LOOK_EVERY):
            before, sent = sent, len(self._triggers())
            for _ in range(before, sent):
                trap.answered("place", SEND)
            for hotel, path in paths.items():
                written = _written(path)
                if written != seen[hotel]:
                    seen[hotel] = written
                    trap.written(phase_of(head_of(self, hotel)))


def _written(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns
