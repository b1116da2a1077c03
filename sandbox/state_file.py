"""Keeps the world in one JSON file, written soon after a change and never in halves."""

import asyncio
import os
from pathlib import Path

import msgspec

from sandbox.world import World

_WRITE_DELAY_SECONDS = 0.3  # seconds in which changes gather before they are written


class StateFile:
    """Writes to `path`; without one it keeps nothing."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._dirty: World | None = None
        self._timer: asyncio.TimerHandle | None = None

    def read(self) -> World | None:
        """What was kept. None when nothing was; raises ValueError when the file is not ours."""
        if self._path is None or not self._path.exists():
            return None
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=World)
        except msgspec.DecodeError as broken:
            raise ValueError(
                f"{self._path} is not a state file of this sandbox ({broken}). "
                "Move it away, or name another with --state."
            ) from broken

    def mark(self, world: World) -> None:
        """Remember to write `world` soon. Outside a running loop, `flush` must follow."""
        if self._path is None:
            return
        self._dirty = world
        if self._timer is None:
            try:
                loop = asyncio.get_running_loop()
            except RuntimeError:
                return
            self._timer = loop.call_later(_WRITE_DELAY_SECONDS, self.flush)

    def flush(self) -> None:
        """Write now what is not yet written; a crash leaves the old file or the new one, whole."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._path is None or self._dirty is None:
            return
        world, self._dirty = self._dirty, None
        self._path.parent.mkdir(parents=True, exist_ok=True)
        beside = self._path.with_name(f"{self._path.name}.new")
        with beside.open("wb") as file:
            file.write(msgspec.json.encode(world))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)
