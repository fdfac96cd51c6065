"""How many calls were made, and what became of them, for the run's report."""

from collections import defaultdict
from dataclasses import dataclass, replace
from threading import Lock


@dataclass(frozen=True, kw_only=True, slots=True)
class CallCounts:
    """Calls sent, with every retry; how many of them were retries; how many answered 429."""

    calls: int = 0
    retries: int = 0
    throttles: int = 0


class CallTally:
    """Counts for any number of accounts and threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: defaultdict[str, CallCounts] = defaultdict(CallCounts)

    def of(self, account: str) -> CallCounts:
        """What was counted so far; zeros for an account that made no call."""
        with self._lock:
            return self._counts.get(account, CallCounts())

    def add(self, account: str, *, calls: int = 0, retries: int = 0, throttles: int = 0) -> None:
        """Count on."""
        with self._lock:
            old = self._counts[account]
            self._counts[account] = replace(
                old,
                calls=old.calls + calls,
                retries=old.retries + retries,
                throttles=old.throttles + throttles,
            )
