"""Every setting, read once at start from the environment and `.env` into one frozen value."""

import json
import os
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from host_pms.config.values import (
    BucketPrefix,
    Duration,
    FifoQueueName,
    SecretName,
    SecretNames,
    TableName,
    Url,
)
from host_pms.errors import SettingsError, UsageError
from host_pms.models.run import Buckets, is_hotel_code

_OWN_PREFIXES = ("HOST_", "ESB_")


class ArchiveSettings(BaseSettings):
    """Where runs are kept and how files are made of them: no key, and nothing of Host or the ESB.

    The variables are the fields' names in capitals.
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    environment: Literal["dev", "staging", "prod"] = "dev"
    debug: bool = False
    aws_region: str = "us-east-1"
    aws_endpoint_url: Url | None = None
    aws_s3_raw_prefix: BucketPrefix = "{env}-pms-raw-"
    aws_s3_processed_prefix: BucketPrefix = "{env}-pms-"
    aws_sqs_queue_name: FifoQueueName = "{env}-pms-processor-queue.fifo"
    aws_s3_kms_key_id: str | None = None
    storage: Literal["aws", "local"] = "aws"
    local_root: Path = Path("./data")
    import_lookback: Duration = timedelta(hours=2)
    inventory_horizon_days: int = Field(default=365, ge=0, le=3650)
    max_retries: int = Field(default=3, ge=0, le=10)
    max_concurrent_hotels: int = Field(default=8, ge=1, le=256)
    max_records_per_file: int = Field(default=250_000, ge=1)
    reject_limit: float = Field(default=0.05, ge=0, le=1)
    reservation_id_format: Literal["composite", "numeric"] = "composite"
    lease_ttl: Duration = timedelta(seconds=120)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["console", "json"] | None = None
    metrics: Literal["none", "emf"] = "none"

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: Any) -> Any:
        return value.upper() if isinstance(value, str) else value

    @field_validator("lease_ttl")
    @classmethod
    def _not_too_short(cls, value: timedelta) -> timedelta:
        if value < timedelta(seconds=3):
            raise ValueError("must be at least 3s")
        return value

    @property
    def buckets(self) -> Buckets:
        """The six buckets of this environment."""
        return Buckets(
            raw_prefix=self._named(self.aws_s3_raw_prefix),
            processed_prefix=self._named(self.aws_s3_processed_prefix),
        )

    @property
    def queue_name(self) -> str:
        """The trigger's queue in this environment."""
        return self._named(self.aws_sqs_queue_name)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every secret's text, for redaction."""
        return ()

    def _named(self, pattern: str) -> str:
        return pattern.replace("{env}", self.environment)


class Settings(ArchiveSettings):
    """All settings. Secrets never show in a text of it.

    Keys are given themselves or by the names of secrets that hold them, never both.
    """

    esb_base_url: Url = "https://esb.climber.com/api"
    # The names of secrets come first: what a key may be depends on them.
    esb_api_key_secret: SecretName | None = None
    esb_api_key: SecretStr | None = Field(default=None, validate_default=True)
    esb_api_key_header: str = Field(default="X-API-Key", pattern=r"^[A-Za-z0-9-]+$")
    host_api_base_url: Url = "https://hostapi.azure-api.net/rms-v2"
    host_api_keys_secret: SecretNames | None = None
    # NoDecode: broken JSON is a fault of this variable among the others, not pydantic's own exception.
    host_api_subscription_keys: Annotated[dict[str, SecretStr], NoDecode] = {}
    host_api_subscription_key: SecretStr | None = Field(default=None, validate_default=True)
    host_api_rate_limit: int = Field(default=200, ge=0)
    rate_budget_table: TableName | None = None
    rate_budget_processes: int = Field(default=1, ge=1)

    @field_validator("esb_api_key", "host_api_subscription_key")
    @classmethod
    def _not_the_placeholder(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and value.get_secret_value().startswith("<"):
            raise ValueError("still holds the placeholder of .env.example")
        return value

    @field_validator("host_api_subscription_keys", mode="before")
    @classmethod
    def _json_object(cls, value: Any) -> Any:
        try:
            return json.loads(value) if isinstance(value, str) else value
        except ValueError:
            raise ValueError("is no JSON object of hotel codes and keys") from None

    @field_validator("host_api_subscription_keys")
    @classmethod
    def _keys_of_hotels(cls, value: dict[str, SecretStr], info: ValidationInfo) -> dict[str, SecretStr]:
        if not all(is_hotel_code(code) for code in value):
            raise ValueError("must have hotel codes as its names")
        _refuse_both(value, info, "host_api_keys_secret")
        return value

    @field_validator("esb_api_key")
    @classmethod
    def _some_esb_key(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        _refuse_both(value, info, "esb_api_key_secret")
        if value is None and info.data.get("esb_api_key_secret", "") is None:
            raise ValueError("is missing, and ESB_API_KEY_SECRET names no secret that holds it")
        return value

    @field_validator("host_api_subscription_key")
    @classmethod
    def _some_host_key(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        _refuse_both(value, info, "host_api_keys_secret")
        named = info.data.get("host_api_keys_secret", "")
        if value is None and named is None and info.data.get("host_api_subscription_keys") == {}:
            raise ValueError(
                "is missing, no hotel has a key of its own, and HOST_API_KEYS_SECRET names no secret"
            )
        return value

    @field_validator("rate_budget_processes")
    @classmethod
    def _a_call_for_each(cls, value: int, info: ValidationInfo) -> int:
        limit = info.data.get("host_api_rate_limit", 0)
        if value > limit > 0:
            raise ValueError("must be at most HOST_API_RATE_LIMIT, so that every process has a call a minute")
        return value

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every secret's text that is given here, for redaction."""
        keys = (self.esb_api_key, self.host_api_subscription_key, *self.host_api_subscription_keys.values())
        return tuple(key.get_secret_value() for key in keys if key is not None)


def _refuse_both(value: Any, info: ValidationInfo, secret: str) -> None:
    if value and info.data.get(secret):
        raise ValueError(f"is set, and so is {secret.upper()}; keep one of them")


Kind = TypeVar("Kind", bound=ArchiveSettings)


def read_settings(env_file: Path | None = None) -> Settings:
    """The settings of the environment, and of `env_file` (else `.env`) where the environment is silent.

    Raises:
        SettingsError: some are missing or wrong; all of them are named, none of their values.
        UsageError: `env_file` was named and is not there, or the file cannot be read as text.
    """
    return _read(Settings, env_file)


def read_archive_settings(env_file: Path | None = None) -> ArchiveSettings:
    """Those that suffice where neither Host nor the ESB is asked, read as `read_settings` does."""
    return _read(ArchiveSettings, env_file)


def _read(kind: type[Kind], env_file: Path | None) -> Kind:
    if env_file is not None and not env_file.is_file():
        raise UsageError(f"There is no file {env_file}.", remedy="--env-file names a file of settings.")
    try:
        return kind(_env_file=env_file or ".env")  # type: ignore[call-arg]  # pydantic-settings' own
    except ValidationError as error:
        faults = [_fault(found["loc"], found["type"], found["msg"]) for found in error.errors()]
        raise SettingsError(sorted(set(faults))) from None
    except (OSError, UnicodeDecodeError):
        raise UsageError(
            f"{env_file or '.env'} cannot be read.",
            remedy="It must be a text in UTF-8 that this user may read.",
        ) from None


def given_settings(**values: Any) -> Settings:
    """Settings given by value alone: neither a file nor the environment serves for what is not given."""
    return _GivenSettings(**values)


class _GivenSettings(Settings):
    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic's form
        init_settings: PydanticBaseSettingsSource,
        *_more: Any,
        **_others: Any,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


def unknown_variables(env_file: Path | None = None) -> Sequence[str]:
    """`HOST_*` and `ESB_*` variables that no setting reads: most are misspelt."""
    known = {name.upper() for name in Settings.model_fields}
    given: Mapping[str, Any] = {**dotenv_values(env_file or ".env"), **os.environ}
    return sorted(
        name for name in given if name.upper().startswith(_OWN_PREFIXES) and name.upper() not in known
    )


def _fault(place: tuple[int | str, ...], kind: str, message: str) -> str:
    said = "is missing" if kind == "missing" else message.removeprefix("Value error, ")
    reason = re.sub(r"^([A-Z])(?=[a-z ])", lambda m: m[1].lower(), said)
    return f"{str(place[0]).upper()}: {reason}"
