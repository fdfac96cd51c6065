"""The stack of deploy/ on MiniStack, three days long: its state machine, its function's zip, its roles."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from commands import files_below, host_pms, variables
from ministack import MINISTACK, ministack
from published import Publications, named_alike, of_published
from stack import HOST_SECRET, Execution, Stack, create_secrets, deploy, zip_is_current

from host_pms.simulator.server import Simulator

DENIED, KILLED = "HOTEL003", "HOTEL002"
ITS_KEY = "a-key-of-its-own"
WAIT_SCALE = 0.1
PATIENCE = 300.0

pytestmark = [
    pytest.mark.skipif(not MINISTACK.exists(), reason="MiniStack is not installed: run `make ministack`"),
    pytest.mark.skipif(not zip_is_current(), reason="the zip is not of this source: run `make package`"),
]


def hotels() -> Simulator:
    """Three hotels, one of which refuses the key that the others share."""
    return Simulator(hotels=3, bookings=20, host_keys={DENIED: ITS_KEY})


@dataclass(kw_only=True)
class Fleet:
    """What three days came to: executions, publications, and what the function asked of AWS."""

    killed: int = 0
    executions: list[Execution] = field(default_factory=list)
    published: Publications = field(default_factory=dict)
    watermarks: Mapping[str, str] = field(default_factory=dict)
    triggers: list[Any] = field(default_factory=list)
    acted: set[tuple[str, str]] = field(default_factory=set)
    allowed: set[str] = field(default_factory=set)


def three_days(folder: Path) -> Fleet:
    """Day 1: first imports, one key is missing. Day 2: it is there. Day 3: a function is killed."""
    lived = Fleet()
    with (
        hotels() as simulator,
        ministack(folder, wait_scale=WAIT_SCALE) as account,
    ):
        secrets = create_secrets(account, simulator, {"*": simulator.host_key})
        stack = deploy(account, simulator, ToleratedFailurePercent="34", HostApiRateLimit="6000", **secrets)
        stack.configure(LEASE_TTL="3s")
        lived.executions.append(stack.ended(stack.start(), patience=PATIENCE))

        simulator.clock.advance(timedelta(days=1))
        keys = json.dumps({"*": simulator.host_key, DENIED: ITS_KEY})
        account.client("secretsmanager").put_secret_value(SecretId=HOST_SECRET, SecretString=keys)
        lived.executions.append(stack.ended(stack.start(), patience=PATIENCE))

        simulator.clock.advance(timedelta(days=1))
        simulator.faults.add(f"delay=700ms@hotel={KILLED}")
        lived.executions.append(_with_a_kill(stack, simulator, lived))

        lived.published = named_alike(stack.objects())
        lived.watermarks = dict(simulator.esb.watermarks)
        lived.triggers = stack.triggers()
        lived.acted = stack.acted()
        lived.allowed = stack.allowed()
    return lived


def _with_a_kill(stack: Stack, simulator: Simulator, lived: Fleet) -> Execution:
    """An execution in which every process that runs a function dies while a hotel is being read."""
    before = len(simulator.calls)
    execution = stack.start()
    stack.wait_until(
        lambda: any(KILLED in f"{call.path}{call.query}" for call in simulator.calls[before:]),
        patience=PATIENCE,
    )
    lived.killed = stack.account.kill_functions()
    return stack.ended(execution, patience=PATIENCE)


def _the_first_day_brings_all_but_the_hotel_whose_key_is_missing(fleet: Fleet) -> None:
    first = fleet.executions[0]
    assert (first.status, first.output["done"], first.output["failed"]) == ("SUCCEEDED", 2, 1)
    (failure,) = first.output["failures"]
    assert failure["hotelCode"] == DENIED
    assert "refused the key (401)" in failure["reason"]


def _a_key_that_was_put_right_counts_at_the_next_run(fleet: Fleet) -> None:
    second = fleet.executions[1]
    assert (second.status, second.output["done"], second.output["failures"]) == ("SUCCEEDED", 3, [])


def _what_a_killed_function_left_is_finished_by_the_next_call(fleet: Fleet) -> None:
    assert fleet.killed > 0
    third = fleet.executions[2]
    assert (third.status, third.output["done"], third.output["failures"]) == ("SUCCEEDED", 3, [])


def _it_publishes_what_the_command_publishes(fleet: Fleet, tmp_path: Path) -> None:
    with hotels() as simulator:
        for keys in ("", json.dumps({DENIED: ITS_KEY}), json.dumps({DENIED: ITS_KEY})):
            given = variables(simulator, HOST_API_SUBSCRIPTION_KEYS=keys)
            assert host_pms("sync", "--quiet", cwd=tmp_path, given=given).returncode == (0 if keys else 3)
            simulator.clock.advance(timedelta(days=1))
        assert fleet.watermarks == simulator.esb.watermarks
    assert fleet.published == named_alike(of_published(files_below(tmp_path / "data")))
    assert len(fleet.published) > 3 * 3


NEEDED = {
    ("s3", "GetObject"): {"s3:GetObject", "kms:Decrypt"},
    ("s3", "PutObject"): {"s3:PutObject", "kms:GenerateDataKey"},
    ("sqs", "GetQueueUrl"): {"sqs:GetQueueUrl"},
    ("sqs", "SendMessage"): {"sqs:SendMessage"},
    ("secretsmanager", "GetSecretValue"): {"secretsmanager:GetSecretValue"},
    ("dynamodb", "GetItem"): {"dynamodb:GetItem"},
    ("dynamodb", "PutItem"): {"dynamodb:PutItem"},
}
"""The permissions that an operation takes; the objects are encrypted with the key."""

UNSEEN = {"s3:ListBucket"}
"""No operation of its own: with it, S3 answers 404 for an object that is not there, else 403."""


def _the_policy_allows_what_three_days_took_and_nothing_else(fleet: Fleet) -> None:
    taken = {permission for operation in fleet.acted for permission in NEEDED[operation]}
    assert taken | UNSEEN == fleet.allowed


def _every_hotel_that_published_is_triggered_once_a_day(fleet: Fleet) -> None:
    triggered = sorted(trigger["hotelCode"] for trigger in fleet.triggers)
    assert triggered == [*["HOTEL001"] * 3, *[KILLED] * 3, *[DENIED] * 2]


def test_three_days_of_a_fleet(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> None:
    """One test, since the days take long and are to be lived once, not once a worker."""
    lived = three_days(tmp_path_factory.mktemp("ministack"))
    _the_first_day_brings_all_but_the_hotel_whose_key_is_missing(lived)
    _a_key_that_was_put_right_counts_at_the_next_run(lived)
    _what_a_killed_function_left_is_finished_by_the_next_call(lived)
    _it_publishes_what_the_command_publishes(lived, tmp_path)
    _the_policy_allows_what_three_days_took_and_nothing_else(lived)
    _every_hotel_that_published_is_triggered_once_a_day(lived)
