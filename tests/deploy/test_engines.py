"""The engines without a state machine, on MiniStack: what each makes, and the function that does all."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from ministack import MINISTACK, Account, ministack
from stack import create_secrets, deploy, zip_is_current

from host_pms.simulator.server import Simulator

pytestmark = [
    pytest.mark.skipif(not MINISTACK.exists(), reason="MiniStack is not installed: run `make ministack`"),
    pytest.mark.skipif(not zip_is_current(), reason="the zip is not of this source: run `make package`"),
]

OFF = {"HostApiRateLimit": "0", "RateBudget": "false"}


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(hotels=2, bookings=5) as running:
        yield running


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    with ministack(tmp_path, wait_scale=0.1) as running:
        yield running


def scheduled(account: Account) -> list[str]:
    return [schedule["Name"] for schedule in account.client("scheduler").list_schedules()["Schedules"]]


def test_one_function_for_all_hotels(account: Account, simulator: Simulator) -> None:
    secrets = create_secrets(account, simulator, {"*": simulator.host_key})
    stack = deploy(account, simulator, Engine="Lambda", **OFF, **secrets)
    assert scheduled(account) == [stack.function]
    answer = stack.call({})
    assert (answer["status"], answer["done"]) == ("done", 2)
    assert len(stack.triggers()) == 2


def test_one_task_for_all_hotels(account: Account, simulator: Simulator) -> None:
    secrets = create_secrets(account, simulator, {"*": simulator.host_key})
    image = {"ImageUri": "000000000000.dkr.ecr.eu-west-1.amazonaws.com/host-pms-connector:1"}
    network = {"Subnets": "subnet-12345678", "SecurityGroups": "sg-12345678"}
    stack = deploy(account, simulator, Engine="Fargate", **image, **network, **OFF, **secrets)
    assert "FunctionName" not in stack.outputs
    assert scheduled(account) == ["dev-pms-task"]
