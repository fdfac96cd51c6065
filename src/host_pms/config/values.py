"""Single values as a person writes them: durations, addresses, names."""

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import AnyHttpUrl, BeforeValidator, Field, TypeAdapter
from pydantic_settings import NoDecode

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_DURATION = re.compile(r"(\d+)\s*([smhd])", re.ASCII)
_LONGEST = timedelta(days=3650)  # a date less this is still one


def duration(value: Any) -> Any:
    """`2h`, `90m`, `120s` or `1d` as a length of time.

    Raises:
        ValueError: it is none of these.
    """
    if not isinstance(value, str):
        return value
    found = _DURATION.fullmatch(value.strip())
    if found is None:
        raise ValueError("is no duration such as 2h, 90m or 120s")
    try:
        length = timedelta(**{_UNITS[found[2]]: int(found[1])})
    except OverflowError:
        length = timedelta.max
    if length > _LONGEST:
        raise ValueError(f"must be at most {_LONGEST.days}d")
    return length


def _checked_url(value: str) -> str:
    TypeAdapter(AnyHttpUrl).validate_python(value)
    return value


def _listed(value: Any) -> Any:
    return tuple(part.strip() for part in value.split(",")) if isinstance(value, str) else value


Duration = Annotated[timedelta, BeforeValidator(duration)]
Url = Annotated[str, BeforeValidator(_checked_url)]

BucketPrefix = Annotated[str, Field(pattern=r"^([a-z0-9]|\{env\})([a-z0-9.-]|\{env\}){0,48}$")]
"""S3's own rule, with room for the kind's name."""

FifoQueueName = Annotated[str, Field(pattern=r"^([A-Za-z0-9_-]|\{env\}){1,75}\.fifo$")]
"""SQS's own rule."""

SecretName = Annotated[str, Field(pattern=r"^[A-Za-z0-9/_+=.@:-]{1,2048}$")]
"""A secret's name or ARN, by Secrets Manager's own rule."""

TableName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{3,255}$")]
"""DynamoDB's own rule."""

# NoDecode: the names are separated by commas, and pydantic-settings would want JSON.
SecretNames = Annotated[tuple[SecretName, ...], NoDecode, BeforeValidator(_listed)]
