"""One history of kills, its undisturbed twin, and the verdict."""

import itertools
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from types import MappingProxyType

from kills.attempts import Suffered
from kills.aws import Aws, AwsServer
from kills.books import Table, Verdict, check_books, ended
from kills.histories import History
from kills.hotels import Hotels, Size, Step
from kills.moments import Usual
from kills.places import Disk
from kills.resumed import AskedAgain, asked_again
from kills.traps import Trap
from kills.twins import compare
from kills.workers import WELL, Worker

NO_RUN_OPEN = "no run open"
_names = itertools.count(1)


@dataclass(kw_only=True)
class Result:
    """What was done, and what was found."""

    suffered: Suffered = field(default_factory=Suffered)
    verdict: Verdict = field(default_factory=Verdict)
    again: list[AskedAgain] = field(default_factory=list)

    @property
    def phases(self) -> Counter[str]:
        """Hotels whose worker was killed, by the phase of their run."""
        return Counter(cut.phase.value if cut.phase else NO_RUN_OPEN for cut in self.suffered.cuts)

    @property
    def resumed(self) -> int:
        """Runs that were cut off, each once."""
        return len({(cut.hotel, cut.timestamp) for cut in self.suffered.cuts if cut.phase})

    @property
    def faults(self) -> list[str]:
        """Everything that is wrong."""
        asked = [f"asked too far back: {again}" for again in self.again if again.is_wrong]
        return [*self.suffered.faults, *self.verdict.faults, *asked]

    def add(self, other: "Result") -> None:
        """Both together."""
        self.suffered.add(other.suffered)
        self.verdict.add(other.verdict)
        self.again += other.again


class Proof:
    """Histories on disk, or on S3 and SQS where there is a server; their files are below `folder`.

    `usual` is what a first import (True) and an increment take undisturbed; what is not given is measured.
    """

    def __init__(
        self,
        folder: Path,
        trap: Trap,
        server: AwsServer | None,
        *,
        usual: Mapping[Size, Mapping[bool, Usual]] = MappingProxyType({}),
    ) -> None:
        self._folder = folder
        self._trap = trap
        self._server = server
        self._usual = dict(usual)

    def history(self, size: Size, *, seed: int, kills: int, before: Suffered) -> Result:
        """So many kills, or one more, in one history; `before` is what others suffered.

        Raises:
            RuntimeError: a sync that nobody disturbed failed.
        """
        if size not in self._usual:
            self._usual[size] = self._measured(size)
        with self._hotels(size, seed, server=self._server) as hotels:
            history = History(hotels, self._trap, Random(seed), self._usual[size])
            history.run(kills, before)
            result = Result(suffered=history.suffered)
            if result.suffered.faults:
                return result
            cuts = history.suffered.cuts
            result.verdict.add(check_books(hotels, {(cut.hotel, cut.timestamp) for cut in cuts if cut.phase}))
            result.verdict.add(self._compared(hotels, size, seed, history))
            same = (cut for cut in cuts if (cut.hotel, cut.timestamp) not in history.mixed)
            asked = (asked_again(cut, hotels.simulator.calls) for cut in same)
            result.again += [again for again in asked if again is not None]
        return result

    def _compared(self, killed: Hotels, size: Size, seed: int, history: History) -> Verdict:
        with self._hotels(size, seed, server=None) as twin:
            _sync_through(twin, history.steps)
            exact = not (history.churns or history.late)
            full = {} if exact else self._full_import(twin)
            return compare(killed, twin, full, late=history.late)

    def _full_import(self, hotels: Hotels) -> Mapping[str, Table]:
        """All that the hotels have now, published into a folder of its own."""
        # Its runs may begin in the second of the last ones, whose names they then have.
        hotels.simulator.esb.bodies_by_key.clear()
        fresh = self._new_folder()
        _finish(hotels.start("--full", place=Disk(fresh), folder=fresh))
        return {hotel: ended(Disk(fresh), hotel).table() for hotel in hotels.codes}

    def _measured(self, size: Size) -> Mapping[bool, Usual]:
        """A first import (True) and an increment, undisturbed."""
        with self._hotels(size, seed=1, server=self._server) as hotels:
            first = self._usual_sync(hotels)
            hotels.happens(timedelta(days=1))
            return {True: first, False: self._usual_sync(hotels)}

    def _usual_sync(self, hotels: Hotels) -> Usual:
        requests = self._server.requests if self._server else 0
        calls, began = len(hotels.simulator.calls), time.monotonic()
        _finish(hotels.start())
        return Usual(
            seconds=time.monotonic() - began,
            calls=len(hotels.simulator.calls) - calls,
            requests=self._server.requests - requests if self._server else 0,
            hotels=hotels.size.hotels,
        )

    @contextmanager
    def _hotels(self, size: Size, seed: int, *, server: AwsServer | None) -> Iterator[Hotels]:
        folder = self._new_folder()
        aws = Aws(server, folder.name) if server else None
        hotels = Hotels(size=size, seed=seed, place=aws or Disk(folder), folder=folder, trap=self._trap)
        try:
            with hotels.simulator:
                yield hotels
        finally:
            if aws:
                aws.clear()

    def _new_folder(self) -> Path:
        folder = self._folder / f"kills-{next(_names)}"
        folder.mkdir()
        return folder


def _sync_through(hotels: Hotels, steps: list[Step]) -> None:
    """What happened to the others, without the kills."""
    for step in steps:
        if step == "sync":
            _finish(hotels.start())
        else:
            hotels.happens(step)


def _finish(worker: Worker) -> None:
    if worker.finish() != WELL:
        raise RuntimeError(f"an undisturbed sync failed: {worker.last_words()}")
