"""A function that does not know when it ends, so that the platform has to end it."""

from typing import Any

from host_pms.lambda_handler import lambda_handler


class Late:
    """A context that promises an hour."""

    def get_remaining_time_in_millis(self) -> int:
        return 3_600_000


def handler(event: Any, _context: Any) -> Any:
    """The product's, with another context."""
    return lambda_handler(event, Late())
