"""The tree of errors, by what to do next.

    ConnectorError                 names the operation, the thing and the remedy
    ├── UsageError                 2  the command was given something it cannot work with
    │   └── SettingsError             every fault of the settings at once
    ├── TransientError             4  the next run goes on; nothing was published in part
    │   ├── RateLimitedError          … but not before a known moment
    │   ├── IncompleteListError       … but must read this list from its start
    │   └── StoppedError              somebody asked the command to stop
    ├── BusyError                  5  another worker has the hotel
    ├── NeedsPersonError           6  trying again would not help
    │   ├── AccessDeniedError         a key was refused
    │   └── DivergentObjectError      an object exists already with other bytes
    ├── VersionMismatchError          for the caller of `HeadStore.swap`, never for a person
    └── WriteConflictError            likewise

A reservation or posting that cannot be read is no error but a value
(`models.host.rejects.Reject`), in the same stream as the readable ones.
"""

from collections.abc import Sequence
from datetime import datetime


class ConnectorError(Exception):
    """What failed, in one line, and what to do about it.

    Never carries a guest's data, a secret or a response's text.
    """

    exit_code = 1

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class UsageError(ConnectorError):
    """The command was given something that it cannot work with; nothing was called."""

    exit_code = 2


class SettingsError(UsageError):
    """Settings that are missing or wrong, all of them together."""

    def __init__(self, faults: Sequence[str]) -> None:
        lines = [
            "These settings are missing or wrong:",
            *(f"  {fault}" for fault in faults),
            "Set them in the environment or in a .env file; .env.example lists all of them.",
        ]
        super().__init__("\n".join(lines))
        self.faults = tuple(faults)


class TransientError(ConnectorError):
    """Upstream is down, slow, or answered in part; the next run reads anew."""

    exit_code = 4


class RateLimitedError(TransientError):
    """The key's limit or quota is spent until `not_before`, later than this run may wait."""

    def __init__(self, message: str, *, not_before: datetime, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.not_before = not_before


class IncompleteListError(TransientError):
    """A list could not be read to its end: what was read of it is of no use."""


class StoppedError(TransientError):
    """A signal asked the command to stop, and it did so between two calls."""


class BusyError(ConnectorError):
    """Another worker holds the hotel; no failure."""

    exit_code = 5


class NeedsPersonError(ConnectorError):
    """Trying again would not help: a person must change something."""

    exit_code = 6


class AccessDeniedError(NeedsPersonError):
    """A key was refused (401, or 403 that is not a quota)."""


class DivergentObjectError(NeedsPersonError):
    """An object that is created once exists already with other bytes."""


class VersionMismatchError(ConnectorError):
    """A head was not swapped, as another version is there, or none: the caller reads it and decides."""


class WriteConflictError(ConnectorError):
    """A head was not swapped, as another write was under way: the caller sends the same again."""
