"""The template and the state machine say what the code and the documents say."""

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from host_pms.config.settings import Settings

PROJECT = Path(__file__).parents[2]
TEMPLATE = PROJECT / "deploy" / "template.yaml"
NAMESPACE = "HostPmsConnector"


class _Cfn(yaml.SafeLoader):
    """YAML with CloudFormation's own tags: `!Ref X` is `{"Ref": "X"}`, `!Sub T` is `{"Fn::Sub": "T"}`."""


def _tagged(loader: yaml.SafeLoader, tag: str, node: yaml.Node) -> Mapping[str, Any]:
    name = tag if tag in {"Ref", "Condition"} else f"Fn::{tag}"
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    return {name: loader.construct_mapping(node, deep=True)}


_Cfn.add_multi_constructor("!", _tagged)  # type: ignore[no-untyped-call]


@cache
def template() -> Mapping[str, Any]:
    loaded: Mapping[str, Any] = yaml.load(TEMPLATE.read_text(), Loader=_Cfn)  # noqa: S506 -- a safe loader's child
    return loaded


def resources(kind: str) -> dict[str, Mapping[str, Any]]:
    """The properties of all resources of a kind, by their names."""
    found = template()["Resources"].items()
    return {name: made["Properties"] for name, made in found if made["Type"] == kind}


def states() -> dict[str, Any]:
    machine: dict[str, Any] = json.loads((PROJECT / "deploy" / "fleet.asl.json").read_text())["States"]
    return machine


def test_a_kept_list_of_hotels_is_gone_through_as_one_that_is_answered() -> None:
    answered, kept = (
        states()[name]["ItemProcessor"] for name in ("Each hotel", "Each hotel of the kept list")
    )
    assert json.loads(json.dumps(kept).replace(' *"', '"')) == answered
    assert set(states()["Each hotel"]) - {"ItemsPath"} == set(states()["Each hotel of the kept list"]) - {
        "ItemReader"
    }


def test_the_function_the_image_and_the_zip_have_one_python() -> None:
    (function,) = resources("AWS::Serverless::Function").values()
    version = function["Runtime"].removeprefix("python")
    assert f'PYTHON = "{version}"' in (PROJECT / "deploy" / "package.py").read_text()
    assert f"FROM python:{version}-" in (PROJECT / "Dockerfile").read_text()
    assert f"ZIP_PYTHON := {version}\n" in (PROJECT / "Makefile").read_text()


def variables_of_the_function() -> set[str]:
    (function,) = resources("AWS::Serverless::Function").values()
    return set(function["Environment"]["Variables"])


def variables_of_the_task() -> set[str]:
    (task,) = resources("AWS::ECS::TaskDefinition").values()
    return {variable["Name"] for variable in task["ContainerDefinitions"][0]["Environment"]}


def test_every_variable_is_a_setting() -> None:
    settings = {name.upper() for name in Settings.model_fields}
    assert variables_of_the_function() | variables_of_the_task() <= settings


def test_the_task_has_the_functions_variables() -> None:
    shared = {"RATE_BUDGET_TABLE", "RATE_BUDGET_PROCESSES"}  # of functions; there is one task
    of_its_own = {"AWS_REGION", "METRICS"}  # Lambda sets the one and always writes the other
    assert variables_of_the_task() == variables_of_the_function() - shared | of_its_own


def test_every_alarm_watches_a_metric_that_is_written() -> None:
    documented = set(
        re.findall(r"^\| `(\w+)` \|", (PROJECT / "docs" / "metrics.md").read_text(), re.MULTILINE)
    )
    watched = {
        alarm["MetricName"]
        for alarm in resources("AWS::CloudWatch::Alarm").values()
        if alarm["Namespace"] == NAMESPACE
    }
    assert {"HotelFailed", "WatermarkAgeHours", "RejectedShare", "Throttled"} <= watched <= documented
    (dashboard,) = resources("AWS::CloudWatch::Dashboard").values()
    body, names = dashboard["DashboardBody"]["Fn::Sub"]
    assert set(names) == {"Logs"}
    shown = json.dumps(json.loads(re.sub(r"\$\{[\w:]+\}", "x", body)))
    assert set(re.findall(r'(?:"HostPmsConnector"|"\."), "(\w+)"', shown)) - {"Environment"} <= documented


def test_every_bucket_is_private_encrypted_and_asked_over_tls_only() -> None:
    buckets = resources("AWS::S3::Bucket")
    assert len(buckets) == 6
    policies = {policy["Bucket"]["Ref"]: policy for policy in resources("AWS::S3::BucketPolicy").values()}
    for name, bucket in buckets.items():
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}, name
        (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule["BucketKeyEnabled"] is True, name
        assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms", name
        assert bucket["VersioningConfiguration"]["Status"] == "Enabled", name
        (denied,) = policies[name]["PolicyDocument"]["Statement"]
        assert (denied["Effect"], denied["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": False}})
        assert denied["Resource"] == [
            {"Fn::GetAtt": f"{name}.Arn"},
            {"Fn::Sub": f"${{{name}.Arn}}/*"},
        ], name


def test_guests_data_expires_and_nothing_else_that_is_needed_again() -> None:
    expiring = {
        (name, rule.get("Prefix", ""))
        for name, bucket in resources("AWS::S3::Bucket").items()
        for rule in bucket["LifecycleConfiguration"]["Rules"]
        if "ExpirationInDays" in rule
    }
    assert expiring == {("RawReservationsBucket", ""), ("RawHotelConfigsBucket", "_fleet/")}


@pytest.mark.parametrize(
    "name", ["FunctionRole", "FleetRole", "SchedulerRole", "TaskRole", "TaskExecutionRole"]
)
def test_no_role_may_delete_or_do_whatever_it_likes(name: str) -> None:
    role = resources("AWS::IAM::Role")[name]
    policies = [policy["PolicyDocument"] for policy in role.get("Policies", ())]
    policies += [policy["PolicyDocument"] for policy in resources("AWS::IAM::ManagedPolicy").values()]
    text = json.dumps(policies)
    actions = set(re.findall(r'"([a-z0-9]+:[A-Za-z*]+)"', text))
    assert {action for action in actions if "Delete" in action or "*" in action} == set()
