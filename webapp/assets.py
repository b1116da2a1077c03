"""Style sheets and scripts: read once, served under the hash of their content, so that a browser keeps them for ever."""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

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
    """A file as it is sent. `digest` is what its address changes with."""

    media_type: str
    digest: str
    plain: bytes
    packed: bytes


@cache
def assets() -> dict[str, Asset]:
    """Every servable file under `static/`, by its path there."""
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
    """The address of `static/<name>`, with the hash of its content. Raises `KeyError` when there is no such file."""
    return f"/static/{assets()[name].digest}/{name}"


@get("/static/{digest:str}/{name:path}", include_in_schema=False)
async def show(
    request: Request[Any, Any, Any], digest: FromPath[str], name: FromPath[str]
) -> Response[bytes]:
    """A file. An address with an old hash, as a page rendered by the version before has it, gets today's file, unkept."""
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
