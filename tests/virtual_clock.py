"""A clock for several threads whose time passes only while all of them sleep."""

from datetime import UTC, datetime, timedelta
from threading import Condition


class VirtualClock:
    """The port `Clock`. Of `threads` threads that take part, each calls `leave` when it has ended.

    When all that are left sleep, time moves to the earliest end of a sleep, so sleeps overlap as they do
    in the world, and nothing that a thread does takes time.
    """

    def __init__(self, threads: int) -> None:
        self._awake = threads
        self._now = 1000.0
        self._ends: list[float] = []
        self._moved = Condition()

    def now(self) -> datetime:
        return datetime(2024, 1, 15, tzinfo=UTC) + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        with self._moved:
            return self._now

    def uniform(self, upper: float) -> float:
        return upper

    def sleep(self, seconds: float) -> None:
        with self._moved:
            ends = self._now + seconds
            self._ends.append(ends)
            self._awake -= 1
            self._move_on()
            while self._now < ends:
                self._moved.wait()

    def leave(self) -> None:
        with self._moved:
            self._awake -= 1
            self._move_on()

    def _move_on(self) -> None:
        if self._awake == 0 and self._ends:
            self._now = max(self._now, min(self._ends))
            self._awake = sum(1 for ends in self._ends if ends <= self._now)
            self._ends = [ends for ends in self._ends if ends > self._now]
            self._moved.notify_all()
