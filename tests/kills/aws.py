"""S3 and SQS, for which moto's server stands in, with a trap in front."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, Self

from boto3.session import Session
from kills.places import HEAD, phase_of
from kills.traps import Trap
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server

from host_pms.models.head import read_head

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

REGION = "eu-west-1"
KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing-secret"}
KINDS = ("hotel-configs", "segments", "reservations")


class _Quiet(MotoRequestHandler):
    """moto's own, without a line for every request."""

    def log_request(self, *_: object) -> None:
        pass


class AwsServer:
    """moto's server, whose requests a trap sees; runs while the block lasts.

    Two things that S3 keeps and moto does not are kept here: one request after the other, so that a
    conditional put is one step, and no request is done whose body did not come whole.
    """

    def __init__(self, trap: Trap) -> None:
        self._trap = trap
        self._backend = DomainDispatcherApplication(create_backend_app)
        self._alone = Lock()
        self.requests = 0
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True, request_handler=_Quiet)
        self._thread = Thread(target=self._server.serve_forever)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path, body = environ["PATH_INFO"], _body(environ)
        call = path + environ.get("HTTP_X_AMZ_TARGET", "")  # all calls of SQS have one path
        if body is None or self._trap.arrives("place", call):
            start_response("400 Bad Request", [("Content-Length", "0")])
            return [b""]
        self.requests += 1
        environ["wsgi.input"] = BytesIO(body)
        statuses: list[str] = []

        def start(status: str, *more: Any) -> Any:
            statuses.append(status)
            return start_response(status, *more)

        with self._alone:
            answer = list(self._backend(environ, start))
        if environ["REQUEST_METHOD"] == "PUT" and path.endswith(HEAD) and statuses[-1].startswith("200"):
            hotel = path.removesuffix(f"/{HEAD}").rpartition("/")[2]
            self._trap.written(phase_of(read_head(body, hotel)))
        self._trap.answered("place", call)
        return answer


def _body(environ: dict[str, Any]) -> bytes | None:
    """A request's body; None where its sender was killed in the middle of it."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    try:
        body: bytes = environ["wsgi.input"].read(length)
    except OSError:
        return None
    return body if len(body) == length else None


class Aws:
    """Buckets and a queue of one name, which go when `clear` is called."""

    frees_at_once = False

    def __init__(self, server: AwsServer, name: str) -> None:
        session = Session(
            aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"], aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"]
        )
        self._server = server
        self._name = name
        self._s3: S3Client = session.client("s3", endpoint_url=server.url, region_name=REGION)
        self._sqs = session.client("sqs", endpoint_url=server.url, region_name=REGION)
        self._buckets = [f"{name}-{stage}{kind}" for stage in ("raw-", "") for kind in KINDS]
        for bucket in self._buckets:
            self._s3.create_bucket(
                Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
            )
        self._queue = self._sqs.create_queue(QueueName=f"{name}.fifo", Attributes={"FifoQueue": "true"})[
            "QueueUrl"
        ]

    @property
    def raw_configs(self) -> str:
        return f"{self._name}-raw-hotel-configs"

    def variables(self) -> dict[str, str]:
        return {
            "STORAGE": "aws",
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL": self._server.url,
            "AWS_S3_RAW_PREFIX": f"{self._name}-raw-",
            "AWS_S3_PROCESSED_PREFIX": f"{self._name}-",
            "AWS_SQS_QUEUE_NAME": f"{self._name}.fifo",
            **KEYS,
        }

    def read(self, bucket: str, key: str) -> bytes | None:
        try:
            return self._s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        except self._s3.exceptions.NoSuchKey:
            return None

    def keys(self, bucket: str, prefix: str) -> list[str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return sorted(found["Key"] for page in pages for found in page.get("Contents", ()))

    def messages(self) -> list[dict[str, Any]]:
        bodies = []
        while messages := self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for message in messages:
                self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
                bodies.append(json.loads(message["Body"]))
        return bodies

    @contextmanager
    def watched(self, hotels: Iterable[str], trap: Trap) -> Iterator[None]:  # noqa: ARG002 - see Place
        """The server tells of them by itself."""
        yield

    def clear(self) -> None:
        """Free the memory of what was stored."""
        for bucket in self._buckets:
            for key in self.keys(bucket, ""):
                self._s3.delete_object(Bucket=bucket, Key=key)
            self._s3.delete_bucket(Bucket=bucket)
        self._sqs.delete_queue(QueueUrl=self._queue)
        self._s3.close()
        self._sqs.close()
