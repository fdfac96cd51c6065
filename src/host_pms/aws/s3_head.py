"""Heads in S3: one object each, replaced on condition that its ETag is still the one expected."""

from collections.abc import Callable, Mapping
from contextlib import closing
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from host_pms.aws.client import default_session, once, s3_client
from host_pms.aws.faults import code_of, translated
from host_pms.aws.s3_rights import reading, swapping, writing
from host_pms.errors import NeedsPersonError, VersionMismatchError, WriteConflictError
from host_pms.ports import HeldHead

if TYPE_CHECKING:
    from boto3.session import Session
    from botocore.exceptions import ClientError
    from types_boto3_s3.client import S3Client
    from types_boto3_s3.type_defs import PutObjectRequestTypeDef

# If-Match on a key that is not there: AWS answers 404, SeaweedFS 412.
_MISMATCHES = frozenset({"PreconditionFailed", "NoSuchKey"})
_CONFLICTS = frozenset({"ConditionalRequestConflict", "OperationAborted"})


class S3Heads:
    """The port `HeadStore` on S3 or a compatible server.

    With `kms_key_id`, heads are encrypted with that key, else as the bucket says. `retries` is how
    often a read is tried again. `session` gives the credentials; without it they come from the user's
    own chain.
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
        self._reader: Callable[[], S3Client] = once(
            lambda: s3_client(session(), region=region, endpoint_url=endpoint_url, retries=retries)
        )
        # S1: a put whose answer was lost and that the SDK then sent again would meet itself, as a 412.
        self._writer: Callable[[], S3Client] = once(
            lambda: s3_client(session(), region=region, endpoint_url=endpoint_url, retries=0)
        )

    def read(self, bucket: str, key: str) -> HeldHead | None:
        """What was swapped in last; None where there is nothing yet."""
        operation = reading(bucket, key, self._kms_key_id)
        with translated(operation):
            client = self._reader()
            try:
                answer = client.get_object(Bucket=bucket, Key=key)
            except client.exceptions.ClientError as error:
                if code_of(error) != "NoSuchKey":
                    raise
                return None
            with closing(answer["Body"]) as stream:
                body = stream.read()
        age = _age(answer["ResponseMetadata"]["HTTPHeaders"], operation.doing)
        return HeldHead(body=body, version=answer["ETag"], age=age)

    def swap(self, bucket: str, key: str, body: bytes, *, expected: str | None) -> str:
        """Replace the version `expected`, or create where that is None; see the port."""
        operation = (writing if expected is None else swapping)(bucket, key, self._kms_key_id)
        request: PutObjectRequestTypeDef = {"Bucket": bucket, "Key": key, "Body": body}
        request |= {"IfNoneMatch": "*"} if expected is None else {"IfMatch": expected}
        if self._kms_key_id:
            request |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": self._kms_key_id}
        with translated(operation):
            client = self._writer()
            try:
                return client.put_object(**request)["ETag"]
            except client.exceptions.ClientError as error:
                _raise_refusal(error, operation.doing)
                raise


def _raise_refusal(error: "ClientError", doing: str) -> None:
    """Raise what a lost race is for the caller; other errors are not raised here."""
    if code_of(error) in _MISMATCHES:
        raise VersionMismatchError(f"{doing} was refused: another version is there, or none.") from error
    if code_of(error) in _CONFLICTS:
        raise WriteConflictError(f"{doing} met another write.") from error


def _age(headers: Mapping[str, str], doing: str) -> float:
    """Seconds from an answer's `Last-Modified` to its `Date`: two readings of one clock, which is S3's.

    Raises:
        NeedsPersonError: one of them is missing or no date, as no S3 server's is.
    """
    try:
        written, now = (parsedate_to_datetime(headers[name]) for name in ("last-modified", "date"))
    except (KeyError, ValueError) as error:
        raise NeedsPersonError(
            f"{doing} failed: the answer's Date or Last-Modified is missing or wrong.",
            remedy="Check the endpoint, and what stands between it and this machine.",
        ) from error
    return max(0.0, (now - written).total_seconds())
