"""How late this process itself is: on a busy machine that is not to be held against the gateway."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_TICK_SECONDS, _USUAL_SECONDS = 0.01, 0.005


class Lag:
    """Adds up what the event loop was late while it was watched."""

    def __init__(self) -> None:
        self._seconds = 0.0

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        watching = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            watching.cancel()

    async def total_seconds(self) -> float:
        """Returns the sum so far; the difference of two is what happened in between."""
        await asyncio.sleep(0)  # lets the watcher run, where it is due
        return self._seconds

    async def _watch(self) -> None:
        while True:
            due = time.monotonic() + _TICK_SECONDS
            await asyncio.sleep(_TICK_SECONDS)
            late = time.monotonic() - due
            self._seconds += late if late > _USUAL_SECONDS else 0
