"""One process's part in the rate budgets of its keys: it renews while it calls, and leaves at its end."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from host_pms.clients.ledger import (
    RENEWAL,
    RETRY,
    Ledger,
    Member,
    Terms,
    entered,
    granted,
    read_ledger,
    reopened,
    write_ledger,
)
from host_pms.clients.window import KeyPace, Paces
from host_pms.errors import ConnectorError, NeedsPersonError, TransientError, VersionMismatchError
from host_pms.ports import Clock, RateTable

_TRIES: Final = 5
_TRIES_TO_LEAVE: Final = 10
# Whoever lost so many races tries again within a second, each at another moment.
_AGAIN: Final = 1.0
_JITTER: Final = 1.0
_KEPT_SECONDS: Final = 86_400.0


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Shares the limit of every key with up to `processes` processes, through `table`.

    `name` is this process's, and nobody else's, for as long as its windows are remembered. Nothing that
    the table does fails a call: what is wrong with it is told by `warn`, and the process keeps to its share.
    """

    table: RateTable
    clock: Clock
    processes: int
    name: str
    warn: Callable[[ConnectorError], None]

    def allowed(self, pace: KeyPace, now: float) -> int:
        """How many calls the key's window may hold now."""
        return pace.holding.allowed(now, self._terms(pace).share)

    def renew_if_due(self, key: str, pace: KeyPace) -> None:
        """Ask the table what this process may call, where that is due and no other thread does it already."""
        if self.clock.monotonic() < pace.holding.next_renewal or not pace.renewing.acquire(blocking=False):
            return
        try:
            if self.clock.monotonic() >= pace.holding.next_renewal:
                self._renew(key, pace)
        except (TransientError, NeedsPersonError) as fault:
            self._lose_touch(pace)
            self.warn(fault)
        finally:
            pace.renewing.release()

    def leave(self, paces: Paces) -> None:
        """Give all calls back to the other processes; those that were made still count for a window."""
        try:
            for key, pace in paces.all().items():
                with pace.renewing:
                    self._leave(key, pace)
        except (TransientError, NeedsPersonError) as fault:
            self.warn(fault)

    def _terms(self, pace: KeyPace) -> Terms:
        return Terms(limit=pace.limit, processes=self.processes)

    def _renew(self, key: str, pace: KeyPace) -> None:
        terms = self._terms(pace)
        for _ in range(_TRIES):
            asked, now = self.clock.monotonic(), self.clock.now().timestamp()
            ledger, version = self._read(key)
            ledger = reopened(ledger, now, cut_off=pace.holding.cut_off(asked))
            held = pace.holding.held(asked, terms.share)
            calls = granted(ledger, self.name, held=held, terms=terms, now=now)
            with pace.lock:
                # Less counts at once and more when it is written: whichever of the two the table holds
                # after a write without an answer, this process keeps to both.
                pace.holding.ask_for(calls)
                member = _member(pace, calls, asked=asked, now=now)
            pace.holding.is_listed = True
            if self._swapped(key, entered(ledger, self.name, member, terms=terms, now=now), version):
                with pace.lock:
                    pace.holding.renew(calls, asked)
                pace.holding.next_renewal = asked + RENEWAL - self.clock.uniform(_JITTER)
                return
        pace.holding.next_renewal = self.clock.monotonic() + self.clock.uniform(_AGAIN)

    def _leave(self, key: str, pace: KeyPace) -> None:
        if not pace.holding.is_listed:
            return
        with pace.lock:  # whatever becomes of the write, nothing is held from here on
            pace.holding.give_up()
        pace.holding.is_listed = False
        pace.holding.next_renewal = 0.0
        for _ in range(_TRIES_TO_LEAVE):
            ledger, version = self._read(key)
            asked, now = self.clock.monotonic(), self.clock.now().timestamp()
            last = replace(_member(pace, 0, asked=asked, now=now), seen=None)
            if self._swapped(
                key, entered(ledger, self.name, last, terms=self._terms(pace), now=now), version
            ):
                return

    def _read(self, key: str) -> tuple[Ledger, str | None]:
        held = self.table.read(key)
        if held is None:
            return Ledger(), None
        try:
            return read_ledger(held.body), held.version
        except ValueError:
            raise NeedsPersonError(
                "A key's item in the table of RATE_BUDGET_TABLE cannot be read.",
                remedy="Delete it while nothing runs.",
            ) from None

    def _swapped(self, key: str, ledger: Ledger, version: str | None) -> bool:
        expires = self.clock.now().timestamp() + _KEPT_SECONDS
        try:
            self.table.swap(key, write_ledger(ledger), expected=version, expires=expires)
        except VersionMismatchError:
            return False
        return True

    def _lose_touch(self, pace: KeyPace) -> None:
        now = self.clock.monotonic()
        with pace.lock:
            pace.holding.lose_touch(now)
        pace.holding.next_renewal = now + RETRY - self.clock.uniform(_JITTER)


def _member(pace: KeyPace, calls: int, *, asked: float, now: float) -> Member:
    made = pace.made(asked)
    if made <= calls:
        return Member(calls=calls, seen=now)
    return Member(calls=calls, seen=now, made=made, until=now + pace.seconds_until(calls, asked))
