"""The ports of a dry run: what is read is real, what would be written or sent goes nowhere."""

import math
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import BinaryIO

from host_pms.errors import NeedsPersonError
from host_pms.ports import Esb, HeadStore, HeldHead, ImportParameters, ObjectStore, Registration


@dataclass(frozen=True)
class ReadOnlyStore:
    """An `ObjectStore` that is read for real; it takes everything and keeps nothing."""

    store: ObjectStore

    def put_new(self, bucket: str, key: str, body: BinaryIO) -> None:
        """Take an object."""

    def read(self, bucket: str, key: str) -> AbstractContextManager[BinaryIO]:
        """As the store has it."""
        return self.store.read(bucket, key)

    def keys(self, bucket: str, prefix: str) -> tuple[str, ...]:
        """As the store has them."""
        return self.store.keys(bucket, prefix)

    def folders(self, bucket: str) -> tuple[str, ...]:
        """As the store has them."""
        return self.store.folders(bucket)


@dataclass(frozen=True)
class ReadOnlyHeads:
    """A `HeadStore` that is read for real, in which every swap succeeds and changes nothing.

    Each lease seems to have run out: a dry run takes nothing away from the worker that holds it. Where there
    is no right to read heads, or no bucket yet, there seems to be none: a dry run is what one begins with.
    """

    heads: HeadStore

    def read(self, bucket: str, key: str) -> HeldHead | None:
        """As the store has it."""
        try:
            found = self.heads.read(bucket, key)
        except NeedsPersonError:
            return None
        return None if found is None else replace(found, age=math.inf)

    def swap(self, bucket: str, key: str, body: bytes, *, expected: str | None) -> str:  # noqa: ARG002
        """Take a head."""
        return ""


class DiscardingQueue:
    """A `Queue` that takes everything and sends nothing."""

    def send(self, body: str, *, group: str, deduplication_id: str, attributes: Mapping[str, str]) -> None:
        """Take a message."""


@dataclass(frozen=True)
class ReadOnlyEsb:
    """An `Esb` that is read for real and told nothing; a watermark that it takes, it seems to hold."""

    esb: Esb
    _moved: dict[str, datetime] = field(default_factory=dict)

    def hotels(self) -> tuple[str, ...]:
        """As the ESB answers."""
        return self.esb.hotels()

    def parameters(self, hotel_code: str) -> ImportParameters:
        """As the ESB answers, but for a watermark that was moved."""
        found = self.esb.parameters(hotel_code)
        return replace(found, last_import=self._moved.get(hotel_code, found.last_import))

    def register(self, registration: Registration, *, idempotency_key: str) -> None:
        """Take a registration."""

    def move_watermark(self, hotel_code: str, last_import: datetime, *, idempotency_key: str) -> None:  # noqa: ARG002
        """Take a watermark."""
        self._moved[hotel_code] = last_import
