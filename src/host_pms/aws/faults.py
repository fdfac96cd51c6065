"""AWS's errors, translated once into ours: what to do next, and on which bucket or queue.

A message holds AWS's error code and status, never the text of its answer.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from host_pms.errors import AccessDeniedError, ConnectorError, NeedsPersonError, TransientError

if TYPE_CHECKING:
    from botocore.exceptions import BotoCoreError, ClientError

# AWS answers these with 400, 403 or 409, where the status alone would say that a person is needed.
_PASSING = frozenset(
    {
        "BadDigest",
        "ConditionalRequestConflict",
        "IncompleteBody",
        "KMS.ThrottlingException",
        "KmsThrottled",
        "OperationAborted",
        "OverLimit",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestTimeout",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "XAmzContentSHA256Mismatch",
    }
)
_GRANT = "Give these AWS credentials the right to do this on {thing}."
_RENEW = "Renew the AWS credentials that {thing} is used with."
_CREATE = "Create {thing}, or correct the setting that names it."
_REGION = "Set AWS_REGION to the region of {thing}."
_CLOCK = "Set this machine's clock: AWS refuses what is 15 minutes off."

# What a person has to change, by AWS's code; a code that is not here goes by its status.
_REMEDIES: Mapping[str, tuple[type[NeedsPersonError], str]] = {
    "AccessDenied": (AccessDeniedError, _GRANT),
    "AccessDeniedException": (AccessDeniedError, _GRANT),
    "InvalidClientTokenId": (AccessDeniedError, _GRANT),
    "UnrecognizedClientException": (AccessDeniedError, _GRANT),
    "ExpiredToken": (AccessDeniedError, _RENEW),
    "ExpiredTokenException": (AccessDeniedError, _RENEW),
    "RequestExpired": (AccessDeniedError, _RENEW),
    "TokenRefreshRequired": (AccessDeniedError, _RENEW),
    "RequestTimeTooSkewed": (NeedsPersonError, _CLOCK),
    "NoSuchBucket": (NeedsPersonError, _CREATE),
    "QueueDoesNotExist": (NeedsPersonError, _CREATE),
    "AWS.SimpleQueueService.NonExistentQueue": (NeedsPersonError, _CREATE),
    "AuthorizationHeaderMalformed": (NeedsPersonError, _REGION),
    "IllegalLocationConstraintException": (NeedsPersonError, _REGION),
    "PermanentRedirect": (NeedsPersonError, _REGION),
}
_OTHER_REMEDY = "Check {thing}, its encryption key and its policy."


def status_of(error: "ClientError") -> int:
    """The HTTP status of AWS's answer; 0 where the error has none."""
    return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)


def code_of(error: "ClientError") -> str:
    """AWS's own name for the error: `NoSuchKey`, `PreconditionFailed`."""
    return error.response.get("Error", {}).get("Code", "")


@contextmanager
def translated(doing: str, thing: str) -> Iterator[None]:
    """Raise botocore's errors as ours; `doing` begins the message, `thing` is what the remedy is about.

    Args:
        doing: the operation and its object: `Writing s3://dev-pms-segments/H1/segments.json`.
        thing: what a person would look at: `bucket dev-pms-segments`.

    Raises:
        TransientError: throttling, 5xx, connections that fail or break.
        AccessDeniedError: a right is missing, credentials are missing, wrong or expired.
        NeedsPersonError: everything else, a missing bucket or queue among it.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 -- not imported until needed
    from urllib3.exceptions import HTTPError  # noqa: PLC0415 -- not imported until needed

    try:
        yield
    except ClientError as error:
        raise _answered(error, doing, thing) from error
    except BotoCoreError as error:
        raise _unanswered(error, doing, thing) from error
    except HTTPError as error:  # botocore lets some of urllib3's through while a body is read
        raise TransientError(f"{doing} failed: {type(error).__name__}.") from error


def _answered(error: "ClientError", doing: str, thing: str) -> ConnectorError:
    code, status = code_of(error), status_of(error)
    message = f"{doing} failed: AWS answered {code} ({status})."
    if code in _PASSING or status == 429 or status >= 500:  # noqa: PLR2004 -- HTTP's own numbers
        return TransientError(message)
    by_status = (AccessDeniedError, _GRANT) if status in {401, 403} else (NeedsPersonError, _OTHER_REMEDY)
    kind, remedy = _REMEDIES.get(code, by_status)
    return kind(message, remedy=remedy.format(thing=thing))


def _unanswered(error: "BotoCoreError", doing: str, thing: str) -> ConnectorError:
    from botocore import exceptions as aws  # noqa: PLC0415 -- not imported until needed

    message = f"{doing} failed: {type(error).__name__}."
    if isinstance(error, aws.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error):
        return NeedsPersonError(message, remedy=f"Make this machine trust the certificate behind {thing}.")
    broken = (aws.ConnectionError, aws.HTTPClientError, aws.IncompleteReadError, aws.FlexibleChecksumError)
    if isinstance(error, broken):
        return TransientError(message)
    if isinstance(error, (aws.CredentialRetrievalError, aws.MetadataRetrievalError)):
        return TransientError(message, remedy="If it stays so, check where the AWS credentials come from.")
    missing = (aws.NoCredentialsError, aws.PartialCredentialsError, aws.ProfileNotFound, aws.NoAuthTokenError)
    expired = (aws.TokenRetrievalError, aws.SSOError, aws.LoginError)
    if isinstance(error, missing + expired):
        return AccessDeniedError(message, remedy=f"Sign in, or give this process credentials for {thing}.")
    return NeedsPersonError(message, remedy=f"Check the name of {thing} and the AWS settings.")
