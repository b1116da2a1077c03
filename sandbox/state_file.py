"""Keeps the world in one JSON file, written soon after a change and replaced atomically."""

import asyncio
import os
from pathlib import Path

import msgspec

from sandbox.world import World

_WRITE_DELAY_SECONDS = 0.3  # changes within this time are written together


class StateFile:
    """Saves to `path`; without a path nothing is saved."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._unsaved: World | None = None
        self._timer: asyncio.TimerHandle | None = None

    def read(self) -> World | None:
        """The saved world, or None. Raises ValueError when the file is not a state file."""
        if self._path is None or not self._path.exists():
            return None
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=World)
        except msgspec.DecodeError as error:
            raise ValueError(
                f"{self._path} is not a state file of this sandbox ({error}). "
                "Move it away, or name another with --state."
            ) from error

    def schedule_write(self, world: World) -> None:
        """Write `world` soon. Without a running event loop, `flush` must follow."""
        if self._path is None:
            return
        self._unsaved = world
        if self._timer is None:
            try:
                loop = asyncio.get_running_loop()
            except RuntimeError:
                return
            self._timer = loop.call_later(_WRITE_DELAY_SECONDS, self.flush)

    def flush(self) -> None:
        """Write unsaved changes now. A crash leaves the old file or the new one, whole."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._path is None or self._unsaved is None:
            return
        world, self._unsaved = self._unsaved, None
        self._path.parent.mkdir(parents=True, exist_ok=True)
        new_file = self._path.with_name(f"{self._path.name}.new")
        with new_file.open("wb") as file:
            file.write(msgspec.json.encode(world))
            file.flush()
            os.fsync(file.fileno())
        new_file.replace(self._path)
