"""A key's rate budget as all its processes write it down: who may make how many calls in any 61 s.

The rule that keeps the limit: what `reserved` counts for a process is never less than the calls that it has
made in the window that ends now, or may yet make in a later one, and nobody takes more than what the limit
leaves of all the others'. So what a process gives up is free for others only when the calls that it made with
it have left the window.

A process that is cut off from the table falls back to its share, the limit divided by the number of processes
that there may be. The share of everybody who is present stays reserved for exactly that.

Times are wall clock, in seconds; the processes' clocks may be `SKEW` apart.
"""

from dataclasses import dataclass
from typing import Final

import msgspec

WINDOW: Final = 61.0
"""The gateway counts in a sliding minute. The second more is for what a call may be late."""

SKEW: Final = 1.0

RENEWAL: Final = 10.0
"""A process that calls renews so often, and grows no faster: those who start together all get some."""

RETRY: Final = 5.0
"""A process that cannot reach the table tries so often: before anybody who finds it back can grow."""

LEASE: Final = 30.0
"""So long after its last renewal a process keeps what it was given: two renewals may fail."""

PRESENCE: Final = 300.0
"""So long after its last renewal a process keeps its share, whether it works, is cut off or has crashed."""

OUTAGE: Final = LEASE + WINDOW + RENEWAL + SKEW
"""When nobody reached the table for so long, everybody has fallen back to his share. Who never reached it may
use his own from then on."""

REUNION: Final = WINDOW + 2 * RENEWAL + SKEW
"""After an outage nobody gets more than he uses for so long. By then all who used their share unseen have
come back to the table, or the calls that they made have left the window."""


class Member(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One process: since when it was `seen` it may make `calls` in any window; none while it waits for some.

    `made` calls from before still count until `until`. Who has left is not seen any more.
    """

    calls: int = 0
    seen: float | None = None
    made: int = 0
    until: float = 0.0


class Ledger(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All members by their names, and when an outage was last seen to end."""

    members: dict[str, Member] = {}
    reunited: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """At most `limit` calls in any window for all, of which there are `processes` at most."""

    limit: int
    processes: int

    @property
    def share(self) -> int:
        """What a process may always use, and the least that it works with."""
        return max(1, self.limit // self.processes)


def reopened(ledger: Ledger, now: float, *, cut_off: float) -> Ledger:
    """The ledger, which tells of a reunion where I come out of an outage, having been `cut_off` for so long.

    Who never reached the table may have been cut off two renewals longer than I.
    """
    if cut_off < OUTAGE - 2 * RENEWAL:
        return ledger
    return msgspec.structs.replace(ledger, reunited=now)


def granted(ledger: Ledger, me: str, *, held: int, terms: Terms, now: float) -> int:
    """How many calls a window I may hold from now on, where I hold `held`; at least the share, or 0: wait."""
    others = {name: member for name, member in ledger.members.items() if name != me}
    free = terms.limit - sum(reserved(member, ledger, terms, now) for member in others.values())
    present = [me, *(name for name, member in others.items() if _present(member, ledger, now))]
    wanted = max(terms.share, min(_fair(present, me, terms.limit), 2 * held))
    if now < ledger.reunited + REUNION:
        wanted = min(wanted, held)
    wanted = min(wanted, free)
    return wanted if wanted >= terms.share else 0


def reserved(member: Member, ledger: Ledger, terms: Terms, now: float) -> int:
    """The calls in the window that ends now, or in any later one, that a member may have made at most."""
    made = member.made if now < member.until + SKEW else 0
    if member.seen is None or not member.calls or not _present(member, ledger, now):
        return made
    leased = now < member.seen + LEASE + WINDOW + SKEW
    return max(made, member.calls if leased else terms.share)


def entered(ledger: Ledger, me: str, member: Member, *, terms: Terms, now: float) -> Ledger:
    """The ledger with this about me, and without those of whom nothing counts any more."""
    kept = {
        name: other
        for name, other in {**ledger.members, me: member}.items()
        if _present(other, ledger, now) or reserved(other, ledger, terms, now)
    }
    return msgspec.structs.replace(ledger, members=kept)


def read_ledger(body: bytes) -> Ledger:
    """What `write_ledger` wrote.

    Raises:
        ValueError: it is something else.
    """
    return _DECODER.decode(body)


def write_ledger(ledger: Ledger) -> bytes:
    """As JSON."""
    return msgspec.json.encode(ledger)


def _present(member: Member, ledger: Ledger, now: float) -> bool:
    if member.seen is None:
        return False
    return now < max(member.seen + PRESENCE, ledger.reunited + REUNION) + SKEW


def _fair(present: list[str], me: str, limit: int) -> int:
    """An equal part; what is left over goes to the first ones, one each."""
    each, over = divmod(limit, len(present))
    return each + (sorted(present).index(me) < over)


_DECODER: Final = msgspec.json.Decoder(Ledger)
