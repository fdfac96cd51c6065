"""What only heads in S3 have: conditions, refusals by AWS's own codes, headers that hold a clock."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from boto3.session import Session
from scripted_server import Answer, ScriptedServer, scripted

from host_pms.aws.client import once
from host_pms.aws.s3_head import S3Heads, _age
from host_pms.errors import (
    AccessDeniedError,
    ConnectorError,
    NeedsPersonError,
    TransientError,
    VersionMismatchError,
    WriteConflictError,
)

KEY = "H1/_state/head.json"
WRITTEN = Answer(headers={"ETag": '"new"'})

nobody = once(
    lambda: Session(aws_access_key_id="nobody", aws_secret_access_key="nothing")  # noqa: S106 -- invented
)


def refusal(status: int, code: str) -> Answer:
    body = f"<Error><Code>{code}</Code><Message>Jane Doe, secret</Message></Error>".encode()
    return Answer(status=status, body=body, headers={"Content-Type": "application/xml"})


@contextmanager
def heads_at(*answers: Answer, key_id: str | None = None) -> Iterator[tuple[S3Heads, ScriptedServer]]:
    with scripted(*answers) as server:
        heads = S3Heads(
            region="eu-west-1", endpoint_url=server.url, kms_key_id=key_id, retries=0, session=nobody
        )
        yield heads, server


def test_a_head_is_created_on_condition_that_there_is_none() -> None:
    with heads_at(WRITTEN) as (heads, server):
        assert heads.swap("bucket", KEY, b"bytes", expected=None) == '"new"'
    (request,) = server.requests
    assert (request.method, request.path, request.body) == ("PUT", f"/bucket/{KEY}", b"bytes")
    assert request.headers["If-None-Match"] == "*"
    assert "If-Match" not in request.headers
    assert any(name.lower().startswith("x-amz-checksum-") for name in request.headers)
    assert "x-amz-server-side-encryption" not in request.headers


def test_a_head_is_replaced_on_condition_that_the_version_is_there() -> None:
    with heads_at(WRITTEN) as (heads, server):
        heads.swap("bucket", KEY, b"bytes", expected='"old"')
    (request,) = server.requests
    assert request.headers["If-Match"] == '"old"'
    assert "If-None-Match" not in request.headers


def test_with_a_key_id_heads_are_encrypted_with_it() -> None:
    with heads_at(WRITTEN, key_id="alias/pms") as (heads, server):
        heads.swap("bucket", KEY, b"", expected=None)
    headers = server.requests[0].headers
    assert headers["x-amz-server-side-encryption"] == "aws:kms"
    assert headers["x-amz-server-side-encryption-aws-kms-key-id"] == "alias/pms"


REFUSALS: list[tuple[Answer, type[ConnectorError]]] = [
    (refusal(412, "PreconditionFailed"), VersionMismatchError),
    (refusal(404, "NoSuchKey"), VersionMismatchError),
    (refusal(409, "ConditionalRequestConflict"), WriteConflictError),
    (refusal(409, "OperationAborted"), WriteConflictError),
    (refusal(500, "InternalError"), TransientError),
    (refusal(503, "SlowDown"), TransientError),
    (refusal(400, "RequestTimeout"), TransientError),
    (refusal(404, "NoSuchBucket"), NeedsPersonError),
    (refusal(403, "AccessDenied"), AccessDeniedError),
]


@pytest.mark.parametrize(("answer", "kind"), REFUSALS)
@pytest.mark.parametrize("expected", [None, '"old"'])
def test_a_refused_swap_says_what_it_means_after_one_try(
    answer: Answer, kind: type[ConnectorError], expected: str | None
) -> None:
    with heads_at(answer, WRITTEN) as (heads, server), pytest.raises(ConnectorError) as caught:
        heads.swap("the-bucket", KEY, b"bytes", expected=expected)
    assert type(caught.value) is kind
    assert f"s3://the-bucket/{KEY}" in caught.value.message
    assert "secret" not in str(caught.value)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("expected", "right"), [(None, "s3:PutObject"), ('"old"', "s3:PutObject, and s3:GetObject")]
)
def test_a_missing_right_is_named_with_the_bucket(expected: str | None, right: str) -> None:
    with heads_at(refusal(403, "AccessDenied")) as (heads, _), pytest.raises(AccessDeniedError) as caught:
        heads.swap("the-bucket", KEY, b"bytes", expected=expected)
    assert caught.value.remedy.endswith(f"the right {right} on bucket the-bucket.")


def test_a_swap_without_an_answer_is_transient_and_sent_once() -> None:
    with scripted() as server:
        heads = S3Heads(region="eu-west-1", endpoint_url=server.url, retries=3, session=nobody)
        with pytest.raises(TransientError, match=KEY):
            heads.swap("bucket", KEY, b"bytes", expected=None)
        assert len(server.requests) == 1


def test_reads_are_tried_again_and_swaps_are_not() -> None:
    heads = S3Heads(region="eu-west-1", retries=3, session=nobody)
    assert heads._reader().meta.config.retries["total_max_attempts"] == 4  # type: ignore[attr-defined]
    assert heads._writer().meta.config.retries["total_max_attempts"] == 1  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        ([], TransientError),
        ([refusal(503, "SlowDown")], TransientError),
        ([Answer(body=b"half", length=8)], TransientError),
        ([refusal(404, "NoSuchBucket")], NeedsPersonError),
        ([refusal(403, "AccessDenied")], AccessDeniedError),
        ([Answer(body=b"{}", headers={"ETag": '"v"'})], NeedsPersonError),  # no Last-Modified
    ],
)
def test_a_read_that_fails_is_never_no_head(answers: list[Answer], kind: type[ConnectorError]) -> None:
    with heads_at(*answers) as (heads, _), pytest.raises(ConnectorError, match="the-bucket") as caught:
        heads.read("the-bucket", KEY)
    assert type(caught.value) is kind


NOON = "Mon, 15 Jan 2024 12:00:00 GMT"


@pytest.mark.parametrize(
    ("date", "age"),
    [
        (NOON, 0),
        ("Mon, 15 Jan 2024 12:02:10 GMT", 130),
        ("Tue, 16 Jan 2024 12:00:01 GMT", 86_401),
        ("Mon, 15 Jan 2024 11:59:59 GMT", 0),
        ("Mon, 15 Jan 2024 14:00:05 +0200", 5),
    ],
)
def test_the_age_is_between_two_headers_of_one_answer(date: str, age: float) -> None:
    assert _age({"date": date, "last-modified": NOON}, "Reading") == age


@pytest.mark.parametrize(
    "headers", [{}, {"date": NOON}, {"last-modified": NOON}, {"date": "?", "last-modified": NOON}]
)
def test_without_both_headers_there_is_no_age(headers: dict[str, str]) -> None:
    with pytest.raises(NeedsPersonError, match="Last-Modified"):
        _age(headers, "Reading")


def test_boto3_is_not_imported_until_it_is_needed() -> None:
    script = """
import sys
from host_pms.aws.s3_head import S3Heads
S3Heads(region="eu-west-1")
print(sorted({"boto3", "botocore", "urllib3"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
