"""What each operation on S3 is called in a message, and which rights it takes."""

from host_pms.aws.faults import Operation


def reading(bucket: str, key: str, kms_key_id: str | None) -> Operation:
    """Getting an object; without s3:ListBucket a key that is not there is refused instead of missed."""
    return Operation(
        doing=f"Reading s3://{bucket}/{key}",
        thing=f"bucket {bucket}",
        right="s3:GetObject, and s3:ListBucket",
        kms_key=_encryption_key(bucket, kms_key_id),
        kms_right="kms:Decrypt",
    )


def writing(bucket: str, key: str, kms_key_id: str | None) -> Operation:
    """Putting an object that is not there yet."""
    return _putting(bucket, key, kms_key_id, right="s3:PutObject")


def swapping(bucket: str, key: str, kms_key_id: str | None) -> Operation:
    """Putting an object in place of a known one; S3 also wants the right to read for If-Match."""
    return _putting(bucket, key, kms_key_id, right="s3:PutObject, and s3:GetObject")


def listing(bucket: str, prefix: str) -> Operation:
    """Listing keys."""
    return Operation(doing=f"Listing s3://{bucket}/{prefix}", thing=f"bucket {bucket}", right="s3:ListBucket")


def _putting(bucket: str, key: str, kms_key_id: str | None, *, right: str) -> Operation:
    return Operation(
        doing=f"Writing s3://{bucket}/{key}",
        thing=f"bucket {bucket}",
        right=right,
        kms_key=_encryption_key(bucket, kms_key_id),
        kms_right="kms:GenerateDataKey",
    )


def _encryption_key(bucket: str, kms_key_id: str | None) -> str:
    return f"KMS key {kms_key_id} (AWS_S3_KMS_KEY_ID)" if kms_key_id else f"the KMS key of bucket {bucket}"
