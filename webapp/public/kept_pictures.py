"""The preview picture that a chat shows for a link: an instance drawn on the server.

The content is a frozen record whose etag is part of the picture's URL, so that clients cache it. Drawing
needs the processor for a while: a process draws one picture at a time, in a thread, and refuses requests
beyond `WAITING_MAX`.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass

from webapp.computing import compute
from webapp.freshness import etag_of

WIDTH, HEIGHT = 1200, 630
DRAWING_VERSION = 1  # increased when the same content is drawn differently
CACHED_MAX = 64  # pictures in a process, about 40 kB each
WAITING_MAX = 16


@dataclass(frozen=True, slots=True)
class PictureContent:
    """What a picture shows. Without a `capacity` there is no ring. `state` is open, over or cancelled."""

    title: str
    account_name: str
    when: str
    place: str
    seats: str
    state: str
    capacity: int | None
    booked: int
    offered: int

    @property
    def etag(self) -> str:
        """Changes whenever the picture does."""
        return etag_of(DRAWING_VERSION, self)


class TooManyWaiting(Exception):
    """Too many requests wait for a picture; the client may try again later."""


_cache: OrderedDict[str, bytes] = OrderedDict()
_drawing = asyncio.Lock()
_waiting = 0


async def render_picture(content: PictureContent) -> bytes:
    """The picture as a PNG. Simultaneous requests for the same picture share it. Raises `TooManyWaiting`."""
    global _waiting
    etag = content.etag
    if etag not in _cache:
        if _waiting >= WAITING_MAX:
            raise TooManyWaiting()
        _waiting += 1
        try:
            async with _drawing:
                if etag not in _cache:
                    _cache[etag] = await compute(_draw, content)
                    while len(_cache) > CACHED_MAX:
                        _cache.popitem(last=False)
        finally:
            _waiting -= 1
    _cache.move_to_end(etag)
    return _cache[etag]


def _draw(content: PictureContent) -> bytes:
    # Pillow holds 5 MB, in every web process: the first picture loads it, in its thread.
    from webapp.public import pictures

    return pictures.draw(content)
