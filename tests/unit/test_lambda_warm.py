"""What a Lambda keeps from call to call."""

import time
from pathlib import Path

import pytest
from pydantic import SecretStr

from host_pms.config.settings import Settings, given_settings
from host_pms.errors import AccessDeniedError, StoppedError, TransientError
from host_pms.lambda_warm import Warm


def settings(folder: Path, key: str = "an-invented-key") -> Settings:
    return given_settings(
        storage="local",
        local_root=folder,
        esb_api_key=SecretStr("an-invented-key"),
        host_api_subscription_key=SecretStr(key),
    )


def test_a_second_call_finds_the_connector_of_the_first(tmp_path: Path) -> None:
    warm = Warm()
    with warm.call(settings(tmp_path), None) as first:
        pass
    with warm.call(settings(tmp_path), None) as second:
        assert second is first


def test_another_setting_is_heeded(tmp_path: Path) -> None:
    warm = Warm()
    with warm.call(settings(tmp_path), None) as first:
        pass
    with warm.call(settings(tmp_path, "another-key"), None) as second:
        assert second is not first
        assert second.settings.secrets != first.settings.secrets


@pytest.mark.parametrize(("error", "is_kept"), [(AccessDeniedError("?"), False), (TransientError("?"), True)])
def test_a_refused_key_may_have_been_changed_where_it_is_kept(
    error: Exception, is_kept: bool, tmp_path: Path
) -> None:
    warm = Warm()
    with warm.call(settings(tmp_path), None) as first:
        warm.forget_refused([None, error])
    with warm.call(settings(tmp_path), None) as second:
        assert (second is first) == is_kept


def test_each_call_has_its_own_end(tmp_path: Path) -> None:
    warm = Warm()
    with warm.call(settings(tmp_path), time.monotonic() - 1) as wired, pytest.raises(StoppedError):
        wired.stop.check()
    with warm.call(settings(tmp_path), time.monotonic() + 900) as wired:
        wired.stop.check()
    with pytest.raises(StoppedError):
        wired.stop.check()
