"""The machine's time and chance, and when a run must stop."""

import random
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

from host_pms.errors import StoppedError


@dataclass(kw_only=True)
class Stop:
    """Says when a run must stop: somebody asked for it, or its time is up.

    `ends_at` is a moment of `time.monotonic`, after which no new page is read.
    """

    ends_at: float | None = None
    asked: threading.Event = field(default_factory=threading.Event)

    def check(self) -> None:
        """Return if the run may go on.

        Raises:
            StoppedError: it may not.
        """
        left = self.seconds_left()
        if self.asked.is_set() or (left is not None and left <= 0):
            raise StoppedError(
                "Stopped before the hotel was read to its end.",
                remedy="What was read is kept; the next run goes on there.",
            )

    def seconds_left(self) -> float | None:
        """Seconds until the time is up; None if there is no end."""
        return None if self.ends_at is None else self.ends_at - time.monotonic()


@dataclass(frozen=True)
class SystemClock:
    """The machine's clock; a sleep ends at once when the run must stop."""

    stop: Stop

    def now(self) -> datetime:
        """The wall clock, in UTC and aware."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Return after `seconds`.

        Raises:
            StoppedError: the run must stop.
        """
        self.stop.asked.wait(seconds)
        self.stop.check()

    def uniform(self, upper: float) -> float:
        """A number drawn evenly from 0 to `upper`."""
        return random.uniform(0, upper)  # noqa: S311 - jitter, not a secret
