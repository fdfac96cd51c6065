"""What only SQS has: the look-up of the queue's address, and its refusals."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from boto3.session import Session
from scripted_server import Answer, ScriptedServer, scripted

from host_pms.aws.client import once
from host_pms.aws.sqs import SqsQueue
from host_pms.errors import AccessDeniedError, ConnectorError, NeedsPersonError, TransientError

ADDRESS = Answer(body=b'{"QueueUrl": "http://127.0.0.1/000000000000/pms.fifo"}')
SENT = Answer(body=b'{"MessageId": "1"}')


def refusal(status: int, code: str) -> Answer:
    return Answer(
        status=status, body=json.dumps({"__type": f"com.amazonaws.sqs#{code}", "message": "m"}).encode()
    )


# One for all tests: a session reads AWS's service models from the disk once.
nobody = once(
    lambda: Session(aws_access_key_id="nobody", aws_secret_access_key="nothing")  # noqa: S106 -- invented
)


@contextmanager
def queue_at(*answers: Answer) -> Iterator[tuple[SqsQueue, ScriptedServer]]:
    with scripted(*answers) as server:
        yield (
            SqsQueue("pms.fifo", region="eu-west-1", endpoint_url=server.url, retries=0, session=nobody),
            server,
        )


def send(queue: SqsQueue, number: int = 1) -> None:
    queue.send("{}", group="H1", deduplication_id=str(number), attributes={"hotelCode": "H1"})


def test_the_queues_address_is_looked_up_once() -> None:
    with queue_at(ADDRESS, *[SENT] * 8) as (queue, server), ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: send(queue, number), range(8)))
    operations = [request.headers["X-Amz-Target"] for request in server.requests]
    assert operations == ["AmazonSQS.GetQueueUrl"] + ["AmazonSQS.SendMessage"] * 8


def test_attributes_are_sent_as_strings() -> None:
    with queue_at(ADDRESS, SENT) as (queue, server):
        send(queue)
    sent = json.loads(server.requests[1].body)
    assert sent["MessageAttributes"] == {"hotelCode": {"DataType": "String", "StringValue": "H1"}}
    assert (sent["MessageGroupId"], sent["MessageDeduplicationId"]) == ("H1", "1")


@pytest.mark.parametrize(
    ("answer", "kind", "remedy"),
    [
        (refusal(400, "QueueDoesNotExist"), NeedsPersonError, "Create queue pms.fifo"),
        (refusal(403, "AccessDeniedException"), AccessDeniedError, "on queue pms.fifo"),
        (refusal(400, "KmsAccessDenied"), AccessDeniedError, "kms:Decrypt on the KMS key of queue pms.fifo"),
        (refusal(400, "KmsNotFound"), NeedsPersonError, "Create the KMS key of queue pms.fifo"),
        (refusal(400, "UnrecognizedClientException"), AccessDeniedError, "credentials that queue pms.fifo"),
        (refusal(403, "KmsThrottled"), TransientError, ""),
        (refusal(403, "RequestThrottled"), TransientError, ""),
        (refusal(503, "ServiceUnavailable"), TransientError, ""),
        (refusal(400, "InvalidMessageContents"), NeedsPersonError, "queue pms.fifo"),
    ],
)
@pytest.mark.parametrize("before", [(), (ADDRESS,)])
def test_a_refusal_names_the_queue(
    before: tuple[Answer, ...], answer: Answer, kind: type[ConnectorError], remedy: str
) -> None:
    with (
        queue_at(*before, answer) as (queue, _),
        pytest.raises(ConnectorError, match=r"Sending to pms\.fifo") as caught,
    ):
        send(queue)
    assert type(caught.value) is kind
    assert remedy in caught.value.remedy


@pytest.mark.parametrize(("before", "right"), [((), "sqs:GetQueueUrl"), ((ADDRESS,), "sqs:SendMessage")])
def test_a_missing_right_is_named(before: tuple[Answer, ...], right: str) -> None:
    with (
        queue_at(*before, refusal(403, "AccessDenied")) as (queue, _),
        pytest.raises(AccessDeniedError, match=f"the right {right} on queue"),
    ):
        send(queue)


def test_a_failed_look_up_is_tried_again_at_the_next_send() -> None:
    with queue_at(Answer(status=500), ADDRESS, SENT) as (queue, server):
        with pytest.raises(TransientError):
            send(queue)
        send(queue)
    assert len(server.requests) == 3
