"""What this process may call with a key of a shared budget: more than it was given last is never used."""

from dataclasses import dataclass
from typing import Final

from host_pms.clients.ledger import LEASE, OUTAGE, PRESENCE

_NO_MATTER: Final = float("inf")


@dataclass(slots=True)
class Holding:
    """A grant and how long it holds; times are the clock's monotonic ones, in seconds.

    `next_renewal` is when the table is asked again, and `is_listed` whether it may tell of this process.
    """

    next_renewal: float = 0.0
    is_listed: bool = False
    _calls: int = 0
    _asked_for: float = _NO_MATTER
    _leased_until: float = 0.0
    _present_until: float = 0.0
    _cut_off_since: float | None = None
    _cut_off_until: float = 0.0

    def allowed(self, now: float, share: int) -> int:
        """So many calls in the window that ends now."""
        return int(min(self.held(now, share), self._asked_for))

    def held(self, now: float, share: int) -> int:
        """What the table gave, then the share that it reserves; and after an outage the share unseen."""
        if now < self._leased_until:
            return self._calls
        # Only a try that failed tells that there still is an outage, and that others are in it too.
        unseen = self._cut_off_since is not None and self._cut_off_until - self._cut_off_since >= OUTAGE
        return share if now < self._present_until or unseen else 0

    def cut_off(self, now: float) -> float:
        """For how many seconds the table has not been reached, as far as it was tried."""
        return 0.0 if self._cut_off_since is None else now - self._cut_off_since

    def ask_for(self, calls: int) -> None:
        """Use no more than this before the table has answered, nor if it never does."""
        self._asked_for = min(self._asked_for, calls)

    def renew(self, calls: int, asked: float) -> None:
        """The table holds these calls for this process; it was asked at `asked`."""
        self._calls = calls
        self._asked_for = _NO_MATTER
        self._leased_until = asked + LEASE if calls else 0.0
        self._present_until = asked + PRESENCE if calls else 0.0
        self._cut_off_since = None

    def lose_touch(self, now: float) -> None:
        """The table was not reached."""
        if self._asked_for == 0:
            self.give_up()
        # Between tries far apart the table may have been back, and the others may have grown.
        if self._cut_off_since is None or now - self._cut_off_until > LEASE:
            self._cut_off_since = now
        self._cut_off_until = now

    def give_up(self) -> None:
        """Hold nothing any more."""
        self.renew(0, 0.0)
