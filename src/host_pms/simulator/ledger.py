"""A hotel's bookings and postings, which may change while they are read page by page."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any

from host_pms.simulator.bookings import Booking, RowState
from host_pms.simulator.pms import Order
from host_pms.simulator.postings import Posting

PostingsOf = Callable[[Iterable[Booking]], tuple[Posting, ...]]
"""All that is ever posted for these bookings, in the order it is made."""

_LISTS_KEPT = 8  # one for every `updateFrom` that is paged at the same time
_MADE = attrgetter("last_update")
_FAR_AWAY = datetime(9999, 12, 31)  # noqa: DTZ001 -- hotel-local wall time has no offset
_ORDER_KEYS: Mapping[Order, Callable[[RowState], Any]] = {
    "id": lambda row: row.booking.number,
    "last_update": lambda row: (row.terms.last_update, row.booking.number),
    "newest": lambda row: (_FAR_AWAY - row.terms.last_update, row.booking.number),
}


class Ledger:
    """What a hotel knows: its bookings by number, and all that is and will be posted for them.

    Paging asks for one list of rows many times, so it is made once for a clock and an `updateFrom`. A change
    corrects the lists in place: making one of 40,000 rows anew takes 70 ms, and changes come with every page.
    """

    def __init__(self, bookings: Sequence[Booking], *, order: Order, postings_of: PostingsOf) -> None:
        self._bookings = {booking.number: booking for booking in bookings}
        self._newest_first = order == "newest"
        self._key = _ORDER_KEYS[order]
        self._postings_of = postings_of
        self._lists: dict[tuple[datetime, datetime], list[RowState]] = {}
        self._posted: dict[int | None, list[Posting]] = {}

    @property
    def bookings(self) -> tuple[Booking, ...]:
        """As they are now, in the order of their numbers."""
        return tuple(self._bookings.values())

    @property
    def next_number(self) -> int:
        """A number that no booking has yet, higher than all."""
        return max(self._bookings, default=0) + 1

    def rows(self, now: datetime, update_from: datetime) -> Sequence[RowState]:
        """The rows of bookings changed at or after `update_from`, as they stand at `now`."""
        asked = (now, update_from)
        if asked not in self._lists:
            rows = [row for booking in self.bookings for row in _rows(booking, *asked)]
            rows.sort(key=self._key)
            while len(self._lists) >= _LISTS_KEPT:
                del self._lists[next(iter(self._lists))]
            self._lists[asked] = rows
        return self._lists[asked]

    def postings(self, sales_group: int | None = None) -> Sequence[Posting]:
        """All that will ever be posted, or that of one sales group, in the order it is made."""
        if sales_group not in self._posted:
            every = self._postings_of(self._bookings.values()) if sales_group is None else self.postings()
            self._posted[sales_group] = [
                posting for posting in every if sales_group in {None, posting.sales_group}
            ]
        return self._posted[sales_group]

    def changed_postings(
        self, now: datetime, update_from: datetime, sales_group: int | None
    ) -> Sequence[Posting]:
        """What was posted from `update_from` to `now`; by id and by last update are one order."""
        posted = self.postings(sales_group)
        first, end = bisect_left(posted, update_from, key=_MADE), bisect_right(posted, now, key=_MADE)
        found = posted[first:end]
        return found[::-1] if self._newest_first else found

    def put(self, booking: Booking, now: datetime) -> None:
        """Add a booking of a higher number than all, or replace the one of its number.

        What was posted up to `now` stays; what would have been posted later for the old one will not be.
        """
        self.postings()
        made = [posting for posting in self._postings_of((booking,)) if posting.last_update > now]
        for sales_group, posted in self._posted.items():
            coming = bisect_right(posted, now, key=_MADE)
            tail = [posting for posting in posted[coming:] if posting.booking.number != booking.number]
            tail += [posting for posting in made if sales_group in {None, posting.sales_group}]
            posted[coming:] = sorted(tail, key=_MADE)
        old = self._bookings.get(booking.number)
        self._bookings[booking.number] = booking
        for asked, rows in self._lists.items():
            self._correct(rows, _rows(old, *asked) if old else [], _rows(booking, *asked))

    def post(self, posting: Posting) -> None:
        """Add a posting, as the last of those made at its time."""
        self.postings()
        for sales_group, posted in self._posted.items():
            if sales_group in {None, posting.sales_group}:
                insort(posted, posting, key=_MADE)

    def _correct(self, rows: list[RowState], old: list[RowState], new: list[RowState]) -> None:
        """Take a booking's old rows, which stand side by side, out of a list, and put the new ones in."""
        if old:
            place = bisect_left(rows, self._key(old[0]), key=self._key)
            del rows[place : place + len(old)]
        if new:
            place = bisect_left(rows, self._key(new[0]), key=self._key)
            rows[place:place] = new


def _rows(booking: Booking, now: datetime, update_from: datetime) -> list[RowState]:
    """A booking's rows at `now`, one a part of its stay, if it was changed at or after `update_from`."""
    terms = booking.terms(now)
    if terms is None or terms.last_update < update_from:
        return []
    return [RowState(booking=booking, part=part, terms=terms) for part in range(len(terms.moves) + 1)]
