"""`host-pms sync` with AWS as its store and its queue, for which moto's server stands in."""

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from subprocess import CompletedProcess
from typing import TYPE_CHECKING, Any

import pytest
from boto3.session import Session
from commands import host_pms, log_lines, variables
from golden_cases import GoldenCase, exact_json, load
from moto_server import moto_server

from host_pms.simulator.server import Simulator

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client
    from types_boto3_sqs.client import SQSClient

HOTEL = "HOTEL001"
KINDS = ("hotel-configs", "segments", "reservations")
REGION = "eu-west-1"
KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing-secret"}
_names = itertools.count(1)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with moto_server() as address:
        yield address


@dataclass(frozen=True, kw_only=True)
class Account:
    """Buckets and a queue with names that no other test has."""

    endpoint: str
    name: str
    s3: "S3Client"
    sqs: "SQSClient"

    def create_buckets(self, *, without: str = "") -> None:
        for bucket in (f"{self.name}-{stage}{kind}" for stage in ("raw-", "") for kind in KINDS):
            if bucket != without:
                self.s3.create_bucket(
                    Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
                )

    def create_queue(self) -> None:
        self.sqs.create_queue(QueueName=f"{self.name}.fifo", Attributes={"FifoQueue": "true"})

    def objects(self) -> dict[str, bytes]:
        """Every object of this test, by bucket and key."""
        return {
            f"{bucket['Name']}/{found['Key']}": self.s3.get_object(Bucket=bucket["Name"], Key=found["Key"])[
                "Body"
            ].read()
            for bucket in self.s3.list_buckets()["Buckets"]
            if bucket["Name"].startswith(f"{self.name}-")
            for found in self.s3.list_objects_v2(Bucket=bucket["Name"]).get("Contents", ())
        }

    def messages(self) -> list[dict[str, Any]]:
        url = self.sqs.get_queue_url(QueueName=f"{self.name}.fifo")["QueueUrl"]
        answer = self.sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=10,
            MessageSystemAttributeNames=["MessageGroupId"],
            MessageAttributeNames=["All"],
        )
        return [dict(message) for message in answer.get("Messages", [])]

    def settings(self) -> dict[str, str]:
        """What names the storage."""
        return {
            "STORAGE": "aws",
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_S3_RAW_PREFIX": f"{self.name}-raw-",
            "AWS_S3_PROCESSED_PREFIX": f"{self.name}-",
            "AWS_SQS_QUEUE_NAME": f"{self.name}.fifo",
            **KEYS,
        }

    def sync(self, simulator: Simulator, folder: Path) -> CompletedProcess[str]:
        given = variables(simulator, IMPORT_LOOKBACK="0h", **self.settings())
        return host_pms("sync", "--json", "-", cwd=folder, given=given)


@pytest.fixture
def account(endpoint: str) -> Account:
    session = Session(
        aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"], aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"]
    )
    return Account(
        endpoint=endpoint,
        name=f"account-{next(_names)}",
        s3=session.client("s3", endpoint_url=endpoint, region_name=REGION),
        sqs=session.client("sqs", endpoint_url=endpoint, region_name=REGION),
    )


@pytest.fixture
def case() -> GoldenCase:
    return load("07-postings")


@pytest.fixture
def simulator(case: GoldenCase) -> Iterator[Simulator]:
    with Simulator.canned(
        config=json.loads(case.body("config")),
        reservations=json.loads(case.body("reservations"))["Reservations"],
        revenue=json.loads(case.body("revenue"))["Revenue"],
        inventory=json.loads(case.body("inventory")),
        last_import=case.update_from.isoformat(),
    ) as running:
        yield running


def test_objects_and_the_trigger_are_in_aws(
    account: Account, case: GoldenCase, simulator: Simulator, tmp_path: Path
) -> None:
    account.create_buckets()
    account.create_queue()
    done = account.sync(simulator, tmp_path)
    assert (done.returncode, list(tmp_path.iterdir())) == (0, []), done.stderr

    stamp, objects = json.loads(done.stdout)["hotels"][0]["timestamp"], account.objects()
    for bucket, file_type, expected in (
        ("hotel-configs", "config", "config"),
        ("segments", "segments", "segments"),
        ("reservations", "reservation", "reservations"),
    ):
        body = objects.pop(f"{account.name}-{bucket}/{HOTEL}/{file_type}-{stamp}.json")
        assert exact_json(body) == case.expected(expected)
    assert {name.replace(f"-{stamp}", "") for name in objects} == {
        f"{account.name}-raw-hotel-configs/{HOTEL}/_state/head.json",
        f"{account.name}-raw-hotel-configs/{HOTEL}/_state/answers/{stamp}.json",
        f"{account.name}-raw-hotel-configs/{HOTEL}/_state/runs/{stamp}.json",
        f"{account.name}-raw-hotel-configs/{HOTEL}/config.json",
        *(f"{account.name}-raw-hotel-configs/{HOTEL}/inventory-{number:05}.json" for number in range(1, 14)),
        f"{account.name}-raw-reservations/{HOTEL}/reservation-00001.json",
        f"{account.name}-raw-reservations/{HOTEL}/revenue-00001.json",
        f"{account.name}-raw-reservations/{HOTEL}/revenue-00002.json",
        f"{account.name}-raw-segments/{HOTEL}/segments.json",
    }

    registered = [registration.body for registration in simulator.esb.registrations]
    assert [body["fileUrl"].rpartition("/")[0] for body in registered] == [
        f"s3://{account.name}-{kind}/{HOTEL}" for kind in KINDS
    ]
    (message,) = account.messages()
    assert message["Attributes"]["MessageGroupId"] == HOTEL
    attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert attributes == {"HotelCode": HOTEL, "Timestamp": stamp}
    trigger = json.loads(message["Body"])
    assert (trigger["hotelCode"], trigger["timestamp"], trigger["complete"]) == (HOTEL, stamp, False)
    assert [f"s3://{file['bucket']}/{file['fileKey']}" for file in trigger["files"]] == [
        body["fileUrl"] for body in registered
    ]


def test_past_runs_are_listed_and_replayed_without_a_key_of_host_or_the_esb(
    account: Account, simulator: Simulator, tmp_path: Path
) -> None:
    account.create_buckets()
    account.create_queue()
    stamp = json.loads(account.sync(simulator, tmp_path).stdout)["hotels"][0]["timestamp"]
    before = account.objects()
    listed = host_pms("runs", "--json", cwd=tmp_path, given=account.settings())
    ((run,),) = (hotel["runs"] for hotel in json.loads(listed.stdout)["hotels"])
    assert (run["hotelCode"], run["timestamp"], run["phase"]) == (HOTEL, stamp, "published")
    replayed = host_pms("replay", HOTEL, stamp, cwd=tmp_path, given=account.settings())
    assert (replayed.returncode, replayed.stderr) == (0, "")
    assert account.objects() == before

    key = f"{HOTEL}/revenue-{stamp}-00001.json"
    account.s3.delete_object(Bucket=f"{account.name}-raw-reservations", Key=key)
    damaged = host_pms("replay", HOTEL, stamp, cwd=tmp_path, given=account.settings())
    assert damaged.returncode == 6
    assert f"s3://{account.name}-raw-reservations/{key} is gone" in damaged.stdout


@pytest.mark.parametrize("missing", ["raw-reservations", "segments"])
def test_a_missing_bucket_needs_a_person_who_is_told_its_name(
    account: Account, simulator: Simulator, tmp_path: Path, missing: str
) -> None:
    account.create_buckets(without=f"{account.name}-{missing}")
    account.create_queue()
    done = account.sync(simulator, tmp_path)
    assert done.returncode == 6
    (line,) = (line for line in log_lines(done.stderr) if line["level"] == "ERROR")
    assert line["event"] == "hotel_failed"
    assert f"Create bucket {account.name}-{missing}, or correct the setting" in line["message"]
    assert (simulator.esb.registrations, account.messages()) == ([], [])


def test_a_missing_queue_needs_a_person_who_is_told_its_name(
    account: Account, simulator: Simulator, tmp_path: Path
) -> None:
    account.create_buckets()
    done = account.sync(simulator, tmp_path)
    assert done.returncode == 6
    (line,) = (line for line in log_lines(done.stderr) if line["level"] == "ERROR")
    assert f"Create queue {account.name}.fifo, or correct the setting" in line["message"]


def test_a_server_that_is_down_is_for_the_next_run(
    account: Account, simulator: Simulator, tmp_path: Path
) -> None:
    with Simulator(hotels=1, bookings=1) as gone:
        pass
    done = replace(account, endpoint=gone.url).sync(simulator, tmp_path)
    assert done.returncode == 4
    assert simulator.esb.registrations == []
    assert KEYS["AWS_SECRET_ACCESS_KEY"] not in done.stdout + done.stderr
