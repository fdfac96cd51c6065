"""AWS's errors, translated once into ours: what to do next, on what, and with which right.

A message holds AWS's error code and status, never the text of its answer.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
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
        "ProvisionedThroughputExceededException",
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
_GRANT = "Give these AWS credentials the right {right} on {thing}."
_GRANT_KEY = "Give these AWS credentials the right {kms_right} on {kms_key}."
_CREATE_KEY = "Create {kms_key}, or correct what names it."
_CHECK_KEY = "Check that {kms_key} is enabled and may be used for this."
_SIGN_IN = "Correct the AWS credentials that {thing} is used with."
_RENEW = "Renew the AWS credentials that {thing} is used with."
_CREATE = "Create {thing}, or correct the setting that names it."
_REGION = "Set AWS_REGION to the region of {thing}."
_CLOCK = "Set this machine's clock: AWS refuses what is 15 minutes off."

# What a person has to change, by AWS's code; a code that is not here goes by its status.
_REMEDIES: Mapping[str, tuple[type[NeedsPersonError], str]] = {
    "AccessDenied": (AccessDeniedError, _GRANT),
    "AccessDeniedException": (AccessDeniedError, _GRANT),
    "InvalidClientTokenId": (AccessDeniedError, _SIGN_IN),
    "UnrecognizedClientException": (AccessDeniedError, _SIGN_IN),
    "InvalidAccessKeyId": (AccessDeniedError, _SIGN_IN),
    "SignatureDoesNotMatch": (AccessDeniedError, _SIGN_IN),
    "InvalidSignatureException": (AccessDeniedError, _SIGN_IN),
    "ExpiredToken": (AccessDeniedError, _RENEW),
    "ExpiredTokenException": (AccessDeniedError, _RENEW),
    "RequestExpired": (AccessDeniedError, _RENEW),
    "TokenRefreshRequired": (AccessDeniedError, _RENEW),
    "RequestTimeTooSkewed": (NeedsPersonError, _CLOCK),
    "NoSuchBucket": (NeedsPersonError, _CREATE),
    "ResourceNotFoundException": (NeedsPersonError, _CREATE),
    "QueueDoesNotExist": (NeedsPersonError, _CREATE),
    "AWS.SimpleQueueService.NonExistentQueue": (NeedsPersonError, _CREATE),
    "DecryptionFailure": (NeedsPersonError, _CHECK_KEY),
    "AuthorizationHeaderMalformed": (NeedsPersonError, _REGION),
    "IllegalLocationConstraintException": (NeedsPersonError, _REGION),
    "PermanentRedirect": (NeedsPersonError, _REGION),
}
_OTHER_REMEDY = "Check {thing}, its encryption key and its policy."

# The same for the key that encrypts a thing: S3 and SQS write KMS.NotFoundException or KmsNotFound.
_CODE_OF_KMS = re.compile(r"(?:KMS\.|Kms)(?:KMS)?(\w+?)(?:Exception)?")
_REMEDIES_OF_KMS: Mapping[str, tuple[type[NeedsPersonError], str]] = {
    "AccessDenied": (AccessDeniedError, _GRANT_KEY),
    "NotFound": (NeedsPersonError, _CREATE_KEY),
}
# Where a right on the key is missing, the code alone would blame the bucket, queue or secret.
_KMS_DENIED = re.compile(r"\bkms:[A-Z]|Access to KMS is not allowed")


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """What was asked of AWS, and what it takes.

    Args:
        doing: begins the message: `Writing s3://dev-pms-segments/H1/segments.json`.
        thing: what a person would look at: `bucket dev-pms-segments`.
        right: the permission on it: `s3:PutObject`.
        kms_key: the key that encrypts it, if one does: `KMS key alias/pms`.
        kms_right: the permission on the key.
    """

    doing: str
    thing: str
    right: str
    kms_key: str = ""
    kms_right: str = ""


def status_of(error: "ClientError") -> int:
    """The HTTP status of AWS's answer; 0 where the error has none."""
    return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)


def code_of(error: "ClientError") -> str:
    """AWS's own name for the error: `NoSuchKey`, `PreconditionFailed`."""
    return error.response.get("Error", {}).get("Code", "")


@contextmanager
def translated(operation: Operation) -> Iterator[None]:
    """Raise botocore's errors as ours, with what a person has to do.

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
        raise _answered(error, operation) from error
    except BotoCoreError as error:
        raise _unanswered(error, operation.doing, operation.thing) from error
    except HTTPError as error:  # botocore lets some of urllib3's through while a body is read
        raise TransientError(f"{operation.doing} failed: {type(error).__name__}.") from error


def _answered(error: "ClientError", operation: Operation) -> ConnectorError:
    code, status = code_of(error), status_of(error)
    message = f"{operation.doing} failed: AWS answered {code} ({status})."
    if code in _PASSING or status == 429 or status >= 500:  # noqa: PLR2004 -- HTTP's own numbers
        return TransientError(message)
    kind, remedy = _remedy(error)
    return kind(message, remedy=remedy.format_map(asdict(operation)))


def _remedy(error: "ClientError") -> tuple[type[NeedsPersonError], str]:
    code, denied = code_of(error), status_of(error) in {401, 403}
    if of_kms := _CODE_OF_KMS.fullmatch(code):
        return _REMEDIES_OF_KMS.get(of_kms[1], (NeedsPersonError, _CHECK_KEY))
    kind, remedy = _REMEDIES.get(
        code, (AccessDeniedError, _GRANT) if denied else (NeedsPersonError, _OTHER_REMEDY)
    )
    if remedy == _GRANT and _KMS_DENIED.search(error.response.get("Error", {}).get("Message", "")):
        return kind, _GRANT_KEY
    return kind, remedy


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
