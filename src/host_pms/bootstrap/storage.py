"""The stores and the queue as `settings` say: on AWS, or a folder; and who holds a lease there."""

import uuid
from collections.abc import Callable
from typing import TypedDict

from host_pms.config.settings import ArchiveSettings, Settings
from host_pms.local.processes import is_gone, this_process
from host_pms.ports import Clock, HeadStore, ObjectStore, Queue


class Aws(TypedDict):
    """What every client of AWS takes."""

    region: str
    endpoint_url: str | None
    retries: int


def aws(settings: ArchiveSettings) -> Aws:
    """The same for all of them."""
    return {
        "region": settings.aws_region,
        "endpoint_url": settings.aws_endpoint_url,
        "retries": settings.max_retries,
    }


def store(settings: ArchiveSettings) -> ObjectStore:
    """Where answers and files are."""
    if settings.storage == "local":
        from host_pms.local.disk import DiskStore  # noqa: PLC0415 - only what is used is loaded

        return DiskStore(settings.local_root)
    from host_pms.aws.s3 import S3Store  # noqa: PLC0415 - only what is used is loaded

    return S3Store(**aws(settings), kms_key_id=settings.aws_s3_kms_key_id)


def heads(settings: ArchiveSettings) -> HeadStore:
    """Where the hotels' heads are."""
    if settings.storage == "local":
        from host_pms.local.head import DiskHeads  # noqa: PLC0415 - only what is used is loaded

        return DiskHeads(settings.local_root)
    from host_pms.aws.s3_head import S3Heads  # noqa: PLC0415 - only what is used is loaded

    return S3Heads(**aws(settings), kms_key_id=settings.aws_s3_kms_key_id)


def new_owner() -> str:
    """Unique to a holder of a lease; it begins with its process."""
    return f"{this_process()}/{new_name()}"


def new_name() -> str:
    """One that nobody else has."""
    return uuid.uuid4().hex


def gone_test(settings: ArchiveSettings) -> Callable[[str], bool]:
    """S2: who shares a disk can be a process of this machine, and then it is known when it is gone."""
    if settings.storage == "local":
        return lambda owner: is_gone(owner.partition("/")[0])
    return lambda _owner: False


def queue(settings: Settings, clock: Clock) -> Queue:
    """Where the processor is told."""
    if settings.storage == "local":
        from host_pms.local.queue import DiskQueue  # noqa: PLC0415 - only what is used is loaded

        return DiskQueue(settings.local_root, settings.queue_name, clock)
    from host_pms.aws.sqs import SqsQueue  # noqa: PLC0415 - only what is used is loaded

    return SqsQueue(settings.queue_name, **aws(settings))
