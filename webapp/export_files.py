"""All data held about a person as a file (`A7`), at a URL that needs no session: Telegram downloads it, not
the Mini App.

The URL is signed for one person, valid for a quarter of an hour, and ends with their sessions.
"""

import json
from functools import cache
from hashlib import sha256

from itsdangerous import BadData, URLSafeSerializer
from litestar import HttpMethod, Response, route
from litestar.params import FromPath

from backend import clock
from backend.errors import NotFound
from backend.people import queries as people
from backend.people.queries import Person
from backend.people.rate_limits import RateLimit, spend
from backend.personal.queries import export
from backend.settings import settings
from webapp.respond import download

VALID_SECONDS = 15 * 60
TOKEN_MAX = 256
FILE_NAME = "emerald-my-data.json"


@cache
def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(
        settings.secret_key,
        salt="emerald export",
        signer_kwargs={"digest_method": sha256, "key_derivation": "hmac"},
    )


def export_url(person: Person) -> str:
    """The URL of this person's data, valid from now for a quarter of an hour."""
    token = _signer().dumps([person.id, person.session_version, int(clock.now().timestamp())])
    return f"{settings.public_url}/export/{token}.json"


@route("/export/{name:str}", http_method=[HttpMethod.GET, HttpMethod.HEAD], include_in_schema=False)
async def show(name: FromPath[str]) -> Response[bytes]:
    """The file. Raises `NotFound` for any URL that is not, or no longer, valid; `TooOften`."""
    token, _, kind = name.rpartition(".")
    person = None
    if kind == "json" and len(token) <= TOKEN_MAX and token.isascii():
        person = await _read_token(token)
    if person is None:
        raise NotFound()
    await spend(person, RateLimit.EXPORTS)
    text = json.dumps(await export(person), ensure_ascii=False, indent=1)
    return download(text.encode(), "application/json", FILE_NAME, {"X-Robots-Tag": "noindex"})


async def _read_token(token: str) -> Person | None:
    try:
        person_id, version, at = _signer().loads(token)
    except (BadData, ValueError, TypeError):
        return None
    if not 0 <= int(clock.now().timestamp()) - at <= VALID_SECONDS:
        return None
    person = await people.person(person_id)
    return person if person is not None and person.session_version == version else None
