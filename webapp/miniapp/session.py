"""From `initData` to a session, and from a session to a person, a fact of every request (`X1`, `X4`).

A session is a signed text the page holds in memory and sends as `Authorization: Bearer …`; no cookie. It lives one hour
from its last renewal and twelve from its opening; a request with one older than five minutes brings a fresh one in
`X-Session`. It names a person and their session version, which is compared with the database on every request: ending
someone's sessions ends them now.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Any

from itsdangerous import BadData, URLSafeSerializer
from litestar import Request
from litestar.exceptions import NotAuthorizedException

from backend import clock
from backend.people import queries as people
from backend.people.queries import Person
from backend.settings import settings
from webapp.respond import PERSON

IDLE = timedelta(hours=1)
WHOLE = timedelta(hours=12)
RENEWED_AFTER = timedelta(minutes=5)
LONGEST = 512
RENEWAL = "x_session"  # where a renewed session waits, in the request's state, for `webapp.headers`


@dataclass(frozen=True, slots=True)
class Claims:
    """What a session says; instants in whole seconds."""

    person_id: int
    version: int
    opened_at: datetime
    issued_at: datetime


@cache
def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(
        settings.secret_key,
        salt="emerald mini app session",
        signer_kwargs={"digest_method": sha256, "key_derivation": "hmac"},
    )


def issue(person: Person, opened_at: datetime) -> str:
    """A session for this person, issued now."""
    at = int(clock.now().timestamp())
    opened = int(opened_at.timestamp())
    return str(_signer().dumps([person.id, settings.bot_id, person.session_version, opened, at]))


def claims_of(token: str) -> Claims | None:
    """What a session says, if it is ours, for this bot, and alive."""
    if len(token) > LONGEST or not token.isascii():
        return None
    try:
        person_id, bot_id, version, opened, issued = _signer().loads(token)
    except (BadData, ValueError, TypeError):
        return None
    utc = clock.now().tzinfo
    said = Claims(
        person_id, version, datetime.fromtimestamp(opened, utc), datetime.fromtimestamp(issued, utc)
    )
    now = clock.now()
    alive = now - said.issued_at < IDLE and now - said.opened_at < WHOLE
    return said if alive and bot_id == settings.bot_id else None


def credentials(headers: Mapping[str, str], scheme: str) -> str:
    """What `Authorization: <scheme> …` carries; "" without it. Schemes are compared without regard to case."""
    told, _, rest = headers.get("authorization", "").partition(" ")
    return rest.strip() if told.lower() == scheme else ""


async def person_of_session(request: Request[Any, Any, Any]) -> Person:
    """Whose session the request brings. Raises `NotAuthorizedException` (401) for none, an ended or a forged one."""
    claims = claims_of(credentials(request.headers, "bearer"))
    person = await people.person(claims.person_id) if claims else None
    if claims is None or person is None or person.session_version != claims.version:
        raise NotAuthorizedException()
    request.state[PERSON] = person
    if clock.now() - claims.issued_at > RENEWED_AFTER:
        request.state[RENEWAL] = issue(person, claims.opened_at)
    return person
