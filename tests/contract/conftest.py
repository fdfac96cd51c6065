"""The backends that keep one contract: memory, a folder, and AWS, for which moto's server stands in.

Heads are also kept by SeaweedFS, a second S3 server, where `make tools` has installed it.
"""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from boto3.session import Session
from fakes import FakeClock, MemoryHeads, MemoryQueue, MemoryStore, SentMessage
from losing_proxy import LosingProxy, losing_proxy
from moto_server import moto_server
from seaweedfs import WEED, seaweedfs

from host_pms.aws.client import once
from host_pms.aws.s3 import S3Store
from host_pms.aws.s3_head import S3Heads
from host_pms.aws.sqs import SqsQueue
from host_pms.local.disk import DiskStore
from host_pms.local.head import DiskHeads
from host_pms.local.queue import DiskQueue
from host_pms.ports import HeadStore, ObjectStore, Queue

REGION = "eu-west-1"
_names = itertools.count(1)


@pytest.fixture(scope="session")
def aws_endpoint() -> Iterator[str]:
    with moto_server() as address:
        yield address


@pytest.fixture(scope="session")
def aws_session() -> Callable[[], Session]:
    return once(
        lambda: Session(
            aws_access_key_id="nobody",
            aws_secret_access_key="nothing",  # noqa: S106 -- moto's server takes any
        )
    )


@pytest.fixture(scope="session")
def s3_store(aws_endpoint: str, aws_session: Callable[[], Session]) -> S3Store:
    return S3Store(region=REGION, endpoint_url=aws_endpoint, session=aws_session)


@pytest.fixture
def bucket() -> str:
    """A name that no test has used yet."""
    return f"contract-{next(_names)}"


@pytest.fixture(params=["memory", "disk", "s3"])
def store(request: pytest.FixtureRequest, bucket: str, tmp_path: Path) -> ObjectStore:
    if request.param == "memory":
        return MemoryStore()
    if request.param == "disk":
        return DiskStore(tmp_path)
    s3: S3Store = request.getfixturevalue("s3_store")
    s3._client().create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    return s3


@pytest.fixture(scope="session")
def moto_heads(aws_endpoint: str, aws_session: Callable[[], Session]) -> S3Heads:
    return S3Heads(region=REGION, endpoint_url=aws_endpoint, session=aws_session)


@pytest.fixture(scope="session")
def seaweedfs_heads(
    tmp_path_factory: pytest.TempPathFactory, aws_session: Callable[[], Session]
) -> Iterator[S3Heads]:
    if not WEED.exists():
        pytest.skip("SeaweedFS is not installed: run `make tools`")
    with seaweedfs(tmp_path_factory.mktemp("seaweedfs")) as url:
        yield S3Heads(region=REGION, endpoint_url=url, retries=9, session=aws_session)


@pytest.fixture(params=["memory", "disk", "moto", "seaweedfs"])
def heads(request: pytest.FixtureRequest, bucket: str, tmp_path: Path) -> HeadStore:
    if request.param == "memory":
        return MemoryHeads(FakeClock())
    if request.param == "disk":
        return DiskHeads(tmp_path)
    s3: S3Heads = request.getfixturevalue(f"{request.param}_heads")
    s3._reader().create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    return s3


@pytest.fixture
def proxy(heads: HeadStore) -> Iterator[LosingProxy]:
    """In front of the S3 server that keeps `heads`."""
    assert isinstance(heads, S3Heads)
    with losing_proxy(heads._reader().meta.endpoint_url) as running:
        yield running


@pytest.fixture
def through(proxy: LosingProxy, aws_session: Callable[[], Session]) -> S3Heads:
    """The same heads, through the proxy."""
    return S3Heads(region=REGION, endpoint_url=proxy.url, session=aws_session)


@pytest.fixture(params=["memory", "disk", "sqs"])
def queue(request: pytest.FixtureRequest, tmp_path: Path) -> Queue:
    name = f"contract-{next(_names)}.fifo"
    if request.param == "memory":
        return MemoryQueue()
    if request.param == "disk":
        return DiskQueue(tmp_path, name, FakeClock())
    endpoint: str = request.getfixturevalue("aws_endpoint")
    session: Callable[[], Session] = request.getfixturevalue("aws_session")
    sqs = SqsQueue(name, region=REGION, endpoint_url=endpoint, session=session)
    sqs._client().create_queue(QueueName=name, Attributes={"FifoQueue": "true"})
    return sqs


@pytest.fixture
def received(queue: Queue) -> Callable[[], list[SentMessage]]:
    """What a consumer finds in the queue; asked once, at the end of a test."""
    if isinstance(queue, MemoryQueue):
        return lambda: queue.sent
    if isinstance(queue, DiskQueue):
        return lambda: list(_in_folder(queue._folder))
    assert isinstance(queue, SqsQueue)
    return lambda: list(_taken_from(queue))


def _in_folder(folder: Path) -> Iterator[SentMessage]:
    for path in sorted(folder.glob("*.json")):
        message = msgspec.json.decode(path.read_bytes())
        del message["sent_at"]
        yield SentMessage(**message)


def _taken_from(queue: SqsQueue) -> Iterator[SentMessage]:
    client, url = queue._client(), queue._url()
    while messages := client.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=10,
        MessageSystemAttributeNames=["MessageGroupId", "MessageDeduplicationId"],
        MessageAttributeNames=["All"],
    ).get("Messages"):
        for message in messages:
            client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            yield SentMessage(
                body=message["Body"],
                group=message["Attributes"]["MessageGroupId"],
                deduplication_id=message["Attributes"]["MessageDeduplicationId"],
                attributes={
                    name: value["StringValue"]
                    for name, value in message.get("MessageAttributes", {}).items()
                    if value["DataType"] == "String"
                },
            )
