"""Pages that are fetched before they are asked for, so that the API's latency is waited for once, not a page.

Which page comes next is known only when the one before was read (S7), but it is nearly always the one that
follows. A page that was expected and is not asked for is thrown away. That a page was fetched before the
one in front of it changes nothing for S7: rows that did not change keep their order, so a seam that joins
leaves none of them out, whichever side is the older view.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field


@dataclass
class Lookahead:
    """One list's pages, by the row they start at; `fetch` may be called from any thread of `threads`.

    Without threads no page is fetched before it is asked for.
    """

    fetch: Callable[[int], bytes]
    threads: Executor | None
    _under_way: dict[int, Future[bytes]] = field(default_factory=dict)

    def page(self, start: int, expected: Sequence[int]) -> bytes:
        """The page at `start`; those `expected` after it are on their way when this returns."""
        if start not in self._under_way:
            self.drop()
        if self.threads is None or (start not in self._under_way and not expected):
            return self.fetch(start)
        for page in (start, *expected):
            if page not in self._under_way:
                self._under_way[page] = self.threads.submit(self.fetch, page)
        return self._under_way.pop(start).result()

    def drop(self) -> None:
        """Throw away what was not asked for; of what is under way, nobody waits for the answer."""
        for page in self._under_way.values():
            page.cancel()
        self._under_way.clear()
