"""The one clock of the sandbox, which tests may push forward."""

import asyncio
import time


class Clock:
    """Real time plus what was added by hand; never runs backwards by hand.

    Everything that expires or waits here asks this clock, so a test that wants an hour to pass
    advances it and waits for nothing.
    """

    def __init__(self) -> None:
        self._ahead = 0.0
        self._stopped = False
        self._pushed = asyncio.Event()

    def now(self) -> float:
        """Unix time in seconds (UTC)."""
        return time.time() + self._ahead

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass at once and wake whoever sleeps on this clock."""
        if seconds < 0:
            raise ValueError("Time only passes forwards.")
        self._ahead += seconds
        pushed, self._pushed = self._pushed, asyncio.Event()
        pushed.set()

    def stop(self) -> None:
        """Let every sleeper go for good: this clock is put away."""
        self._stopped = True
        self._pushed.set()

    async def sleep_until(self, moment: float) -> None:
        """Return when this clock shows `moment`, be it by waiting or by being pushed."""
        while not self._stopped and (left := moment - self.now()) > 0:
            try:
                async with asyncio.timeout(left):
                    await self._pushed.wait()
            except TimeoutError:
                continue
