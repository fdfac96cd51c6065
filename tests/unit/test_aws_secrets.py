"""Secrets Manager's answers, good and bad; a message names the secret, the right and the variable."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from boto3.session import Session
from scripted_server import Answer, ScriptedServer, scripted

from host_pms.aws.client import once
from host_pms.aws.secrets import AwsSecrets
from host_pms.errors import AccessDeniedError, ConnectorError, NeedsPersonError, TransientError

nobody = once(
    lambda: Session(aws_access_key_id="nobody", aws_secret_access_key="nothing")  # noqa: S106 -- invented
)
DENIED = "User: arn:aws:sts::1:x is not authorized to perform: secretsmanager:GetSecretValue on resource: y"


def refusal(status: int, code: str, message: str = "sesame") -> Answer:
    return Answer(status=status, body=json.dumps({"__type": code, "message": message}).encode())


@contextmanager
def secrets_at(*answers: Answer) -> Iterator[tuple[AwsSecrets, ScriptedServer]]:
    with scripted(*answers) as server:
        yield (
            AwsSecrets(
                variable="ESB_API_KEY_SECRET",
                region="eu-west-1",
                endpoint_url=server.url,
                retries=0,
                session=nobody,
            ),
            server,
        )


def test_the_current_text_is_read() -> None:
    answer = Answer(body=json.dumps({"Name": "pms/esb", "SecretString": "sesame"}).encode())
    with secrets_at(answer) as (secrets, server):
        assert secrets.read("pms/esb") == "sesame"
    assert json.loads(server.requests[0].body) == {"SecretId": "pms/esb"}


@pytest.mark.parametrize(
    ("answer", "kind", "remedy"),
    [
        (
            refusal(400, "ResourceNotFoundException"),
            NeedsPersonError,
            "Create secret pms/esb (ESB_API_KEY_SECRET)",
        ),
        (
            refusal(400, "AccessDeniedException", DENIED),
            AccessDeniedError,
            "the right secretsmanager:GetSecretValue on secret pms/esb (ESB_API_KEY_SECRET)",
        ),
        (
            refusal(400, "AccessDeniedException", "Access to KMS is not allowed"),
            AccessDeniedError,
            "the right kms:Decrypt on the KMS key of secret pms/esb (ESB_API_KEY_SECRET)",
        ),
        (
            refusal(400, "DecryptionFailure"),
            NeedsPersonError,
            "Check that the KMS key of secret pms/esb (ESB_API_KEY_SECRET)",
        ),
        (refusal(400, "InvalidRequestException"), NeedsPersonError, "Check secret pms/esb"),
        (Answer(body=b'{"SecretBinary": "c2VzYW1l"}'), NeedsPersonError, "Put a text into secret pms/esb"),
        (refusal(500, "InternalServiceError"), TransientError, ""),
        (refusal(400, "ThrottlingException"), TransientError, ""),
    ],
)
def test_a_refusal_names_the_secret_the_right_and_the_variable(
    answer: Answer, kind: type[ConnectorError], remedy: str
) -> None:
    with (
        secrets_at(answer) as (secrets, _),
        pytest.raises(ConnectorError, match="Reading secret pms/esb failed") as caught,
    ):
        secrets.read("pms/esb")
    assert type(caught.value) is kind
    assert remedy in caught.value.remedy
    assert "sesame" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_boto3_is_not_imported_until_it_is_needed() -> None:
    program = (
        "import sys, host_pms.aws.secrets as s; s.AwsSecrets(variable='V', region='eu-west-1'); "
        "sys.exit('boto3' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
