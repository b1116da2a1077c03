"""HTML that is rendered once for all who see the same, and kept under everything that it was made of (decision 0031)."""

from collections import OrderedDict
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from backend import failpoints
from backend.settings import settings

BYTES_MAX = 8_000_000  # of HTML, of one kind, in one process

Key = tuple[object, ...]


class Kept(Protocol):
    """A piece of HTML, and the instant at which the clock alone may change it."""

    @property
    def html(self) -> str: ...

    @property
    def changes_at(self) -> datetime: ...


Piece = TypeVar("Piece", bound=Kept)


class HtmlCache(Generic[Piece]):
    """The pieces asked for last, up to `bytes_max` bytes of HTML."""

    def __init__(self, bytes_max: int) -> None:
        self.bytes = 0  # of HTML
        self._bytes_max = bytes_max
        self._pieces: OrderedDict[Key, Piece] = OrderedDict()

    def find(self, key: Key, now: datetime) -> Piece | None:
        """The piece kept under this key, if the clock has not changed it since."""
        piece = self._pieces.get(key)
        if piece is None or (piece.changes_at <= now and not failpoints.on("kept.no-clock")):
            return None
        self._pieces.move_to_end(key)
        return piece

    def keep(self, key: Key, piece: Piece) -> None:
        """Keep a piece, and drop those that were not asked for longest."""
        self.drop(key)
        self._pieces[key] = piece
        self.bytes += len(piece.html)
        while self.bytes > self._bytes_max:
            self.drop(next(iter(self._pieces)))

    def drop(self, key: Key) -> None:
        dropped = self._pieces.pop(key, None)
        if dropped is not None:
            self.bytes -= len(dropped.html)


def new_cache() -> HtmlCache[Piece]:
    """An empty one. While templates are being written a change of one must be seen at once, and nothing is kept."""
    return HtmlCache(0 if settings.env == "development" else BYTES_MAX)
