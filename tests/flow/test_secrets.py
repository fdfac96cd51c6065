"""Keys from AWS Secrets Manager, for which moto's server stands in, through the whole connector."""

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from boto3.session import Session
from commands import host_pms, log_lines, variables
from moto_server import moto_server
from pydantic import SecretStr

from host_pms.bootstrap import Kept, application, ignore
from host_pms.clock import Stop
from host_pms.config.settings import given_settings
from host_pms.errors import AccessDeniedError
from host_pms.simulator.server import Simulator

if TYPE_CHECKING:
    from types_boto3_secretsmanager.client import SecretsManagerClient

REGION = "eu-west-1"
ACCOUNT = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing-secret"}
OWN_KEY = "sesame-of-hotel-3"
_names = itertools.count(1)


@dataclass(frozen=True)
class Vault:
    """Secrets with names that no other test has."""

    endpoint: str
    client: "SecretsManagerClient"
    name: str

    def put(self, name: str, text: str) -> str:
        full = f"{self.name}/{name}"
        self.client.create_secret(Name=full, SecretString=text)
        return full

    def settings(self, **names: str) -> dict[str, str]:
        """The storage is a folder, so that secrets alone come from AWS."""
        return {
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL": self.endpoint,
            "ESB_API_KEY": "",
            "HOST_API_SUBSCRIPTION_KEY": "",
            **ACCOUNT,
            **names,
        }


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with moto_server() as address:
        yield address


@pytest.fixture(autouse=True)
def _account(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ACCOUNT.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def vault(endpoint: str) -> Vault:
    session = Session(
        aws_access_key_id=ACCOUNT["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=ACCOUNT["AWS_SECRET_ACCESS_KEY"],
    )
    client = session.client("secretsmanager", endpoint_url=endpoint, region_name=REGION)
    return Vault(endpoint, client, f"vault-{next(_names)}")


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(hotels=3, bookings=3, host_keys={"HOTEL003": OWN_KEY}) as running:
        yield running


def test_hotels_are_synced_with_keys_that_stand_in_no_setting_and_in_no_log(
    vault: Vault, simulator: Simulator, tmp_path: Path
) -> None:
    shared = vault.put("shared", json.dumps({"*": simulator.host_key}))
    own = vault.put("own", json.dumps({"HOTEL003": OWN_KEY}))
    names = {"ESB_API_KEY_SECRET": vault.put("esb", simulator.esb_key)}
    names["HOST_API_KEYS_SECRET"] = f"{shared}, {own}"
    given = variables(simulator, **vault.settings(**names), LOG_LEVEL="DEBUG", DEBUG="True")
    done = host_pms("sync", cwd=tmp_path, given=given)
    assert done.returncode == 0, done.stderr
    assert len({registration.body["hotelCode"] for registration in simulator.esb.registrations}) == 3
    for secret in (simulator.host_key, simulator.esb_key, OWN_KEY):
        assert secret not in done.stdout + done.stderr


def test_a_missing_secret_of_the_esb_ends_the_command_and_names_it(
    vault: Vault, simulator: Simulator, tmp_path: Path
) -> None:
    keys = vault.put("keys", json.dumps({"*": simulator.host_key}))
    names = {"ESB_API_KEY_SECRET": "nowhere/esb", "HOST_API_KEYS_SECRET": keys}
    done = host_pms("hotels", cwd=tmp_path, given=variables(simulator, **vault.settings(**names)))
    assert (done.returncode, done.stdout) == (6, "")
    (line,) = log_lines(done.stderr)
    assert line["message"] == (
        "Reading secret nowhere/esb failed: AWS answered ResourceNotFoundException (404). "  # AWS itself: 400
        "Create secret nowhere/esb (ESB_API_KEY_SECRET), or correct the setting that names it."
    )


def test_a_key_that_the_server_refuses_is_told_by_the_name_of_its_secret(
    vault: Vault, simulator: Simulator, tmp_path: Path
) -> None:
    bad = vault.put("bad", json.dumps({"*": "sesame-that-is-wrong"}))
    names = {"ESB_API_KEY_SECRET": vault.put("esb", simulator.esb_key), "HOST_API_KEYS_SECRET": bad}
    given = variables(simulator, **vault.settings(**names))
    done = host_pms("sync", "--hotel", "HOTEL001", cwd=tmp_path, given=given)
    assert done.returncode == 6
    (line,) = (line for line in log_lines(done.stderr) if line["level"] == "ERROR")
    assert f"Check the key in secret {bad} (HOST_API_KEYS_SECRET)" in line["message"]
    assert "sesame-that-is-wrong" not in done.stdout + done.stderr


def test_a_warm_process_keeps_its_keys_and_reads_them_again_when_they_were_changed(
    vault: Vault, simulator: Simulator, tmp_path: Path
) -> None:
    name = vault.put("esb", "sesame-of-yesterday")
    settings = given_settings(
        storage="local",
        local_root=tmp_path,
        aws_region=REGION,
        aws_endpoint_url=vault.endpoint,
        esb_base_url=simulator.esb_url,
        esb_api_key_secret=name,
        host_api_base_url=simulator.host_url,
        host_api_subscription_key=SecretStr(simulator.host_key),
        max_retries=0,
    )
    kept = Kept()

    def hotels() -> tuple[str, ...]:
        with application(settings, Stop(), ignore, dry_run=True, kept=kept) as wired:
            return wired.world.esb.hotels()

    with pytest.raises(AccessDeniedError, match="401"):
        hotels()
    vault.client.put_secret_value(SecretId=name, SecretString=simulator.esb_key)
    assert len(hotels()) == 3
    vault.client.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    assert len(hotels()) == 3
