"""Secrets in AWS Secrets Manager."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from host_pms.aws.client import default_session, once, secrets_client
from host_pms.aws.faults import Operation, translated
from host_pms.errors import NeedsPersonError

if TYPE_CHECKING:
    from boto3.session import Session
    from types_boto3_secretsmanager.client import SecretsManagerClient


class AwsSecrets:
    """The port `SecretStore` on Secrets Manager; `variable` is the setting that names the secrets.

    `session` gives the credentials; without it they come from the user's own chain.
    """

    def __init__(
        self,
        *,
        variable: str,
        region: str,
        endpoint_url: str | None = None,
        retries: int = 3,
        session: "Callable[[], Session]" = default_session,
    ) -> None:
        self._variable = variable
        self._client: Callable[[], SecretsManagerClient] = once(
            lambda: secrets_client(session(), region=region, endpoint_url=endpoint_url, retries=retries)
        )

    def read(self, name: str) -> str:
        """The secret's current text; see the port."""
        thing = f"secret {name} ({self._variable})"
        reading = Operation(
            doing=f"Reading secret {name}",
            thing=thing,
            right="secretsmanager:GetSecretValue",
            kms_key=f"the KMS key of {thing}",
            kms_right="kms:Decrypt",
        )
        with translated(reading):
            answer = self._client().get_secret_value(SecretId=name)
        if "SecretString" not in answer:
            raise NeedsPersonError(
                f"Reading secret {name} failed: it holds bytes.", remedy=f"Put a text into {thing}."
            )
        return answer["SecretString"]
