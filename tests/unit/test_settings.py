"""Settings: what may be set, what stands where nothing is, and how faults are told."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from host_pms.config.settings import (
    Settings,
    given_settings,
    read_archive_settings,
    read_settings,
    unknown_variables,
)
from host_pms.config.values import duration
from host_pms.errors import SettingsError, UsageError

EXAMPLE = Path(__file__).parents[2] / ".env.example"
REQUIRED = {"ESB_API_KEY": "sesame-esb", "HOST_API_SUBSCRIPTION_KEY": "sesame-host"}
NO_DEFAULT = {
    "AWS_ENDPOINT_URL",
    "AWS_S3_KMS_KEY_ID",
    "ESB_API_KEY_SECRET",
    "HOST_API_KEYS_SECRET",
    "HOST_API_SUBSCRIPTION_KEYS",
    "RATE_BUDGET_TABLE",
}
SECRETS = {"ESB_API_KEY_SECRET", "HOST_API_KEYS_SECRET"}


@pytest.fixture(autouse=True)
def _silent_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's own variables say nothing, so that the file of a test says all."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    return tmp_path / "test.env"


def read(env_file: Path, **given: str) -> Settings:
    env_file.write_text("".join(f"{name}='{value}'\n" for name, value in {**REQUIRED, **given}.items()))
    return read_settings(env_file)


def faults(env_file: Path, **given: str) -> list[str]:
    with pytest.raises(SettingsError) as raised:
        read(env_file, **given)
    return list(raised.value.faults)


def examples() -> dict[str, str]:
    """Every variable of .env.example, with the value that it has there, be it commented out or not."""
    return dict(re.findall(r"^#?([A-Z][A-Z0-9_]*)=(.*)$", EXAMPLE.read_text(), re.MULTILINE))


def test_every_field_is_a_variable_of_the_example_and_vice_versa() -> None:
    assert set(examples()) == {name.upper() for name in Settings.model_fields}


def test_what_the_example_shows_can_be_set(env_file: Path) -> None:
    shown = {name: value for name, value in examples().items() if "<" not in value}
    settings = read(env_file, **{name: value for name, value in shown.items() if name not in SECRETS})
    assert settings.aws_s3_kms_key_id == "alias/pms"
    assert settings.import_lookback == timedelta(hours=2)
    named = read(env_file, **shown, **dict.fromkeys(REQUIRED, ""))
    assert named.esb_api_key_secret == "pms/esb-api-key"  # noqa: S105 - a name
    assert named.host_api_keys_secret == ("pms/host-api-keys",)


def test_the_example_as_it_stands_is_refused_for_its_placeholders() -> None:
    with pytest.raises(SettingsError) as raised:
        read_settings(EXAMPLE)
    assert [fault.split(":")[0] for fault in raised.value.faults] == list(REQUIRED)


def test_past_runs_need_the_storage_alone(env_file: Path) -> None:
    env_file.write_text("STORAGE=local\nESB_API_KEY=<key>\nHOST_API_RATE_LIMIT=none\nLEASE_TTL=90s\n")
    settings = read_archive_settings(env_file)
    assert (settings.storage, settings.lease_ttl) == ("local", timedelta(seconds=90))
    assert settings.secrets == ()
    env_file.write_text("STORAGE=cloud\nREJECT_LIMIT=2\n")
    with pytest.raises(SettingsError) as raised:
        read_archive_settings(env_file)
    assert [fault.split(":")[0] for fault in raised.value.faults] == ["REJECT_LIMIT", "STORAGE"]


def test_the_example_tells_the_defaults(env_file: Path) -> None:
    told = re.findall(r"default: (.+)\.\n#([A-Z0-9_]+)=", EXAMPLE.read_text())
    defaults = {name: text for text, name in told if name not in NO_DEFAULT}
    del defaults["LOG_FORMAT"]  # it depends on the terminal, and is None until that is asked
    assert len(defaults) == len(Settings.model_fields) - len(REQUIRED) - len(NO_DEFAULT) - 1
    assert read(env_file, **defaults) == read(env_file)
    assert [name for name in NO_DEFAULT if getattr(read(env_file), name.lower())] == []


def test_defaults(env_file: Path) -> None:
    settings = read(env_file)
    assert settings.model_dump(exclude={"esb_api_key", "host_api_subscription_key"}) == {
        "environment": "dev",
        "debug": False,
        "aws_region": "us-east-1",
        "aws_endpoint_url": None,
        "aws_s3_raw_prefix": "{env}-pms-raw-",
        "aws_s3_processed_prefix": "{env}-pms-",
        "aws_sqs_queue_name": "{env}-pms-processor-queue.fifo",
        "aws_s3_kms_key_id": None,
        "storage": "aws",
        "local_root": Path("data"),
        "esb_base_url": "https://esb.climber.com/api",
        "esb_api_key_header": "X-API-Key",
        "host_api_base_url": "https://hostapi.azure-api.net/rms-v2",
        "host_api_subscription_keys": {},
        "host_api_rate_limit": 200,
        "import_lookback": timedelta(hours=2),
        "inventory_horizon_days": 365,
        "max_retries": 3,
        "max_concurrent_hotels": 8,
        "max_records_per_file": 250_000,
        "reject_limit": 0.05,
        "reservation_id_format": "composite",
        "lease_ttl": timedelta(seconds=120),
        "esb_api_key_secret": None,
        "host_api_keys_secret": None,
        "rate_budget_table": None,
        "rate_budget_processes": 1,
        "log_level": "INFO",
        "log_format": None,
        "metrics": "none",
    }


def test_the_environment_stands_in_the_names_of_buckets_and_queue(env_file: Path) -> None:
    settings = read(env_file, ENVIRONMENT="prod", AWS_S3_PROCESSED_PREFIX="acme-{env}-")
    assert settings.buckets.raw_reservations == "prod-pms-raw-reservations"
    assert settings.buckets.segments == "acme-prod-segments"
    assert settings.queue_name == "prod-pms-processor-queue.fifo"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0h", timedelta(0)),
        ("2h", timedelta(hours=2)),
        ("90m", timedelta(minutes=90)),
        (" 120 s ", timedelta(seconds=120)),
        ("1d", timedelta(days=1)),
        ("3650d", timedelta(days=3650)),
    ],
)
def test_durations(text: str, expected: timedelta) -> None:
    assert duration(text) == expected


@pytest.mark.parametrize(
    "text", ["", "2", "2 hours", "-2h", "1.5h", "2h30m", "٢h", "PT2H", "3651d", "9" * 40 + "d"]
)
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no duration|at most"):
        duration(text)


WRONG = {
    "ENVIRONMENT": "production",
    "DEBUG": "sometimes",
    "AWS_ENDPOINT_URL": "somewhere",
    "AWS_S3_RAW_PREFIX": "../",
    "AWS_S3_PROCESSED_PREFIX": "Upper-",
    "AWS_SQS_QUEUE_NAME": "no-fifo",
    "STORAGE": "tape",
    "ESB_BASE_URL": "esb.climber.com",
    "ESB_API_KEY_HEADER": "X API: Key",
    "HOST_API_BASE_URL": "",
    "HOST_API_SUBSCRIPTION_KEYS": '{"HOTEL001": "sesame"',
    "HOST_API_RATE_LIMIT": "-1",
    "IMPORT_LOOKBACK": "soon",
    "INVENTORY_HORIZON_DAYS": "4000",
    "MAX_RETRIES": "11",
    "MAX_CONCURRENT_HOTELS": "0",
    "MAX_RECORDS_PER_FILE": "0",
    "REJECT_LIMIT": "nan",
    "RESERVATION_ID_FORMAT": "uuid",
    "LEASE_TTL": "2s",
    "LOG_LEVEL": "loud",
    "LOG_FORMAT": "xml",
    "ESB_API_KEY_SECRET": "two words",
    "HOST_API_KEYS_SECRET": "one,,two",
    "RATE_BUDGET_TABLE": "a table",
    "RATE_BUDGET_PROCESSES": "0",
}


def test_all_faults_are_told_together_each_with_its_variable(env_file: Path) -> None:
    # A secret that is named wrongly would stand for the key that is missing.
    wrong = {name: value for name, value in WRONG.items() if name not in SECRETS}
    wrong |= {"HOST_API_BASE_URL": "ftp:", "ESB_API_KEY": ""}
    assert sorted(fault.split(":")[0] for fault in faults(env_file, **wrong)) == sorted(wrong)


@pytest.mark.parametrize("name", [name for name, value in WRONG.items() if value])
def test_one_fault_is_told_alone(env_file: Path, name: str) -> None:
    (fault,) = faults(env_file, **{name: WRONG[name]})
    assert re.fullmatch(rf"{name}: [a-z].*", fault)


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ('{"HOTEL001": "sesame', "is no JSON object of hotel codes and keys"),
        ('["sesame"]', "input should be a valid dictionary"),
        ('{"../x": "sesame"}', "must have hotel codes as its names"),
        ('{"HOTEL001": ["sesame"]}', "input should be a valid string"),
    ],
)
def test_wrong_keys_of_hotels_are_told_without_the_keys(env_file: Path, keys: str, says: str) -> None:
    with pytest.raises(SettingsError) as raised:
        read(env_file, HOST_API_SUBSCRIPTION_KEYS=keys)
    assert list(raised.value.faults) == [f"HOST_API_SUBSCRIPTION_KEYS: {says}"]
    assert "sesame" not in str(raised.value) + repr(raised.value)


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({}, ["ESB_API_KEY", "HOST_API_SUBSCRIPTION_KEY"]),
        ({"ESB_API_KEY": "sesame"}, ["HOST_API_SUBSCRIPTION_KEY"]),
        ({"HOST_API_SUBSCRIPTION_KEY": "sesame"}, ["ESB_API_KEY"]),
        ({"HOST_API_SUBSCRIPTION_KEYS": '{"HOTEL001": "sesame"}'}, ["ESB_API_KEY"]),
        ({"HOST_API_SUBSCRIPTION_KEYS": "{}"}, ["ESB_API_KEY", "HOST_API_SUBSCRIPTION_KEY"]),
    ],
)
def test_missing_keys_are_told_together(env_file: Path, given: dict[str, str], missing: list[str]) -> None:
    env_file.write_text("".join(f"{name}='{value}'\n" for name, value in given.items()))
    with pytest.raises(SettingsError) as raised:
        read_settings(env_file)
    assert [fault.split(":")[0] for fault in raised.value.faults] == missing
    assert all(": is missing" in fault for fault in raised.value.faults)


def test_each_process_has_a_call_a_minute(env_file: Path) -> None:
    assert read(env_file, RATE_BUDGET_PROCESSES="200").rate_budget_processes == 200
    assert read(env_file, RATE_BUDGET_PROCESSES="500", HOST_API_RATE_LIMIT="0").rate_budget_processes == 500
    (fault,) = faults(env_file, RATE_BUDGET_PROCESSES="201")
    assert fault.startswith("RATE_BUDGET_PROCESSES: must be at most HOST_API_RATE_LIMIT")


def test_names_of_secrets_stand_for_the_keys(env_file: Path) -> None:
    env_file.write_text("ESB_API_KEY_SECRET=pms/esb\nHOST_API_KEYS_SECRET=pms/host-1, pms/host-2\n")
    settings = read_settings(env_file)
    assert (settings.esb_api_key, settings.host_api_subscription_key, settings.secrets) == (None, None, ())
    assert settings.host_api_keys_secret == ("pms/host-1", "pms/host-2")


@pytest.mark.parametrize(
    ("given", "variable", "secret"),
    [
        ({"ESB_API_KEY_SECRET": "pms/esb"}, "ESB_API_KEY", "ESB_API_KEY_SECRET"),
        ({"HOST_API_KEYS_SECRET": "pms/host"}, "HOST_API_SUBSCRIPTION_KEY", "HOST_API_KEYS_SECRET"),
        (
            {
                "HOST_API_KEYS_SECRET": "pms/host",
                "HOST_API_SUBSCRIPTION_KEY": "",
                "HOST_API_SUBSCRIPTION_KEYS": '{"HOTEL001": "sesame"}',
            },
            "HOST_API_SUBSCRIPTION_KEYS",
            "HOST_API_KEYS_SECRET",
        ),
    ],
)
def test_a_key_and_the_name_of_its_secret_are_one_too_many(
    env_file: Path, given: dict[str, str], variable: str, secret: str
) -> None:
    assert faults(env_file, **given) == [f"{variable}: is set, and so is {secret}; keep one of them"]


def test_a_wrong_name_of_a_secret_is_not_also_a_missing_key(env_file: Path) -> None:
    names = {"ESB_API_KEY_SECRET": "two words", "HOST_API_KEYS_SECRET": "one,,two"}
    told = faults(env_file, **names, **dict.fromkeys(REQUIRED, ""))
    assert [fault.split(":")[0] for fault in told] == sorted(names)


def test_a_hotels_own_keys_are_enough(env_file: Path) -> None:
    keys = '{"HOTEL001": "sesame-1", "HOTEL002": "sesame-2"}'
    settings = read(env_file, HOST_API_SUBSCRIPTION_KEY="", HOST_API_SUBSCRIPTION_KEYS=keys)
    assert settings.host_api_subscription_key is None
    assert settings.secrets == ("sesame-esb", "sesame-1", "sesame-2")


def test_secrets_stand_in_no_text_of_the_settings(env_file: Path) -> None:
    settings = read(env_file, HOST_API_SUBSCRIPTION_KEYS='{"HOTEL001": "sesame-own"}')
    texts: list[Any] = [str(settings), repr(settings), settings.model_dump(), settings.model_dump_json()]
    assert "sesame" not in "".join(str(text) for text in texts)
    assert set(settings.secrets) == {"sesame-esb", "sesame-host", "sesame-own"}


def test_settings_do_not_change(env_file: Path) -> None:
    settings = read(env_file)
    with pytest.raises(ValidationError):
        settings.debug = True  # type: ignore[misc]


def test_the_environment_counts_before_the_file(env_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAX_RETRIES", "7")
    monkeypatch.setenv("LOG_LEVEL", "")
    settings = read(env_file, MAX_RETRIES="5", LOG_LEVEL="warning")
    assert (settings.max_retries, settings.log_level) == (7, "WARNING")


def test_a_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"There is no file .*absent\.env"):
        read_settings(tmp_path / "absent.env")


def test_given_settings_come_from_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "loud")
    monkeypatch.setenv("MAX_RETRIES", "7")
    monkeypatch.setenv("HOST_API_SUBSCRIPTION_KEYS", '{"HOTEL001": "sesame"}')
    settings = given_settings(esb_api_key=SecretStr("esb"), host_api_subscription_key=SecretStr("host"))
    assert (settings.max_retries, settings.host_api_subscription_keys) == (3, {})


def test_unknown_variables_of_our_two_apis_are_found(env_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    env_file.write_text("HOST_API_KEY=1\nMAX_RETRY=1\nESB_API_KEY=1\nHOSTNAME=x\n")
    monkeypatch.setenv("ESB_URL", "http://example.org")
    assert {"ESB_URL", "HOST_API_KEY"} <= set(unknown_variables(env_file))
    assert not {"MAX_RETRY", "ESB_API_KEY", "HOSTNAME"} & set(unknown_variables(env_file))
