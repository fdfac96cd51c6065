"""S7 and S8: reading a list page by page while it changes, without losing a row. No I/O.

Ask for the page at `start`, hand its body to `take`, until `done`. Each page is asked for from one row
before the end of what was read, so its first row must be one that was read already. If it is not, rows
moved meanwhile: step back by a page less one until it is. Then only rows that changed during the scan
can be missing, and they belong to the next run.

Postings have no id of their own, so equal ones cannot be told apart: where their seam does not match,
the list is read again from its start.

The same bodies in the same order give the same rows, so a scan can be repeated from stored answers.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from host_pms.errors import IncompleteListError
from host_pms.models.host.reading import Page, RowReader, UnreadableRow, WireRow

PAGE_ROWS = 100
"""A page holds at most this many rows, whatever is asked for."""

FULL_STEP = PAGE_ROWS - 1
REREADS_OF_POSTINGS = 3
REREADS_OF_A_BROKEN_LIST = 1

Row = TypeVar("Row", bound=WireRow)


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch(Generic[Row]):
    """The rows of a page that were not read before, each with its place in the page.

    `restarted`: the list is read again from its start; what was handed on before does not count.
    """

    rows: Sequence[tuple[int, Row | UnreadableRow]]
    restarted: bool = False


class Scan(Generic[Row]):
    """The state of reading one list."""

    def __init__(self, name: str, reader: RowReader[Row, Any], *, rows_have_ids: bool) -> None:
        self.start = 0
        self.done = False
        self.total_rows = 0
        self.rows_read = 0
        self._name = name
        self._reader = reader
        self._rows_have_ids = rows_have_ids
        self._rereads = 0
        self._ever_read = False
        self._begin()

    def _begin(self) -> None:
        self.start = 0
        self.rows_read = 0
        self._calls = 0
        self._rows_at_first = 0
        self._looked_again = False
        self._asked_again = False
        self._stepped_back = False
        self._longest_page = 0
        self._read = array("q")

    def expected(self) -> Sequence[int]:
        """The starts of the pages after the one at `start`, if no row moves."""
        is_known = self._longest_page > 1
        return range(self.start + self._step, self.total_rows - 1, self._step) if is_known else ()

    @property
    def _step(self) -> int:
        """How far a page leads: its rows less the one that it shares with the page before (S7).

        A server may answer with fewer rows than are asked for; one row a page leads nowhere.
        """
        return self._longest_page - 1 if self._longest_page > 1 else FULL_STEP

    def take(self, body: bytes) -> Batch[Row]:
        """The new rows of the page that was asked for at `start`; moves `start`, or sets `done`.

        Raises:
            PageError: the body is not such a page.
            IncompleteListError: the list stays incomplete.
        """
        page = self._reader.page(body)
        self._calls += 1
        if not page.rows:
            return self._end_of_empty_page()
        if page.total_rows is None:
            return self._reread("its rows carry no TotalRows", REREADS_OF_A_BROKEN_LIST)
        if self.start + len(page.rows) > page.total_rows:
            return self._reread("it holds more rows than its TotalRows says", REREADS_OF_A_BROKEN_LIST)
        before, self.total_rows = self.total_rows, page.total_rows
        self._longest_page = max(self._longest_page, len(page.rows))
        # By the length that the list had at first: one that grows for ever must end too.
        self._rows_at_first = self._rows_at_first or page.total_rows
        if self._calls > 3 * self._rows_at_first / self._step + 10:
            raise self._incomplete("it took too many calls")
        if self.start > 0 and not self._joins(page.contents([0])[0], before=before):
            return self._seam_broken()
        return self._accept(page)

    def _joins(self, first: int, *, before: int) -> bool:
        """Whether the first row was read already; `before` is the list's length one page ago."""
        if self._rows_have_ids:
            return first == self._read[-1] or first in self._read
        # Two equal postings side by side would hide that a row before them came or went.
        twins = self._read[-1:] == self._read[-2:-1]
        moved = self.total_rows != before if twins else self.total_rows < before
        return first == self._read[-1] and not moved

    def _seam_broken(self) -> Batch[Row]:
        if not self._rows_have_ids:
            return self._reread("postings moved while they were read", REREADS_OF_POSTINGS)
        self.start = max(0, self.start - self._step)
        self._stepped_back = True
        return Batch(rows=())

    def _accept(self, page: Page[Row]) -> Batch[Row]:
        rows = page.rows
        new = self._new(page)
        # A step back leads to rows that were read; the page that broke the seam may be an older view.
        if self.start > 0 and not new and 1 < len(rows) == self._longest_page and not self._stepped_back:
            return self._another_pages_answer()
        self._stepped_back = False
        self._ever_read = True
        # Of postings only the last two are ever compared: a seam that does not match begins the list anew.
        self._read += page.contents(new if self._rows_have_ids else new[-2:])
        self.rows_read += len(new)
        self._move_on(self.start + len(rows))
        return Batch(rows=[(place, rows[place]) for place in new])

    def _new(self, page: Page[Row]) -> Sequence[int]:
        """The places of the rows that were not read before."""
        places = range(len(page.rows))
        if self.start == 0 and not self._read:
            return places
        if self.start > 0 and page.contents([0])[0] == self._read[-1]:
            return places[1:]
        read = set(self._read)
        return [place for place, content in enumerate(page.contents(places)) if content not in read]

    def _another_pages_answer(self) -> Batch[Row]:
        """A full page without a new row: to shift so far, a page of rows would have had to move at once."""
        if not self._asked_again:
            self._asked_again = True
            return Batch(rows=())
        return self._reread("a page was answered with another one", REREADS_OF_A_BROKEN_LIST)

    def _move_on(self, read_to: int) -> None:
        if read_to < self.total_rows:
            self.start = read_to - 1
            return
        # Fewer rows than the list is long: rows moved towards its end, or this page was another one's
        # answer. Only a second look at the same place can tell, so it is taken once.
        if self._rows_have_ids and self.rows_read < self.total_rows and not self._looked_again:
            self._looked_again = True
            return
        self.done = True

    def _end_of_empty_page(self) -> Batch[Row]:
        if self.start == 0 and not self._ever_read:
            self.done = True
            return Batch(rows=())
        return self._reread("a page before its end is empty", REREADS_OF_A_BROKEN_LIST)

    def _reread(self, reason: str, at_most: int) -> Batch[Row]:
        self._rereads += 1
        if self._rereads > at_most:
            raise self._incomplete(reason)
        self._begin()
        return Batch(rows=(), restarted=True)

    def _incomplete(self, reason: str) -> IncompleteListError:
        return IncompleteListError(
            f"The list of {self._name} stays incomplete: {reason}.",
            remedy="Nothing was published; the next run reads it anew.",
        )
