"""Whether somebody is signed in to AWS, before anything is made for it."""

from boto3.session import Session
from botocore.exceptions import BotoCoreError, ClientError


def main() -> None:
    """Print whose account and region it is.

    Raises:
        SystemExit: nobody is, or AWS does not take these credentials; one line says so.
    """
    session = Session()
    if session.get_credentials() is None:
        raise SystemExit(
            "No AWS credentials: sign in (`aws sso login`, or AWS_PROFILE), then `make deploy` again."
        )
    if session.region_name is None:
        raise SystemExit("No AWS region: set AWS_DEFAULT_REGION, then `make deploy` again.")
    try:
        account = session.client("sts").get_caller_identity()["Account"]
    except (BotoCoreError, ClientError) as error:
        raise SystemExit(f"AWS refuses these credentials: {type(error).__name__}. Sign in again.") from error
    print(f"Deploying to account {account}, region {session.region_name}.")


if __name__ == "__main__":
    main()
