"""R13: what a master claims, and what that leaves to the parts of its stay."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from host_pms.models.host.reservation import Reservation
from host_pms.models.host.revenue import ROOM_SALES_GROUP
from host_pms.transformers.money import ZERO, add
from host_pms.transformers.status import Status, StatusTable

_NOTHING: frozenset[date] = frozenset()
_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """What a row has of its stay.

    On `claimed` nights a master counts its rooms and persons, beyond its own stay nights; on `yielded`
    nights a part counts none; on `unpriced` nights its prices stand on the master already.
    """

    claimed: frozenset[date] = _NOTHING
    yielded: frozenset[date] = _NOTHING
    unpriced: frozenset[date] = _NOTHING


WHOLE = Share()
"""The share of a row whose stay is not split."""


def stay_nights(row: Reservation) -> list[date]:
    """R7: every date from check-in up to, not including, check-out."""
    return [row.check_in + number * _DAY for number in range((row.check_out - row.check_in).days)]


def shares(rows: Sequence[Reservation], statuses: StatusTable) -> list[Share]:
    """The share of each of `rows`, which are those of one booking row and guest; in the same order."""
    if len(rows) == 1:
        return [WHOLE]
    return [_share(row, [mate for mate in rows if mate.res_no == row.res_no], statuses) for row in rows]


def _share(row: Reservation, stay: Sequence[Reservation], statuses: StatusTable) -> Share:
    if len(stay) == 1:
        return WHOLE
    if row.master:
        return Share(claimed=_priced_claims(row, stay))
    live = [mate for mate in stay if mate.master and _occupies(mate, statuses)]
    unpriced = _NOTHING.union(*(_priced_claims(master, stay) for master in live))
    return Share(yielded=unpriced.union(*(stay_nights(master) for master in live)), unpriced=unpriced)


def _occupies(row: Reservation, statuses: StatusTable) -> bool:
    return statuses.status(row.status_id) not in {Status.CANCELLED, Status.NO_SHOW}


def _priced_claims(master: Reservation, stay: Sequence[Reservation]) -> frozenset[date]:
    """The nights of the whole stay on which the master's own room prices sum above 0."""
    first = min(mate.check_in for mate in stay)
    last = max(mate.check_out for mate in stay)
    sums: dict[date, Decimal] = {}
    for price in master.prices:
        if price.sales_group == ROOM_SALES_GROUP and first <= price.date < last:
            sums[price.date] = add(sums.get(price.date, ZERO), price.amount)
    return frozenset(night for night, amount in sums.items() if amount > 0)
