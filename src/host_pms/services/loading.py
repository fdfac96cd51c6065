"""Telling the world of a run's files: registrations, the watermark, the trigger."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from host_pms.models.run import Run
from host_pms.ports import Esb, Queue, Registration
from host_pms.services.transformation import StoredFile


def register(run: Run, files: Sequence[StoredFile], esb: Esb, *, complete: bool) -> None:
    """Register every file, in order: config, segments, then reservations. A first import is `complete`.

    Raises:
        ConnectorError: the ESB did not take one; those before it are registered.
    """
    for file in files:
        registration = Registration(
            hotel_code=run.hotel_code,
            file_type=file.file_type,
            bucket=file.bucket,
            file_key=file.key,
            record_count=file.record_count,
            complete=complete,
            record_date=run.record_date,
        )
        esb.register(registration, idempotency_key=run.idempotency_key(f"register/{file.key}"))


def move_watermark(run: Run, watermark: datetime | None, *, held: datetime | None, esb: Esb) -> bool:
    """Put `watermark`, only if the ESB still holds the value that was read when the run opened.

    An operator's reset meanwhile is obeyed, not overwritten. Returns whether it was put.
    """
    if watermark is None or esb.parameters(run.hotel_code).last_import != held:
        return False
    esb.move_watermark(run.hotel_code, watermark, idempotency_key=run.idempotency_key("watermark"))
    return True


def send_trigger(run: Run, files: Sequence[StoredFile], queue: Queue, *, complete: bool) -> None:
    """Tell the processor of the run's files; a repeat is dropped by its deduplication id."""
    body = {
        "hotelCode": run.hotel_code,
        "timestamp": run.timestamp,
        "complete": complete,
        "files": [
            {
                "fileType": file.file_type,
                "bucket": file.bucket,
                "fileKey": file.key,
                "recordCount": file.record_count,
            }
            for file in files
        ],
    }
    queue.send(
        msgspec.json.encode(body).decode(),
        group=run.hotel_code,
        deduplication_id=run.deduplication_id,
        attributes={"HotelCode": run.hotel_code, "Timestamp": run.timestamp},
    )
