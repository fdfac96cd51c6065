"""The table of rate budgets: what is swapped in is what is read, and only a known version is replaced."""

import itertools
from collections.abc import Callable

import pytest
from boto3.session import Session
from budget_world import BudgetWorld, Process, Table

from host_pms.aws.budget import PARTITION_KEY, DynamoRates
from host_pms.errors import VersionMismatchError
from host_pms.ports import RateTable

REGION = "eu-west-1"
EXPIRES = 1_800_000_000.9
BODIES = [b'{"reunited":1.0}', b'{"reunited":2.0}', b'{"reunited":3.0}']
_names = itertools.count(1)


@pytest.fixture
def rates(aws_endpoint: str, aws_session: Callable[[], Session]) -> DynamoRates:
    table = f"rates-{next(_names)}"
    made = DynamoRates(table, region=REGION, endpoint_url=aws_endpoint, session=aws_session)
    made._client().create_table(
        TableName=table,
        KeySchema=[{"AttributeName": PARTITION_KEY, "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": PARTITION_KEY, "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return made


@pytest.fixture(params=["memory", "dynamodb"])
def table(request: pytest.FixtureRequest) -> RateTable:
    if request.param == "memory":
        world = BudgetWorld(limit=1, seed=1)
        return Table(world, Process(world, "p", 1))
    found: DynamoRates = request.getfixturevalue("rates")
    return found


def swap(table: RateTable, body: bytes, expected: str | None) -> None:
    table.swap("host:key", body, expected=expected, expires=EXPIRES)


def version(table: RateTable) -> str:
    held = table.read("host:key")
    assert held is not None
    return held.version


def test_what_was_swapped_in_last_is_read(table: RateTable) -> None:
    assert table.read("host:key") is None
    swap(table, BODIES[0], None)
    swap(table, BODIES[1], version(table))
    held = table.read("host:key")
    assert held is not None
    assert held.body == BODIES[1]
    assert table.read("host:other") is None


def test_only_the_version_that_is_there_can_be_replaced(table: RateTable) -> None:
    with pytest.raises(VersionMismatchError):
        swap(table, BODIES[0], "7")
    swap(table, BODIES[0], None)
    old = version(table)
    with pytest.raises(VersionMismatchError):
        swap(table, BODIES[1], None)
    swap(table, BODIES[1], old)
    with pytest.raises(VersionMismatchError):
        swap(table, BODIES[2], old)


def test_an_item_tells_when_it_may_vanish(rates: DynamoRates) -> None:
    swap(rates, BODIES[0], None)
    item = rates._client().get_item(TableName=rates._table, Key={PARTITION_KEY: {"S": "host:key"}})["Item"]
    assert item["expires"] == {"N": "1800000000"}
