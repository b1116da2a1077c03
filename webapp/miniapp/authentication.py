"""From `initData` to a session, and from a session to a person, a fact of every request (`X1`, `X4`).

A session is a signed text the page holds in memory and sends as `Authorization: Bearer …`; no cookie. It lives one hour
from its last renewal and twelve from its opening; a request with one older than five minutes brings a fresh one in
`X-Session`. It names a person and their session version, which is compared with the database on every request: ending
someone's sessions ends them now. It also knows when Telegram signed what it was opened from: who acts as an organiser
must have been named by Telegram within the hour.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Any

from itsdangerous import BadData, URLSafeSerializer
from litestar import Request
from litestar.di import NamedDependency
from litestar.exceptions import NotAuthorizedException

from backend import clock
from backend.errors import Forbidden, Invalid
from backend.groups.presence import recheck_presence
from backend.i18n import N_
from backend.people import queries as people
from backend.people.actions import choose_zone, register_person
from backend.people.queries import Person
from backend.settings import settings
from webapp.miniapp.init_data import BadInitData, read_init_data
from webapp.respond import PERSON

IDLE_LIFE = timedelta(hours=1)
TOTAL_LIFE = timedelta(hours=12)
SIGNATURE_LIFE = timedelta(hours=1)  # from Telegram's signature
RENEW_AFTER = timedelta(minutes=5)
SESSION_MAX = 512
RENEWAL = "x_session"  # where a renewed session waits, in the request's state, for `webapp.headers`
SIGNED_AT = "signed_at"  # where Telegram's signature of the reader is dated, in the request's state


class OpenAgain(Forbidden):
    """What the session was opened from is too old for acting as an organiser (`X1`)."""

    outcome = "open-again"
    message = N_(
        "Please open Emerald again. It has been open for over an hour, and before you act for your club we make sure that it is you."
    )


@dataclass(frozen=True, slots=True)
class Claims:
    """What a session says; instants in whole seconds."""

    person_id: int
    version: int
    opened_at: datetime
    issued_at: datetime
    signed_at: datetime  # by Telegram


@cache
def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(
        settings.secret_key,
        salt="emerald mini app session",
        signer_kwargs={"digest_method": sha256, "key_derivation": "hmac"},
    )


def issue_session(person: Person, opened_at: datetime, signed_at: datetime) -> str:
    """A session for this person, issued now; `signed_at` is when Telegram last said that it is them."""
    moments = [int(at.timestamp()) for at in (opened_at, clock.now(), signed_at)]
    return str(_signer().dumps([person.id, settings.bot_id, person.session_version, *moments]))


def read_claims(token: str) -> Claims | None:
    """What a session says, if it is ours, for this bot, and alive."""
    if len(token) > SESSION_MAX or not token.isascii():
        return None
    try:
        person_id, bot_id, version, *moments = _signer().loads(token)
        opened, issued, signed = (datetime.fromtimestamp(at, UTC) for at in moments)
    except (BadData, ValueError, TypeError):
        return None
    said = Claims(person_id, version, opened, issued, signed)
    now = clock.now()
    alive = now - said.issued_at < IDLE_LIFE and now - said.opened_at < TOTAL_LIFE
    return said if alive and bot_id == settings.bot_id else None


def credentials(headers: Mapping[str, str], scheme: str) -> str:
    """What `Authorization: <scheme> …` carries; "" without it. Schemes are compared without regard to case."""
    told, _, rest = headers.get("authorization", "").partition(" ")
    return rest.strip() if told.lower() == scheme else ""


async def open_session(request: Request[Any, Any, Any]) -> tuple[Person, datetime]:
    """Who `Authorization: tma <initData>` says it is, and when Telegram signed that. Raises `NotAuthorizedException` (401).

    `X-Time-Zone` is where the client's clock is set: taken until the person chooses one themselves.
    """
    raw = credentials(request.headers, "tma")
    try:
        launch = read_init_data(
            raw,
            settings.telegram_bot_token,
            max_age=settings.init_data_max_age,
            now=clock.now(),
        )
    except BadInitData:
        raise NotAuthorizedException() from None
    person = await register_person(launch.who)
    zone = request.headers.get("x-time-zone", "")
    if person.zone is None and zone:
        with suppress(Invalid):  # a clock set to a zone we do not know tells nothing
            await choose_zone(person, zone)
            person = replace(person, zone=zone)
    await recheck_presence(person)
    return person, launch.opened_at


async def load_person(request: Request[Any, Any, Any]) -> Person:
    """Whose session the request brings. Raises `NotAuthorizedException` (401) for none, an ended or a forged one.

    The first screen may be asked for with `initData` itself: the session it opens comes with the answer, so that who has
    a slow line waits for one way there and back less.
    """
    if request.method == "GET" and credentials(request.headers, "tma"):
        person, signed_at = await open_session(request)
        request.state[PERSON] = person
        request.state[SIGNED_AT] = signed_at
        request.state[RENEWAL] = issue_session(person, clock.now(), signed_at)
        return person
    return await _load_bearer(request)


async def _load_bearer(request: Request[Any, Any, Any]) -> Person:
    claims = read_claims(credentials(request.headers, "bearer"))
    person = await people.person(claims.person_id) if claims else None
    if claims is None or person is None or person.session_version != claims.version:
        raise NotAuthorizedException()
    request.state[PERSON] = person
    request.state[SIGNED_AT] = claims.signed_at
    if clock.now() - claims.issued_at > RENEW_AFTER:
        request.state[RENEWAL] = issue_session(person, claims.opened_at, claims.signed_at)
    return person


async def load_organiser(request: Request[Any, Any, Any], person: NamedDependency[Person]) -> Person:
    """The same for what organisers and helpers do, whose role the domain looks at: Telegram has named them within the
    hour. Raises `OpenAgain` (403)."""
    signed_at: datetime = request.state[SIGNED_AT]
    if clock.now() - signed_at > SIGNATURE_LIFE:
        raise OpenAgain()
    return person
