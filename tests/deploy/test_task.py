"""The connector as a task on Fargate: asked to stop, it stops before it is killed; the next task goes on."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from boto3.session import Session
from commands import host_pms, log_lines, started, variables
from moto_server import moto_server

from host_pms.simulator.server import Simulator

REGION = "eu-west-1"
KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing-secret"}
STOP_TIMEOUT = 120.0
"""Seconds from SIGTERM to SIGKILL, as deploy/template.yaml has it."""


@pytest.fixture
def storage() -> Iterator[dict[str, str]]:
    """Variables that name the buckets and the queue, which are there."""
    with moto_server() as url:
        session = Session(
            aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"], aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"]
        )
        s3 = session.client("s3", endpoint_url=url, region_name=REGION)
        for stage in ("raw-", ""):
            for kind in ("hotel-configs", "segments", "reservations"):
                s3.create_bucket(
                    Bucket=f"dev-pms-{stage}{kind}", CreateBucketConfiguration={"LocationConstraint": REGION}
                )
        sqs = session.client("sqs", endpoint_url=url, region_name=REGION)
        sqs.create_queue(QueueName="dev-pms-processor-queue.fifo", Attributes={"FifoQueue": "true"})
        yield {"STORAGE": "aws", "AWS_REGION": REGION, "AWS_ENDPOINT_URL": url, **KEYS}


def test_it_stops_within_its_time_and_the_next_task_goes_on(storage: dict[str, str], tmp_path: Path) -> None:
    with Simulator(hotels=1, bookings=20) as simulator:
        # After its first call, the configuration, the key has no other for a minute.
        slow = variables(simulator, HOST_API_RATE_LIMIT="1", **storage)
        with started("sync", cwd=tmp_path, given=slow) as process:
            assert process.stderr is not None
            (opened,) = log_lines(process.stderr.readline())
            process.send_signal(signal.SIGTERM)
            _, told = process.communicate(timeout=STOP_TIMEOUT)
        assert (opened["event"], process.returncode) == ("run_opened", 128 + signal.SIGTERM)
        assert [line["event"] for line in log_lines(told)] == ["hotel_failed"]
        assert simulator.esb.registrations == []

        again = host_pms("sync", cwd=tmp_path, given=variables(simulator, **storage))
    assert again.returncode == 0, again.stderr
    files = [registration.body["fileUrl"] for registration in simulator.esb.registrations]
    assert len(files) == 3
    assert all(opened["run"] in file for file in files)  # the run that was stopped, not another
