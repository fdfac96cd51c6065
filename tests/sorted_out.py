"""One row as the product sorts it out."""

from typing import Any, TypeVar

from host_pms.models.host.reading import Reject, RowReader

Clean = TypeVar("Clean")


def cleaned(reader: RowReader[Any, Clean], row: Any, place: int = 0) -> Clean | Reject:
    """The row as a value, or why it was set aside."""
    values, rejects = reader.sorted_out([(place, row)])
    return (*values, *rejects)[0]
