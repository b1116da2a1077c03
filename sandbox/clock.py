"""The one clock of the sandbox, which tests may advance."""

import asyncio
import time


class Clock:
    """Real time plus the seconds that tests have added.

    Everything that expires or waits here asks this clock, so a test that wants an hour to pass
    advances it and waits for nothing.
    """

    def __init__(self) -> None:
        self._added_seconds = 0.0
        self._is_stopped = False
        self._advanced = asyncio.Event()

    def now(self) -> float:
        """Unix time in seconds (UTC)."""
        return time.time() + self._added_seconds

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass at once and wake every sleeper. Raises ValueError for less than 0."""
        if seconds < 0:
            raise ValueError("Time only passes forwards.")
        self._added_seconds += seconds
        advanced, self._advanced = self._advanced, asyncio.Event()
        advanced.set()

    def stop(self) -> None:
        """End every sleep for good: this clock is no longer used."""
        self._is_stopped = True
        self._advanced.set()

    async def sleep_until(self, deadline: float) -> None:
        """Return when this clock shows `deadline` (Unix seconds), by real time or by `advance`."""
        while not self._is_stopped and (seconds := deadline - self.now()) > 0:
            try:
                async with asyncio.timeout(seconds):
                    await self._advanced.wait()
            except TimeoutError:
                continue
