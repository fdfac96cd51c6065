"""The ports of a dry run: what is read is real, what would be written or sent goes nowhere."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from host_pms.ports import Esb, HeldHead, ImportParameters, Registration


class DiscardingStore:
    """An `ObjectStore` that takes everything and keeps nothing."""

    def put_new(self, bucket: str, key: str, body: BinaryIO) -> None:
        """Take an object."""

    def read(self, bucket: str, key: str) -> AbstractContextManager[BinaryIO]:
        """There never is one.

        Raises:
            FileNotFoundError: always.
        """
        raise FileNotFoundError(f"{bucket}/{key}")

    def keys(self, bucket: str, prefix: str) -> tuple[str, ...]:  # noqa: ARG002 - the port's form
        """There are none."""
        return ()

    def folders(self, bucket: str) -> tuple[str, ...]:  # noqa: ARG002 - the port's form
        """There are none."""
        return ()


class DiscardingHeads:
    """A `HeadStore` without heads, in which every swap succeeds."""

    def read(self, bucket: str, key: str) -> HeldHead | None:  # noqa: ARG002 - the port's form
        """There never is one."""
        return None

    def swap(self, bucket: str, key: str, body: bytes, *, expected: str | None) -> str:  # noqa: ARG002
        """Take a head."""
        return ""


class DiscardingQueue:
    """A `Queue` that takes everything and sends nothing."""

    def send(self, body: str, *, group: str, deduplication_id: str, attributes: Mapping[str, str]) -> None:
        """Take a message."""


@dataclass(frozen=True)
class ReadOnlyEsb:
    """An `Esb` that is read for real, and told nothing."""

    esb: Esb

    def hotels(self) -> tuple[str, ...]:
        """As the ESB answers."""
        return self.esb.hotels()

    def parameters(self, hotel_code: str) -> ImportParameters:
        """As the ESB answers."""
        return self.esb.parameters(hotel_code)

    def register(self, registration: Registration, *, idempotency_key: str) -> None:
        """Take a registration."""

    def move_watermark(self, hotel_code: str, last_import: datetime, *, idempotency_key: str) -> None:
        """Take a watermark."""
