"""The keys of the two APIs as `settings` give them, or name the secrets that hold them."""

from collections.abc import Callable, Sequence

from host_pms.bootstrap.storage import aws
from host_pms.clients.keys import (
    EVERYBODY,
    GivenKeys,
    KeptKeys,
    Keys,
    KeysByHolder,
    SecretKeys,
    keys_of_hotels,
    one_key,
)
from host_pms.config.logging import mask
from host_pms.config.settings import Settings


def esb_keys(settings: Settings, kept: KeptKeys) -> Keys:
    """The ESB's one key, as everybody's."""
    if settings.esb_api_key_secret:
        secrets = (settings.esb_api_key_secret,)
        return _secret_keys(settings, secrets, "ESB_API_KEY_SECRET", one_key, kept)
    keys = {} if settings.esb_api_key is None else {EVERYBODY: settings.esb_api_key}
    return GivenKeys(keys=keys, remedy="Check ESB_API_KEY.", missing="Set ESB_API_KEY.")


def host_keys(settings: Settings, kept: KeptKeys) -> Keys:
    """The Host API's keys: the hotels' own, and the one for all others."""
    if settings.host_api_keys_secret:
        secrets = settings.host_api_keys_secret
        return _secret_keys(settings, secrets, "HOST_API_KEYS_SECRET", keys_of_hotels, kept)
    shared = settings.host_api_subscription_key
    where = "HOST_API_SUBSCRIPTION_KEY, or the hotel's own in HOST_API_SUBSCRIPTION_KEYS."
    return GivenKeys(
        keys={**settings.host_api_subscription_keys, **({EVERYBODY: shared} if shared else {})},
        remedy=f"Check {where}",
        missing=f"Set {where}",
    )


def _secret_keys(
    settings: Settings,
    secrets: Sequence[str],
    variable: str,
    parse: Callable[[str], KeysByHolder],
    kept: KeptKeys,
) -> SecretKeys:
    from host_pms.aws.secrets import AwsSecrets  # noqa: PLC0415 - only what is used is loaded

    return SecretKeys(
        secrets=secrets,
        variable=variable,
        store=AwsSecrets(variable=variable, **aws(settings)),
        parse=parse,
        kept=kept,
        learn=mask,
    )
