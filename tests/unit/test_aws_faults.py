"""Every error of botocore is one of ours: who can act, and on what."""

import inspect

import pytest
from botocore import exceptions as aws
from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import SSLError as TlsError

from host_pms.aws.faults import Operation, translated
from host_pms.errors import AccessDeniedError, ConnectorError, NeedsPersonError, TransientError

WRITING = Operation(
    doing="Writing s3://b/k",
    thing="bucket b",
    right="s3:PutObject",
    kms_key="KMS key alias/pms",
    kms_right="kms:GenerateDataKey",
)


def kind_of(error: Exception) -> ConnectorError:
    with pytest.raises(ConnectorError) as caught, translated(WRITING):
        raise error
    assert caught.value.__cause__ is error
    assert caught.value.message.startswith("Writing s3://b/k failed")
    return caught.value


ANSWERS = [
    ("AccessDenied", 403, AccessDeniedError, "the right s3:PutObject on bucket b"),
    ("403", 403, AccessDeniedError, "the right s3:PutObject on bucket b"),
    ("InvalidAccessKeyId", 403, AccessDeniedError, "Correct the AWS credentials that bucket b"),
    ("SignatureDoesNotMatch", 403, AccessDeniedError, "Correct the AWS credentials that bucket b"),
    ("ExpiredToken", 400, AccessDeniedError, "Renew the AWS credentials"),
    ("RequestExpired", 400, AccessDeniedError, "Renew the AWS credentials"),
    ("RequestTimeTooSkewed", 403, NeedsPersonError, "clock"),
    ("NoSuchBucket", 404, NeedsPersonError, "Create bucket b"),
    ("PermanentRedirect", 301, NeedsPersonError, "Set AWS_REGION to the region of bucket b"),
    ("ResourceNotFoundException", 400, NeedsPersonError, "Create bucket b"),
    ("KMS.DisabledException", 400, NeedsPersonError, "Check that KMS key alias/pms is enabled"),
    ("KMS.KMSInvalidStateException", 400, NeedsPersonError, "Check that KMS key alias/pms is enabled"),
    ("DecryptionFailure", 400, NeedsPersonError, "Check that KMS key alias/pms is enabled"),
    ("KMS.NotFoundException", 400, NeedsPersonError, "Create KMS key alias/pms"),
    ("KmsNotFound", 400, NeedsPersonError, "Create KMS key alias/pms"),
    ("KMS.AccessDeniedException", 400, AccessDeniedError, "kms:GenerateDataKey on KMS key alias/pms"),
    ("KmsAccessDenied", 400, AccessDeniedError, "kms:GenerateDataKey on KMS key alias/pms"),
    ("InvalidRequest", 400, NeedsPersonError, "bucket b"),
    ("SlowDown", 503, TransientError, ""),
    ("SlowDown", 400, TransientError, ""),
    ("KMS.ThrottlingException", 400, TransientError, ""),
    ("ThrottlingException", 400, TransientError, ""),
    ("RequestTimeout", 400, TransientError, ""),
    ("BadDigest", 400, TransientError, ""),
    ("OperationAborted", 409, TransientError, ""),
    ("InternalError", 500, TransientError, ""),
    ("Unheard", 429, TransientError, ""),
    ("Unheard", 502, TransientError, ""),
]


@pytest.mark.parametrize(("code", "status", "kind", "remedy"), ANSWERS)
def test_an_answer_goes_by_its_code_and_then_its_status(
    code: str, status: int, kind: type[ConnectorError], remedy: str
) -> None:
    answer = {
        "Error": {"Code": code, "Message": "Jane Doe"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    error = kind_of(ClientError(answer, "PutObject"))  # type: ignore[arg-type]
    assert type(error) is kind
    assert remedy in error.remedy
    assert f"AWS answered {code} ({status})" in error.message
    assert "Jane Doe" not in str(error)


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (
            "AccessDenied",
            "User: arn:aws:iam::1:user/x is not authorized to perform: kms:GenerateDataKey on resource: y",
        ),
        ("AccessDeniedException", "Access to KMS is not allowed"),
    ],
)
def test_a_right_that_is_missing_on_the_key_is_told_of_the_key(code: str, says: str) -> None:
    answer = {"Error": {"Code": code, "Message": says}, "ResponseMetadata": {"HTTPStatusCode": 403}}
    error = kind_of(ClientError(answer, "PutObject"))  # type: ignore[arg-type]
    assert error.remedy == "Give these AWS credentials the right kms:GenerateDataKey on KMS key alias/pms."
    assert says not in str(error)


BROKEN = [
    aws.EndpointConnectionError(endpoint_url="https://x", error="refused"),
    aws.ConnectTimeoutError(endpoint_url="https://x"),
    aws.ReadTimeoutError(endpoint_url="https://x"),
    aws.ConnectionClosedError(endpoint_url="https://x"),
    aws.ProxyConnectionError(proxy_url="https://x"),
    aws.HTTPClientError(error="reset"),
    aws.ResponseStreamingError(error="reset"),
    aws.IncompleteReadError(actual_bytes=1, expected_bytes=2),
    aws.FlexibleChecksumError(error_msg="sum"),
    aws.SSLError(endpoint_url="https://x", error="EOF occurred in violation of protocol"),
    aws.CredentialRetrievalError(provider="container-role", error_msg="timed out"),
    aws.MetadataRetrievalError(error_msg="timed out"),
    TlsError("bad record"),
]
CREDENTIALS = [
    aws.NoCredentialsError(),
    aws.PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"),
    aws.ProfileNotFound(profile="p"),
    aws.TokenRetrievalError(provider="sso", error_msg="expired"),
    aws.SSOTokenLoadError(error_msg="expired"),
    aws.UnauthorizedSSOTokenError(),
]
SETTINGS = [
    aws.ParamValidationError(report="Invalid bucket name"),
    aws.InvalidRegionError(region_name="a b"),
    aws.SSLError(endpoint_url="https://x", error="[SSL: CERTIFICATE_VERIFY_FAILED] self-signed"),
    aws.InvalidConfigError(error_msg="profile"),
]


@pytest.mark.parametrize("error", BROKEN, ids=repr)
def test_what_breaks_on_the_way_is_transient(error: Exception) -> None:
    assert type(kind_of(error)) is TransientError


@pytest.mark.parametrize("error", CREDENTIALS, ids=repr)
def test_missing_credentials_ask_a_person_and_name_the_bucket(error: Exception) -> None:
    translation = kind_of(error)
    assert type(translation) is AccessDeniedError
    assert "bucket b" in translation.remedy


@pytest.mark.parametrize("error", SETTINGS, ids=repr)
def test_wrong_settings_ask_a_person_and_name_the_bucket(error: Exception) -> None:
    translation = kind_of(error)
    assert type(translation) is NeedsPersonError
    assert "bucket b" in translation.remedy


def test_botocore_has_no_error_that_is_not_translated() -> None:
    kinds = [kind for _, kind in inspect.getmembers(aws, inspect.isclass) if issubclass(kind, BotoCoreError)]
    assert len(kinds) > 80
    for kind in kinds:
        error = kind.__new__(kind)
        Exception.__init__(error, "as raised")
        assert isinstance(kind_of(error), (TransientError, NeedsPersonError)), kind


def test_what_is_no_failure_of_aws_passes() -> None:
    with pytest.raises(FileNotFoundError), translated(WRITING):
        raise FileNotFoundError
