"""What only S3 has: lost answers, conflicts, encryption, pages of keys, broken connections."""

import io
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier

import pytest
from boto3.session import Session
from botocore.response import StreamingBody
from scripted_server import Answer, ScriptedServer, scripted

from host_pms.aws.client import default_session, once, s3_client, sqs_client
from host_pms.aws.s3 import S3Store, _Body
from host_pms.aws.s3_rights import reading
from host_pms.errors import AccessDeniedError, DivergentObjectError, NeedsPersonError, TransientError


def refusal(status: int, code: str, says: str = "Jane Doe, secret") -> Answer:
    body = f"<Error><Code>{code}</Code><Message>{says}</Message></Error>".encode()
    return Answer(status=status, body=body, headers={"Content-Type": "application/xml"})


CONFLICT = refusal(409, "ConditionalRequestConflict")
EXISTS = refusal(412, "PreconditionFailed")


# One for all tests: a session reads AWS's service models from the disk once.
nobody = once(
    lambda: Session(aws_access_key_id="nobody", aws_secret_access_key="nothing")  # noqa: S106 -- invented
)


@contextmanager
def store_at(*answers: Answer, key_id: str | None = None) -> Iterator[tuple[S3Store, ScriptedServer]]:
    with scripted(*answers) as server:
        store = S3Store(
            region="eu-west-1", endpoint_url=server.url, kms_key_id=key_id, retries=0, session=nobody
        )
        yield store, server


def test_a_put_is_conditional_and_carries_a_checksum() -> None:
    with store_at(Answer()) as (store, server):
        store.put_new("bucket", "H1/a.json", io.BytesIO(b"bytes"))
    (request,) = server.requests
    assert (request.method, request.path) == ("PUT", "/bucket/H1/a.json")
    assert request.headers["If-None-Match"] == "*"
    assert request.body == b"bytes"
    assert any(name.lower().startswith("x-amz-checksum-") for name in request.headers)
    assert "x-amz-server-side-encryption" not in request.headers


def test_with_a_key_id_objects_are_encrypted_with_it() -> None:
    with store_at(Answer(), key_id="alias/pms") as (store, server):
        store.put_new("bucket", "key", io.BytesIO())
    headers = server.requests[0].headers
    assert headers["x-amz-server-side-encryption"] == "aws:kms"
    assert headers["x-amz-server-side-encryption-aws-kms-key-id"] == "alias/pms"


def test_a_conflict_sends_the_same_body_again() -> None:
    with store_at(CONFLICT, CONFLICT, Answer()) as (store, server):
        store.put_new("bucket", "key", io.BytesIO(b"bytes"))
    assert [request.body for request in server.requests] == [b"bytes"] * 3


def test_conflicts_without_end_are_transient_after_five_sends() -> None:
    with store_at(*[CONFLICT] * 9) as (store, server), pytest.raises(TransientError, match="s3://bucket/key"):
        store.put_new("bucket", "key", io.BytesIO(b"bytes"))
    assert len(server.requests) == 5


def test_a_412_over_our_own_bytes_counts_as_done() -> None:
    with store_at(EXISTS, Answer(body=b"bytes")) as (store, server):
        store.put_new("bucket", "key", io.BytesIO(b"bytes"))
    assert [request.method for request in server.requests] == ["PUT", "GET"]


def test_an_object_of_other_bytes_diverges() -> None:
    with (
        store_at(EXISTS, Answer(body=b"other")) as (store, _),
        pytest.raises(DivergentObjectError, match="s3://bucket/key exists already with other bytes"),
    ):
        store.put_new("bucket", "key", io.BytesIO(b"bytes"))


def test_an_object_that_was_there_and_is_gone_is_transient() -> None:
    with (
        store_at(EXISTS, refusal(404, "NoSuchKey")) as (store, _),
        pytest.raises(TransientError, match="gone"),
    ):
        store.put_new("bucket", "key", io.BytesIO(b"bytes"))


def test_an_object_that_breaks_off_is_not_taken_for_other_bytes() -> None:
    with store_at(EXISTS, Answer(body=b"byt", length=5)) as (store, _), pytest.raises(TransientError):
        store.put_new("bucket", "key", io.BytesIO(b"bytes"))


@pytest.mark.parametrize("size", [1, 4, -1])
def test_a_connection_that_breaks_in_mid_read_is_transient(size: int) -> None:
    with (
        store_at(Answer(body=b"half", length=8)) as (store, _),
        store.read("bucket", "key") as stream,
        pytest.raises(TransientError, match="Reading s3://bucket/key failed"),
    ):
        list(iter(lambda: stream.read(size), b""))


def test_closing_the_stream_gives_the_connection_back() -> None:
    connection = io.BytesIO(b"bytes")
    body = _Body(StreamingBody(connection, 5), reading("bucket", "key", None))
    stream = io.BufferedReader(body, buffer_size=1)
    assert stream.read(1) == b"b"
    stream.close()
    assert connection.closed


def test_a_body_with_a_wrong_checksum_is_transient() -> None:
    answer = Answer(body=b"bytes", headers={"x-amz-checksum-crc32": "AAAAAA=="})
    with (
        store_at(answer) as (store, _),
        store.read("bucket", "key") as stream,
        pytest.raises(TransientError, match="FlexibleChecksumError"),
    ):
        stream.read()


def test_keys_come_from_every_page() -> None:
    def page(key: str, token: str) -> Answer:
        return Answer(
            body=f"<ListBucketResult><Contents><Key>{key}</Key></Contents>{token}</ListBucketResult>".encode()
        )

    more = "<IsTruncated>true</IsTruncated><NextContinuationToken>t2</NextContinuationToken>"
    with store_at(page("H1/b", more), page("H1/a", "")) as (store, server):
        assert store.keys("bucket", "H1/") == ("H1/a", "H1/b")
    assert "continuation-token=t2" in server.requests[1].path


CALLS: list[Callable[[S3Store], object]] = [
    lambda store: store.put_new("the-bucket", "key", io.BytesIO()),
    lambda store: store.read("the-bucket", "key"),
    lambda store: store.keys("the-bucket", ""),
]


@pytest.mark.parametrize(
    ("call", "right"),
    [
        (CALLS[0], "s3:PutObject"),
        (CALLS[1], "s3:GetObject, and s3:ListBucket"),
        (CALLS[2], "s3:ListBucket"),
    ],
)
def test_every_call_names_the_right_and_the_bucket_that_are_refused(
    call: Callable[[S3Store], object], right: str
) -> None:
    with store_at(refusal(403, "AccessDenied")) as (store, _), pytest.raises(AccessDeniedError) as caught:
        call(store)
    assert f"the right {right} on bucket the-bucket." in caught.value.remedy
    assert "Jane Doe" not in str(caught.value)


@pytest.mark.parametrize(("call", "right"), [(CALLS[0], "kms:GenerateDataKey"), (CALLS[1], "kms:Decrypt")])
@pytest.mark.parametrize(
    ("key_id", "key"),
    [(None, "the KMS key of bucket the-bucket"), ("alias/pms", "KMS key alias/pms (AWS_S3_KMS_KEY_ID)")],
)
def test_a_right_that_is_missing_on_the_encryption_key_names_that(
    call: Callable[[S3Store], object], right: str, key_id: str | None, key: str
) -> None:
    denied = refusal(403, "AccessDenied", f"x is not authorized to perform: {right} on resource: y")
    with store_at(denied, key_id=key_id) as (store, _), pytest.raises(AccessDeniedError) as caught:
        call(store)
    assert caught.value.remedy == f"Give these AWS credentials the right {right} on {key}."


@pytest.mark.parametrize("call", CALLS[:2])
def test_a_missing_bucket_is_named(call: Callable[[S3Store], object]) -> None:
    with store_at(refusal(404, "NoSuchBucket")) as (store, _), pytest.raises(NeedsPersonError) as caught:
        call(store)
    assert "Create bucket the-bucket" in caught.value.remedy


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("answers", [[], [refusal(503, "SlowDown")], [Answer(status=500)]])
def test_a_server_that_is_down_is_transient(call: Callable[[S3Store], object], answers: list[Answer]) -> None:
    with store_at(*answers) as (store, _), pytest.raises(TransientError, match="the-bucket"):
        call(store)


def test_a_server_that_is_not_there_is_transient() -> None:
    with scripted() as server:
        gone = server.url
    store = S3Store(region="eu-west-1", endpoint_url=gone, retries=0, session=nobody)
    with pytest.raises(TransientError, match="EndpointConnectionError"):
        store.keys("bucket", "")


def test_without_credentials_a_person_is_asked_for_them() -> None:
    def no_credentials() -> Session:
        session = Session()
        session._session.register_component("credential_provider", NoCredentials())
        return session

    with scripted() as server, pytest.raises(AccessDeniedError, match="NoCredentialsError") as caught:
        S3Store(region="eu-west-1", endpoint_url=server.url, session=no_credentials).keys("bucket", "")
    assert "bucket bucket" in caught.value.remedy
    assert server.requests == []


class NoCredentials:
    def load_credentials(self) -> None:
        return None


def test_the_client_is_built_once_for_all_threads() -> None:
    together, built = Barrier(8), []

    def build() -> object:
        built.append(object())
        return built[-1]

    get = once(build)

    def ask(_: int) -> object:
        together.wait()
        return get()

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(ask, range(8))) == {built[0]}
    assert len(built) == 1


def test_a_client_that_could_not_be_built_is_built_at_the_next_call() -> None:
    outcomes = iter([ValueError("no"), "client"])

    def build() -> str:
        outcome = next(outcomes)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    get = once(build)
    with pytest.raises(ValueError, match="no"):
        get()
    assert get() == get() == "client"


@pytest.mark.parametrize("make", [s3_client, sqs_client])
def test_time_outs_and_retries_are_set(make: Callable[..., object]) -> None:
    config = make(nobody(), region="eu-west-1", endpoint_url=None, retries=3).meta.config  # type: ignore[attr-defined]
    assert (config.connect_timeout, config.read_timeout) == (5, 20)
    assert config.retries["mode"] == "standard"
    assert config.retries["total_max_attempts"] == 4


def test_the_default_session_leaves_credentials_to_the_users_chain() -> None:
    names = [
        provider.METHOD
        for provider in default_session()._session.get_component("credential_provider").providers
    ]
    assert {"env", "shared-credentials-file", "sso", "container-role", "iam-role"} <= set(names)


def test_boto3_is_not_imported_until_it_is_needed() -> None:
    script = """
import sys
from host_pms.aws.s3 import S3Store, _Body
from host_pms.aws.s3_rights import reading
from host_pms.aws.sqs import SqsQueue
S3Store(region="eu-west-1")
SqsQueue("q.fifo", region="eu-west-1")
print(sorted({"boto3", "botocore", "urllib3"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
