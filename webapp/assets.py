"""Style sheets and scripts: read once, and served at a URL with the hash of their content, so that browsers
cache them."""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from webapp.handler_options import IN_MAINTENANCE

STATIC = Path(__file__).parent / "static"
MEDIA_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
}
IMMUTABLE = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is sent. `digest` is the hash of its content, part of its URL."""

    media_type: str
    digest: str
    plain: bytes
    packed: bytes


@cache
def assets() -> dict[str, Asset]:
    """Every file under `static/` that is served, by its path there."""
    found = {}
    for path in sorted(STATIC.rglob("*")):
        media_type = MEDIA_TYPES.get(path.suffix)
        if media_type is not None:
            plain = path.read_bytes()
            digest = hashlib.sha256(plain).hexdigest()[:12]
            found[path.relative_to(STATIC).as_posix()] = Asset(
                media_type, digest, plain, gzip.compress(plain, mtime=0)
            )
    return found


def static_url(name: str) -> str:
    """The URL of `static/<name>` with the hash of its content. Raises `KeyError` for an unknown file."""
    return f"/static/{assets()[name].digest}/{name}"


@get("/static/{digest:str}/{name:path}", include_in_schema=False, opt={IN_MAINTENANCE: True})
async def show(
    request: Request[Any, Any, Any], digest: FromPath[str], name: FromPath[str]
) -> Response[bytes]:
    """A file. A URL with an old hash, from a page of the previous version, gets the present file,
    uncached."""
    asset = assets().get(str(name).removeprefix("/"))
    if asset is None:
        raise NotFoundException()
    headers = {
        "Cache-Control": IMMUTABLE if digest == asset.digest else "no-cache",
        "Vary": "Accept-Encoding",
    }
    body = asset.plain
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        body = asset.packed
    return Response(body, media_type=asset.media_type, headers=headers)
