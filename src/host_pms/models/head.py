"""What is remembered of a hotel between its runs: one small object, the head."""

from datetime import datetime

import msgspec

SCHEMA = 1


class HeadError(ValueError):
    """A head that cannot be trusted; says why, never what stands in it."""


class Lease(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Who holds the hotel (S2). `epoch` grows with every holder."""

    epoch: int
    owner: str
    held: bool


class StoredFile(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A file that was stored: its type as the ESB knows it, where it is, and how many records it holds."""

    file_type: str
    bucket: str
    key: str = msgspec.field(name="fileKey")
    record_count: int


class OpenRun(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A run whose files are stored and which is yet to tell of them (S5: names first).

    `held` is the watermark that the ESB held when the run opened, `watermark` the one to put, None where
    it stays. `registered` files are registered already, in their order.
    """

    started: datetime
    complete: bool
    held: datetime | None
    watermark: datetime | None
    files: tuple[StoredFile, ...]
    registered: int = 0
    watermark_done: bool = False


class Head(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The head. `put_id` is unique to a write, so that a worker knows its own (S1)."""

    schema: int
    hotel_code: str
    sequence: int
    put_id: str
    lease: Lease
    last_started: datetime | None = None
    open_run: OpenRun | None = None


def read_head(body: bytes, hotel_code: str) -> Head:
    """The head in `body`.

    Raises:
        HeadError: it is damaged, of another schema, or another hotel's.
    """
    try:
        head = msgspec.json.decode(body, type=Head)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise HeadError("is damaged or of another version") from None
    if head.schema != SCHEMA:
        raise HeadError(f"has schema {head.schema}, and this version knows {SCHEMA}")
    if head.hotel_code != hotel_code:
        raise HeadError("is another hotel's")
    return head
