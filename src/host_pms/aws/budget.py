"""A DynamoDB table with one item a key, replaced on condition that its version is still the one expected."""

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from host_pms.aws.client import default_session, dynamodb_client, once
from host_pms.aws.faults import Operation, code_of, translated
from host_pms.errors import NeedsPersonError, VersionMismatchError
from host_pms.ports import HeldText

if TYPE_CHECKING:
    from boto3.session import Session
    from types_boto3_dynamodb.client import DynamoDBClient
    from types_boto3_dynamodb.type_defs import PutItemInputTypeDef

PARTITION_KEY = "rate_key"
"""The table's; `expires` is its time-to-live attribute."""


class DynamoRates:
    """The port `RateTable` on the table of this name.

    `session` gives the credentials; without it they come from the user's own chain.
    """

    def __init__(
        self,
        table: str,
        *,
        region: str,
        endpoint_url: str | None = None,
        session: "Callable[[], Session]" = default_session,
    ) -> None:
        self._table = table
        self._client: Callable[[], DynamoDBClient] = once(
            lambda: dynamodb_client(session(), region=region, endpoint_url=endpoint_url)
        )

    def read(self, name: str) -> HeldText | None:
        """What was swapped in last; see the port."""
        with translated(self._operation("Reading", "dynamodb:GetItem")):
            answer = self._client().get_item(
                TableName=self._table, Key={PARTITION_KEY: {"S": name}}, ConsistentRead=True
            )
        if "Item" not in answer:
            return None
        try:
            return HeldText(
                body=answer["Item"]["ledger"]["S"].encode(), version=answer["Item"]["version"]["S"]
            )
        except KeyError:
            raise NeedsPersonError(
                f"Item {name} of table {self._table} (RATE_BUDGET_TABLE) is none of ours.",
                remedy="Delete it, or name a table of its own.",
            ) from None

    def swap(self, name: str, body: bytes, *, expected: str | None, expires: float) -> None:
        """Replace the version `expected`, or create where that is None; see the port.

        A version is a hash of the content, so that none comes back when an item vanishes and is made anew.
        """
        request: PutItemInputTypeDef = {
            "TableName": self._table,
            "Item": {
                PARTITION_KEY: {"S": name},
                "ledger": {"S": body.decode()},
                "version": {"S": hashlib.sha256(body).hexdigest()},
                "expires": {"N": str(int(expires))},
            },
            "ConditionExpression": "attribute_not_exists(version)",
        }
        if expected is not None:
            request["ConditionExpression"] = "version = :expected"
            request["ExpressionAttributeValues"] = {":expected": {"S": expected}}
        with translated(self._operation("Writing", "dynamodb:PutItem")):
            client = self._client()
            try:
                client.put_item(**request)
            except client.exceptions.ClientError as error:
                if code_of(error) != "ConditionalCheckFailedException":
                    raise
                raise VersionMismatchError(f"Item {name} of {self._table} has another version.") from error

    def _operation(self, doing: str, right: str) -> Operation:
        thing = f"table {self._table} (RATE_BUDGET_TABLE)"
        return Operation(
            doing=f"{doing} the rate budget in table {self._table}",
            thing=thing,
            right=right,
            kms_key=f"the KMS key of {thing}",
            kms_right="kms:Decrypt",
        )
