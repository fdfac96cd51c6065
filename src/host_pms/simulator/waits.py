"""Waiting inside the server."""

import asyncio
from collections.abc import Awaitable, Callable

from starlette.types import Receive

Pause = Callable[[float], Awaitable[None]]
"""Waits so many seconds, and lets others run meanwhile."""


class Waits:
    """Waiting that ends early when the server stops, so that no task outlives it."""

    def __init__(self) -> None:
        self._stopping = asyncio.Event()

    @property
    def stopped(self) -> bool:
        """Whether the server is about to stop."""
        return self._stopping.is_set()

    def stop(self) -> None:
        """End every wait; to be called in the server's loop."""
        self._stopping.set()

    async def pause(self, seconds: float) -> None:
        """Wait so many seconds."""
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return

    async def until_gone(self, receive: Receive) -> None:
        """Wait until the client has closed its connection."""
        waits = asyncio.create_task(gone(receive)), asyncio.create_task(self._stopping.wait())
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()


async def gone(receive: Receive) -> None:
    """Wait until the connection is closed, by whichever side."""
    while (await receive())["type"] != "http.disconnect":
        pass
