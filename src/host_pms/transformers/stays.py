"""R13: what a master claims, and what that leaves to the parts of its stay."""

from collections.abc import Collection, Sequence
from datetime import date

import msgspec

from host_pms.models.host.reservation import Reservation
from host_pms.models.remembered import Remembered
from host_pms.transformers.status import NOBODY_COMES, StatusTable

_NOTHING: frozenset[date] = frozenset()


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """What a row has of its stay.

    On `claimed` nights a master counts its rooms and persons, beyond its own stay nights; on `yielded`
    nights a part counts none; on `unpriced` nights its prices stand on the master already.
    """

    claimed: frozenset[date] = _NOTHING
    yielded: frozenset[date] = _NOTHING
    unpriced: frozenset[date] = _NOTHING


WHOLE = Share()
"""The share of a row whose stay is not split."""


def stay_nights(row: Reservation) -> frozenset[date]:
    """R7: every date from check-in up to, not including, check-out."""
    return _STAYS[row.check_in, row.check_out][0]


def record_nights(row: Reservation, posted: Collection[date]) -> Sequence[date]:
    """R7: stay nights, dates with a price, and those with a posting; in order."""
    nights, in_order = _STAYS[row.check_in, row.check_out]
    if nights.issuperset(row.prices.room) and nights.issuperset(posted):
        return in_order
    return sorted(nights.union(row.prices.room, posted))


_Stay = tuple[frozenset[date], Sequence[date]]
"""The same nights, to look one up and in order."""


def _stay(dates: tuple[date, date]) -> _Stay:
    first, end = dates
    in_order = tuple(map(date.fromordinal, range(first.toordinal(), end.toordinal())))
    return frozenset(in_order), in_order


_STAYS: Remembered[tuple[date, date], _Stay] = Remembered(_stay)


def shares(rows: Sequence[Reservation], statuses: StatusTable) -> list[Share]:
    """The share of each of `rows`, which are those of one booking row and guest; in the same order."""
    if len(rows) == 1:
        return [WHOLE]
    stays: dict[str, list[int]] = {}
    for number, row in enumerate(rows):
        stays.setdefault(row.res_no, []).append(number)
    if len(stays) == 1:
        return _shares_of_stay(rows, statuses)
    found = [WHOLE] * len(rows)
    for numbers in stays.values():
        if len(numbers) > 1:
            stay = [rows[number] for number in numbers]
            for number, share in zip(numbers, _shares_of_stay(stay, statuses), strict=True):
                found[number] = share
    return found


def _shares_of_stay(stay: Sequence[Reservation], statuses: StatusTable) -> list[Share]:
    """The shares of the rows of one split stay; all its parts have the same one."""
    first = min([row.check_in for row in stay])
    last = max([row.check_out for row in stay])
    found: list[Share] = []
    unpriced: set[date] = set()
    nights: set[date] = set()
    for row in stay:
        claimed = _priced_claims(row, first, last) if row.master else _NOTHING
        found.append(Share(claimed=claimed))
        if row.master and statuses.status(row.status_id) not in NOBODY_COMES:
            unpriced |= claimed
            nights |= stay_nights(row)
    part = Share(yielded=frozenset(unpriced | nights), unpriced=frozenset(unpriced))
    return [share if row.master else part for row, share in zip(stay, found, strict=True)]


def _priced_claims(master: Reservation, first: date, last: date) -> frozenset[date]:
    """The nights from `first` up to, not including, `last` on which its own room prices sum above 0."""
    priced = master.prices.room.items()
    return frozenset([night for night, exact in priced if exact > 0 and first <= night < last])
