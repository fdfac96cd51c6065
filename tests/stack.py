"""The stack of deploy/ in an account of MiniStack's, and runs of its state machine."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import botocore.session
from ministack import Account

from host_pms.simulator.server import Simulator

DEPLOY = Path(__file__).parents[1] / "deploy"
ZIP = DEPLOY.parent / "dist" / "host-pms-lambda.zip"
STACK = "dev-pms"
ARTIFACTS = "artifacts"
ESB_SECRET, HOST_SECRET = "pms/esb-api-key", "pms/host-api-keys"
KINDS = ("hotel-configs", "segments", "reservations")
RAW, PUBLISHED = "dev-pms-raw-", "dev-pms-"
POLL_SECONDS = 0.2


@dataclass(frozen=True, kw_only=True)
class Execution:
    """How a run of the state machine ended."""

    status: str
    output: Mapping[str, Any]
    cause: str


@dataclass(frozen=True, kw_only=True)
class Stack:
    """What the template made."""

    account: Account
    outputs: Mapping[str, str]

    @property
    def function(self) -> str:
        return self.outputs["FunctionName"]

    def call(self, event: Mapping[str, Any]) -> Any:
        """The function's answer; an error as MiniStack tells it."""
        answer = self.account.client("lambda").invoke(FunctionName=self.function, Payload=json.dumps(event))
        return json.load(answer["Payload"])

    def start(self) -> str:
        """Start the state machine; its execution."""
        states = self.account.client("stepfunctions")
        return str(
            states.start_execution(stateMachineArn=self.outputs["FleetArn"], input="{}")["executionArn"]
        )

    def ended(self, execution: str, *, patience: float) -> Execution:
        """Wait for an execution to end, `patience` seconds at most."""
        states = self.account.client("stepfunctions")
        self.wait_until(
            lambda: states.describe_execution(executionArn=execution)["status"] != "RUNNING",
            patience=patience,
        )
        told = states.describe_execution(executionArn=execution)
        output = json.loads(told.get("output") or "{}")
        return Execution(status=told["status"], output=output, cause=told.get("cause") or "")

    def executions(self) -> set[str]:
        """The state machine's executions, without their children."""
        states, fleet = self.account.client("stepfunctions"), self.outputs["FleetArn"]
        pages = states.get_paginator("list_executions").paginate(stateMachineArn=fleet)
        return {
            told["executionArn"] for page in pages for told in page["executions"] if "mapRunArn" not in told
        }

    def at_once(self, hotels: int) -> None:
        """Have the state machine run so many hotels side by side; MiniStack reads no MaxConcurrencyPath."""
        states, fleet = self.account.client("stepfunctions"), self.outputs["FleetArn"]
        definition = states.describe_state_machine(stateMachineArn=fleet)["definition"]
        path = '"MaxConcurrencyPath": "$.settings.maxConcurrency"'
        assert path in definition
        states.update_state_machine(
            stateMachineArn=fleet, definition=definition.replace(path, f'"MaxConcurrency": {hotels}')
        )

    def lines(self, hotel_code: str) -> list[Mapping[str, Any]]:
        """The metrics of a hotel's calls, one line a call, as the function's log has them."""
        logs = self.account.client("logs")
        group = f"/aws/lambda/{self.function}"
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group, filterPattern='"_aws"')
        told = (event["message"] for page in pages for event in page["events"])
        lines = [json.loads(line) for text in told for line in text.splitlines() if line.startswith("{")]
        return [line for line in lines if "_aws" in line and line.get("HotelCode") == hotel_code]

    def configure(self, *, timeout: int | None = None, **variables: str) -> None:
        """Change the function's time-out and add variables to its own."""
        functions = self.account.client("lambda")
        now = functions.get_function_configuration(FunctionName=self.function)
        functions.update_function_configuration(
            FunctionName=self.function,
            Timeout=timeout or now["Timeout"],
            Environment={"Variables": {**now["Environment"]["Variables"], **variables}},
        )

    def wait_until(self, happened: Callable[[], bool], *, patience: float) -> None:
        """Return when it has happened, after `patience` seconds at most."""
        until = time.monotonic() + patience
        while not happened():
            assert time.monotonic() < until, f"it did not happen within {patience} s; see {self.account.log}"
            time.sleep(POLL_SECONDS)

    def triggers(self) -> list[Any]:
        """What lies in the processor's queue, which is emptied."""
        sqs, url = self.account.client("sqs"), self.outputs["ProcessorQueueUrl"]
        found = []
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                found.append(json.loads(message["Body"]))
        return found

    def acted(self) -> set[tuple[str, str]]:
        """What the function asked of AWS since the account began: services and operations.

        MiniStack's CloudTrail shows the newest 50 events of a kind, so every kind is asked for.
        """
        trail = self.account.client("cloudtrail")

        def happened(**attributes: str) -> list[Any]:
            wanted = [{"AttributeKey": key, "AttributeValue": value} for key, value in attributes.items()]
            return list(trail.lookup_events(LookupAttributes=wanted)["Events"])

        key = next(event["AccessKeyId"] for event in happened() if event["AccessKeyId"].startswith("ASIA"))
        return {
            (event["EventSource"].removesuffix(".amazonaws.com"), event["EventName"])
            for operation in _operations()
            for event in happened(AccessKeyId=key, EventName=operation)
        }

    def allowed(self) -> set[str]:
        """The actions that the function's role has by the connector's own policy."""
        iam = self.account.client("iam")
        role = self.account.client("lambda").get_function_configuration(FunctionName=self.function)["Role"]
        attached = iam.list_attached_role_policies(RoleName=role.rpartition("/")[2])["AttachedPolicies"]
        (policy,) = (iam.get_policy(PolicyArn=each["PolicyArn"])["Policy"] for each in attached)
        version = iam.get_policy_version(PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"])
        return {
            action
            for statement in version["PolicyVersion"]["Document"]["Statement"]
            for action in _listed(statement["Action"])
        }

    def objects(self, prefix: str = PUBLISHED) -> dict[str, bytes]:
        """The objects of the three buckets with this prefix, by bucket and key."""
        s3 = self.account.client("s3")
        return {
            f"{bucket}/{found['Key']}": s3.get_object(Bucket=bucket, Key=found["Key"])["Body"].read()
            for bucket in (prefix + kind for kind in KINDS)
            for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
            for found in page.get("Contents", ())
        }


def _listed(actions: str | list[str]) -> list[str]:
    return [actions] if isinstance(actions, str) else actions


def _operations() -> set[str]:
    """Every operation of the services that the function is let to, and of some that it is not."""
    services = ("dynamodb", "kms", "s3", "secretsmanager", "sqs", "sts")
    session = botocore.session.get_session()
    named = {name for service in services for name in session.get_service_model(service).operation_names}
    return named | {f"{method}.s3" for method in ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")}


def zip_is_current() -> bool:
    """Whether the zip is there and holds the source as it is."""
    if not ZIP.exists():
        return False
    source = DEPLOY.parent / "src"
    files = {path.relative_to(source.parent).as_posix(): path for path in source.rglob("*.py")}
    with ZipFile(ZIP) as packed:
        held = {name for name in packed.namelist() if name.startswith("src/") and name.endswith(".py")}
        same = (packed.read(name) == path.read_bytes() for name, path in files.items())
        return held == set(files) and all(same)


def create_secrets(account: Account, simulator: Simulator, host_keys: Mapping[str, str]) -> Mapping[str, str]:
    """The secrets as docs/deploy.md has them made by hand; the parameters that name them."""
    secrets = account.client("secretsmanager")
    esb = secrets.create_secret(Name=ESB_SECRET, SecretString=simulator.esb_key)
    host = secrets.create_secret(Name=HOST_SECRET, SecretString=json.dumps(host_keys))
    return {"EsbApiKeySecretArn": esb["ARN"], "HostApiKeysSecretArns": host["ARN"]}


def deploy(account: Account, simulator: Simulator, **parameters: str) -> Stack:
    """Create the stack for the simulator's hotels.

    The two local files are uploaded and named, as `sam deploy` does it; MiniStack expands the rest.
    """
    create_artifacts(account)
    s3 = account.client("s3")
    s3.upload_file(str(ZIP), ARTIFACTS, "function.zip")
    s3.upload_file(str(DEPLOY / "fleet.asl.json"), ARTIFACTS, "fleet.asl.json")
    template = (
        (DEPLOY / "template.yaml")
        .read_text()
        .replace("CodeUri: ../dist/host-pms-lambda.zip", f"CodeUri: s3://{ARTIFACTS}/function.zip")
        .replace("DefinitionUri: fleet.asl.json", f"DefinitionUri: s3://{ARTIFACTS}/fleet.asl.json")
    )
    given = {"EsbBaseUrl": simulator.esb_url, "HostApiBaseUrl": simulator.host_url, **parameters}
    formation = account.client("cloudformation")
    formation.create_stack(
        StackName=STACK,
        TemplateBody=template,
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()],
    )
    formation.get_waiter("stack_create_complete").wait(
        StackName=STACK, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    return stack_of(account)


def stack_of(account: Account) -> Stack:
    """The stack that was deployed."""
    (told,) = account.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in told.get("Outputs", ())}
    return Stack(account=account, outputs=outputs)


def create_artifacts(account: Account) -> None:
    """The bucket for what is deployed."""
    s3 = account.client("s3")
    s3.create_bucket(Bucket=ARTIFACTS, CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name})
