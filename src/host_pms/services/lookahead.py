"""Pages that are fetched before they are asked for, so that the API's latency is waited for once, not a page.

Which page comes next is known only when the one before was read (S7), but it is nearly always the one that
follows. A page that was expected and is not asked for is thrown away. That a page was fetched before the
one in front of it changes nothing for S7: rows that did not change keep their order, so a seam that joins
leaves none of them out, whichever side is the older view.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field

from host_pms.errors import RateLimitedError, StoppedError, TransientError


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
        asked = self._under_way.pop(start, None)
        if self.threads is not None:
            for later in expected:
                if later not in self._under_way:
                    self._under_way[later] = self.threads.submit(self.fetch, later)
        # Nobody's page waits behind other hotels' pages for a thread.
        if asked is None or asked.cancel():
            return self.fetch(start)
        try:
            return asked.result()
        except (RateLimitedError, StoppedError):
            raise
        except TransientError:
            # Pages ahead fail together, at a blip; the one that is needed has tries of its own.
            return self.fetch(start)

    def drop(self) -> None:
        """Throw away what was not asked for; of what is under way, nobody waits for the answer."""
        for page in self._under_way.values():
            page.cancel()
        self._under_way.clear()
