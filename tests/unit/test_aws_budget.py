"""DynamoDB's refusals: a message names the table, the right and the variable; nothing is sent twice."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from boto3.session import Session
from scripted_server import Answer, ScriptedServer, scripted

from host_pms.aws.budget import DynamoRates
from host_pms.aws.client import once
from host_pms.errors import AccessDeniedError, ConnectorError, NeedsPersonError, TransientError

nobody = once(
    lambda: Session(aws_access_key_id="nobody", aws_secret_access_key="nothing")  # noqa: S106 -- invented
)


def refusal(status: int, code: str, message: str = "m") -> Answer:
    body = json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": message}).encode()
    return Answer(status=status, body=body)


@contextmanager
def rates_at(*answers: Answer) -> Iterator[tuple[DynamoRates, ScriptedServer]]:
    with scripted(*answers) as server:
        yield DynamoRates("pms-rates", region="eu-west-1", endpoint_url=server.url, session=nobody), server


REFUSALS = [
    (
        refusal(400, "ResourceNotFoundException"),
        NeedsPersonError,
        "Create table pms-rates (RATE_BUDGET_TABLE)",
    ),
    (
        refusal(400, "AccessDeniedException", "not authorized to perform: kms:Decrypt on resource: x"),
        AccessDeniedError,
        "the right kms:Decrypt on the KMS key of table pms-rates",
    ),
    (refusal(400, "ProvisionedThroughputExceededException"), TransientError, ""),
    (refusal(400, "ThrottlingException"), TransientError, ""),
    (refusal(500, "InternalServerError"), TransientError, ""),
]


@pytest.mark.parametrize(("answer", "kind", "remedy"), REFUSALS)
def test_a_refusal_names_the_table_after_one_try(
    answer: Answer, kind: type[ConnectorError], remedy: str
) -> None:
    with rates_at(answer, answer) as (rates, server):
        with pytest.raises(ConnectorError, match="Reading the rate budget in table pms-rates") as read:
            rates.read("host:key")
        with pytest.raises(ConnectorError, match="Writing the rate budget in table pms-rates") as written:
            rates.swap("host:key", b"{}", expected=None, expires=1)
    assert [type(read.value), type(written.value)] == [kind, kind]
    assert remedy in read.value.remedy
    assert len(server.requests) == 2


def test_a_missing_right_is_named() -> None:
    denied = refusal(400, "AccessDeniedException")
    with rates_at(denied, denied) as (rates, _):
        with pytest.raises(AccessDeniedError, match="dynamodb:GetItem on table pms-rates"):
            rates.read("host:key")
        with pytest.raises(AccessDeniedError, match="dynamodb:PutItem on table pms-rates"):
            rates.swap("host:key", b"{}", expected="v", expires=1)


def test_an_item_of_somebody_else_is_no_ledger() -> None:
    with (
        rates_at(Answer(body=b'{"Item": {"rate_key": {"S": "host:key"}}}')) as (rates, _),
        pytest.raises(NeedsPersonError, match="is none of ours"),
    ):
        rates.read("host:key")


def test_a_table_that_is_not_there_is_waited_for_only_shortly() -> None:
    with rates_at() as (rates, _):
        config = rates._client().meta.config
    assert (config.connect_timeout, config.read_timeout) == (2, 2)  # type: ignore[attr-defined]
