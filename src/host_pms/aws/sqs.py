"""The processor's FIFO queue in SQS."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from host_pms.aws.client import default_session, once, sqs_client
from host_pms.aws.faults import Operation, translated

if TYPE_CHECKING:
    from boto3.session import Session
    from types_boto3_sqs.client import SQSClient


class SqsQueue:
    """The port `Queue` on SQS or a compatible server, for the queue of this name.

    `session` gives the credentials; without it they come from the user's own chain.
    """

    def __init__(
        self,
        name: str,
        *,
        region: str,
        endpoint_url: str | None = None,
        retries: int = 3,
        session: "Callable[[], Session]" = default_session,
    ) -> None:
        self._name = name
        self._client: Callable[[], SQSClient] = once(
            lambda: sqs_client(session(), region=region, endpoint_url=endpoint_url, retries=retries)
        )
        self._url = once(lambda: self._client().get_queue_url(QueueName=name)["QueueUrl"])

    def send(self, body: str, *, group: str, deduplication_id: str, attributes: Mapping[str, str]) -> None:
        """Send once: SQS drops a repeat with the same `deduplication_id` within 5 minutes.

        Attributes are sent as SQS's type `String`; SQS takes ten at most, and none that is empty.
        """
        with translated(self._operation("sqs:GetQueueUrl")):
            url = self._url()
        with translated(self._operation("sqs:SendMessage")):
            self._client().send_message(
                QueueUrl=url,
                MessageBody=body,
                MessageGroupId=group,
                MessageDeduplicationId=deduplication_id,
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
                },
            )

    def _operation(self, right: str) -> Operation:
        return Operation(
            doing=f"Sending to {self._name}",
            thing=f"queue {self._name}",
            right=right,
            kms_key=f"the KMS key of queue {self._name}",
            kms_right="kms:GenerateDataKey, and kms:Decrypt",
        )
