"""Ctrl-C and SIGTERM ask for a stop after the current call; a second one ends the process at once."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from host_pms.clock import Stop
from host_pms.errors import StoppedError

EXIT_CODE_OF_SIGNALS = 128
"""A command that a signal stopped exits with this plus the signal's number: 130, 143."""


@contextmanager
def stopped_by_signals(stop: Stop) -> Iterator[list[int]]:
    """While this lasts, both signals ask `stop`; the list holds the one that did.

    Raises:
        SystemExit: what it stopped was no hotel's run but the command itself, as it waited for the ESB.
    """
    received: list[int] = []

    def ask(number: int, _frame: FrameType | None) -> None:
        if received:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        received.append(number)
        stop.asked.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    except StoppedError:
        if not received:
            raise
        raise SystemExit(EXIT_CODE_OF_SIGNALS + received[0]) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
