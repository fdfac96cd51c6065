"""Buckets in S3: objects are created once, on condition that they are not there yet."""

import hashlib
import io
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, BinaryIO, Protocol

from host_pms.aws.client import default_session, once, s3_client
from host_pms.aws.faults import Operation, code_of, translated
from host_pms.aws.s3_rights import listing, reading, writing
from host_pms.errors import DivergentObjectError, TransientError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from boto3.session import Session
    from types_boto3_s3.client import S3Client
    from types_boto3_s3.type_defs import (
        ListObjectsV2OutputTypeDef,
        ListObjectsV2RequestPaginateTypeDef,
        PutObjectRequestTypeDef,
    )

_CHUNK = 1 << 20
_SENDS = 5  # S1: the same body again, 4 times at most


class S3Store:
    """The port `ObjectStore` on S3 or a compatible server.

    With `kms_key_id`, objects are encrypted with that key, else as the bucket says. `session` gives
    the credentials; without it they come from the user's own chain.
    """

    def __init__(
        self,
        *,
        region: str,
        endpoint_url: str | None = None,
        kms_key_id: str | None = None,
        retries: int = 3,
        session: "Callable[[], Session]" = default_session,
    ) -> None:
        self._kms_key_id = kms_key_id
        self._client: Callable[[], S3Client] = once(
            lambda: s3_client(session(), region=region, endpoint_url=endpoint_url, retries=retries)
        )

    def put_new(self, bucket: str, key: str, body: BinaryIO) -> None:
        """Create the object, whole or not at all; see the port.

        A 412 may be about our own put, whose answer was lost and which botocore then sent again:
        what is there is compared with `body` before anything is said.

        Raises:
            DivergentObjectError: it is there with other bytes, which stay.
        """
        with translated(writing(bucket, key, self._kms_key_id)):
            if self._create(bucket, key, body):
                return
        if self._sha256(bucket, key) != _sha256(body):
            raise DivergentObjectError(
                f"s3://{bucket}/{key} exists already with other bytes.",
                remedy="It was left as it is. Find out who wrote it before the next run.",
            )

    def read(self, bucket: str, key: str) -> AbstractContextManager[BinaryIO]:
        """The object's bytes, as a stream to be closed; its reads raise `TransientError` when cut short.

        Raises:
            FileNotFoundError: there is no such object.
        """
        return self._open(bucket, key)

    def keys(self, bucket: str, prefix: str) -> tuple[str, ...]:
        """The keys that start with `prefix`, sorted; none where the bucket is not there."""
        pages = self._listing(bucket, {"Bucket": bucket, "Prefix": prefix})
        return tuple(sorted(item["Key"] for page in pages for item in page.get("Contents", ())))

    def folders(self, bucket: str) -> tuple[str, ...]:
        """What the bucket's keys have before their first slash, sorted; none where it is not there."""
        pages = self._listing(bucket, {"Bucket": bucket, "Delimiter": "/"})
        found = (item["Prefix"] for page in pages for item in page.get("CommonPrefixes", ()))
        return tuple(sorted(prefix.removesuffix("/") for prefix in found))

    def _listing(
        self, bucket: str, request: "ListObjectsV2RequestPaginateTypeDef"
    ) -> "list[ListObjectsV2OutputTypeDef]":
        with translated(listing(bucket, request.get("Prefix", ""))):
            client = self._client()
            try:
                return list(client.get_paginator("list_objects_v2").paginate(**request))
            except client.exceptions.ClientError as error:
                if code_of(error) != "NoSuchBucket":
                    raise
                return []

    def _create(self, bucket: str, key: str, body: BinaryIO) -> bool:
        """Whether the object was created; False where there was one."""
        client = self._client()
        request: PutObjectRequestTypeDef = {"Bucket": bucket, "Key": key, "Body": body, "IfNoneMatch": "*"}
        if self._kms_key_id:
            request |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": self._kms_key_id}
        for _ in range(_SENDS):
            body.seek(0)
            try:
                client.put_object(**request)
            except client.exceptions.ClientError as error:
                if code_of(error) == "PreconditionFailed":
                    return False
                if code_of(error) != "ConditionalRequestConflict":
                    raise
            else:
                return True
        raise TransientError(f"Writing s3://{bucket}/{key} met another write {_SENDS} times.")

    def _sha256(self, bucket: str, key: str) -> bytes:
        try:
            with self._open(bucket, key) as found:
                return _sha256(found)
        except FileNotFoundError as error:
            raise TransientError(f"s3://{bucket}/{key} was there and is gone.") from error

    def _open(self, bucket: str, key: str) -> io.BufferedReader:
        operation = reading(bucket, key, self._kms_key_id)
        with translated(operation):
            client = self._client()
            try:
                answer = client.get_object(Bucket=bucket, Key=key)
            except client.exceptions.ClientError as error:
                if code_of(error) != "NoSuchKey":
                    raise
                raise FileNotFoundError(f"There is no s3://{bucket}/{key}.") from error
        return io.BufferedReader(_Body(answer["Body"], operation), buffer_size=_CHUNK)


def _sha256(stream: BinaryIO) -> bytes:
    """Of the whole stream, in constant memory; one that can seek is read from its start."""
    if stream.seekable():
        stream.seek(0)
    digest = hashlib.sha256()
    while chunk := stream.read(_CHUNK):
        digest.update(chunk)
    return digest.digest()


class _Streaming(Protocol):
    """What is used of botocore's `StreamingBody`."""

    def read(self, amt: int | None = None) -> bytes: ...

    def close(self) -> None: ...


class _Body(io.RawIOBase):
    """An answer's body as a stream of Python's own, whose failures are ours."""

    def __init__(self, body: _Streaming, operation: Operation) -> None:
        super().__init__()
        self._body = body
        self._operation = operation

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        view = memoryview(buffer)
        with translated(self._operation):
            # At the end botocore compares what came with Content-Length and with the checksum.
            chunk = self._body.read(len(view))
        view[: len(chunk)] = chunk
        return len(chunk)

    def close(self) -> None:
        self._body.close()
        super().close()
