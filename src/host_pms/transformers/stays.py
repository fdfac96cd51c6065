"""R13: what a master claims, and what that leaves to the parts of its stay."""

from collections.abc import Sequence
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
    return _NIGHTS[row.check_in, row.check_out]


def _nights(dates: tuple[date, date]) -> frozenset[date]:
    first, end = dates
    return frozenset(map(date.fromordinal, range(first.toordinal(), end.toordinal())))


_NIGHTS: Remembered[tuple[date, date], frozenset[date]] = Remembered(_nights)


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
    claims = [_priced_claims(row, first, last) if row.master else _NOTHING for row in stay]
    live = [(row, claimed) for row, claimed in zip(stay, claims, strict=True) if _occupies(row, statuses)]
    unpriced = _NOTHING.union(*(claimed for _, claimed in live))
    nights = (stay_nights(row) for row, _ in live if row.master)
    part = Share(yielded=unpriced.union(*nights), unpriced=unpriced)
    return [Share(claimed=claimed) if row.master else part for row, claimed in zip(stay, claims, strict=True)]


def _occupies(row: Reservation, statuses: StatusTable) -> bool:
    return statuses.status(row.status_id) not in NOBODY_COMES


def _priced_claims(master: Reservation, first: date, last: date) -> frozenset[date]:
    """The nights from `first` up to, not including, `last` on which its own room prices sum above 0."""
    return frozenset([night.date for night in master.prices if night.room > 0 and first <= night.date < last])
