"""boto3's clients: built when first needed, once, with time-outs and retries said out loud.

boto3 takes a quarter of a second to import, so a command that needs no AWS never does.
"""

from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, Literal, TypeVar

if TYPE_CHECKING:
    from boto3.session import Session
    from botocore.config import Config
    from types_boto3_dynamodb.client import DynamoDBClient
    from types_boto3_s3.client import S3Client
    from types_boto3_secretsmanager.client import SecretsManagerClient
    from types_boto3_sqs.client import SQSClient

T = TypeVar("T")

# The same as for the two APIs, so that one slow neighbour cannot hold a run longer than another.
_CONNECT_SECONDS = 5
_READ_SECONDS = 20
# Where there is something better to do than to wait.
_SHORT_SECONDS = 2

# botocore's default of 10 makes threads wait for one another as soon as eight hotels put and read at once.
_CONNECTIONS = 32


def once(build: Callable[[], T]) -> Callable[[], T]:
    """What `build` makes when first asked for; every thread gets that one, a failure is not kept."""
    lock = Lock()
    made: list[T] = []

    def get() -> T:
        with lock:
            if not made:
                made.append(build())
            return made[0]

    return get


def default_session() -> "Session":
    """A session with the credentials of the user's own chain: environment, profile, SSO, role."""
    from boto3.session import Session  # noqa: PLC0415 -- not imported until needed

    return Session()


def s3_client(session: "Session", *, region: str, endpoint_url: str | None, retries: int) -> "S3Client":
    """A client for S3, or for a compatible server at `endpoint_url`."""
    # A server of one's own rarely has a DNS name for every bucket.
    config = _config(retries, addressing="path" if endpoint_url else "auto")
    return session.client("s3", region_name=region, endpoint_url=endpoint_url, config=config)


def sqs_client(session: "Session", *, region: str, endpoint_url: str | None, retries: int) -> "SQSClient":
    """A client for SQS, or for a compatible server at `endpoint_url`."""
    return session.client("sqs", region_name=region, endpoint_url=endpoint_url, config=_config(retries))


def secrets_client(
    session: "Session", *, region: str, endpoint_url: str | None, retries: int
) -> "SecretsManagerClient":
    """A client for Secrets Manager, or for a compatible server at `endpoint_url`."""
    return session.client(
        "secretsmanager", region_name=region, endpoint_url=endpoint_url, config=_config(retries)
    )


def dynamodb_client(session: "Session", *, region: str, endpoint_url: str | None) -> "DynamoDBClient":
    """A client for DynamoDB, or for a compatible server; it sends once, and waits only shortly."""
    config = _config(0, seconds=_SHORT_SECONDS)
    return session.client("dynamodb", region_name=region, endpoint_url=endpoint_url, config=config)


def _config(
    retries: int, *, addressing: Literal["auto", "path"] = "auto", seconds: int = _READ_SECONDS
) -> "Config":
    from botocore.config import Config  # noqa: PLC0415 -- not imported until needed

    return Config(
        connect_timeout=min(seconds, _CONNECT_SECONDS),
        read_timeout=seconds,
        retries={"mode": "standard", "total_max_attempts": retries + 1},
        max_pool_connections=_CONNECTIONS,
        s3={"addressing_style": addressing},
    )
