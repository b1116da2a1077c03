"""From `initData` to a session, and from a session to a person, the dependency of every handler (`X1`, `X4`).

A session is a signed text that the page holds in memory and sends as `Authorization: Bearer …`; there is no
cookie. It expires one hour after its last renewal and twelve hours after its opening. A request with a
session older than five minutes gets a renewed one in `X-Session`. It names a person and their session
version, which is compared with the database on every request: ending a person's sessions takes effect at
once. It also carries the time of Telegram's signature, because an organiser's acts require one of the last
hour.
"""

import hmac
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Any

from itsdangerous import BadData, Signer, URLSafeSerializer
from litestar import Request
from litestar.di import NamedDependency
from litestar.exceptions import NotAuthorizedException

from backend import clock, failpoints
from backend.departures.former_members import recheck_groups
from backend.errors import Forbidden, Invalid
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
NEW_SIGNATURE_LIFE = timedelta(minutes=5)  # where owners change
RENEW_AFTER = timedelta(minutes=5)
SESSION_MAX = 512
RENEWAL = "x_session"  # the key of a renewed session in the request's state, read by `webapp.headers`
SIGNED_AT = "signed_at"  # the key of the time of Telegram's signature in the request's state


class OpenAgain(Forbidden):
    """Telegram's signature is too old for an organiser's acts (`X1`)."""

    outcome = "open-again"
    message = N_(
        "Please open Emerald again. It has been open for over an hour, and before you act for your club "
        "we make sure that it is you."
    )


@dataclass(frozen=True, slots=True)
class Claims:
    """The content of a session; instants in whole seconds."""

    person_id: int
    version: int
    opened_at: datetime
    issued_at: datetime
    signed_at: datetime  # by Telegram


@dataclass(frozen=True, slots=True)
class Session:
    """Whose request it is, when Telegram signed for them, and their session anew, "" while it is fresh."""

    person: Person
    signed_at: datetime
    renewed: str

    @property
    def state(self) -> dict[str, Any]:
        """What handlers and `webapp.headers` read in the state of the request."""
        state: dict[str, Any] = {PERSON: self.person, SIGNED_AT: self.signed_at}
        return state | {RENEWAL: self.renewed} if self.renewed else state


@cache
def _serializer() -> URLSafeSerializer:
    # The library would derive the key anew for each session.
    key = hmac.digest(settings.secret_key.encode(), b"emerald mini app session", sha256)
    return URLSafeSerializer(key, signer_kwargs={"digest_method": sha256, "key_derivation": "none"})


@cache
def _signer() -> Signer:
    return _serializer().make_signer()


def issue_session(person: Person, opened_at: datetime, signed_at: datetime) -> str:
    """A session for this person, issued now; `signed_at` is the time of Telegram's signature.

    0.3.0 reads it too, and nothing behind its first "=" (decision 0055).
    """
    opened, issued, signed = (int(at.timestamp()) for at in (opened_at, clock.now(), signed_at))
    content = [person.id, settings.bot_id, person.session_version, opened, float(issued), signed]
    return f"{_serializer().dumps(content)}{_holder(person.id)}"


def _holder(person_id: int) -> str:
    """The end of somebody's sessions, which nginx counts their requests by (`X7`): the same for all of them, and no
    other person can guess and send it."""
    digest = hmac.digest(settings.secret_key.encode(), f"holder {person_id}".encode(), "sha256")
    return f"={digest.hex()[:16]}"


def read_claims(token: str) -> Claims | None:
    """The content of a session that we signed for this bot and that has not expired, or None.

    Sessions of 0.3.0 have no holder and count for the reader's address. They write all their moments as whole numbers, so
    that none of ours becomes one when somebody cuts its holder off.
    """
    if len(token) > SESSION_MAX or not token.isascii():
        return None
    signed_text = token.partition("=")[0]
    try:
        person_id, bot_id, version, *moments = _serializer().load_payload(_signer().unsign(signed_text))
        opened, issued, signed = (datetime.fromtimestamp(at, UTC) for at in moments)
    except (BadData, ValueError, TypeError):
        return None
    holder = _holder(person_id) if isinstance(moments[1], float) else ""
    if not hmac.compare_digest(token.removeprefix(signed_text), holder):
        return None
    claims = Claims(person_id, version, opened, issued, signed)
    now = clock.now()
    is_alive = now - claims.issued_at < IDLE_LIFE and now - claims.opened_at < TOTAL_LIFE
    return claims if is_alive and bot_id == settings.bot_id else None


def credentials(authorization: str, scheme: str) -> str:
    """The credentials of `Authorization: <scheme> …`, or "". Schemes are case-insensitive (RFC 9110,
    11.1)."""
    given, _, rest = authorization.partition(" ")
    return rest.strip() if given.lower() == scheme else ""


async def open_session(authorization: str, zone: str) -> tuple[Person, datetime]:
    """The person of `Authorization: tma <initData>`, and the time of its signature. Raises
    `NotAuthorizedException` (401).

    `zone` is that of the client, from `X-Time-Zone`; it is used until the person chooses one.
    """
    raw = credentials(authorization, "tma")
    try:
        launch = read_init_data(
            raw,
            settings.telegram_bot_token,
            max_age=settings.init_data_max_age,
            now=clock.now(),
        )
    except BadInitData:
        raise NotAuthorizedException() from None
    person = await register_person(launch.identity)
    if _is_signed_out(person, launch.opened_at):
        raise NotAuthorizedException()
    if person.zone is None and zone:
        with suppress(Invalid):  # an unknown zone is ignored
            await choose_zone(person, zone)
            person = replace(person, zone=zone)
    await recheck_groups(person)
    return person, launch.opened_at


def _is_signed_out(person: Person, signed_at: datetime) -> bool:
    """Whether the person has signed out everywhere since Telegram signed this."""
    at = person.signed_out_at
    return at is not None and signed_at <= at and not failpoints.on("init-data.outlives-sign-out")


async def load_person(request: Request[Any, Any, Any]) -> Person:
    """The person of the request's session. Raises `NotAuthorizedException` (401) for none, an ended or a
    forged one.

    The first GET may carry `initData` itself: the response then brings the session, which saves a round trip.
    """
    authorization = request.headers.get("authorization", "")
    if request.method == "GET" and credentials(authorization, "tma"):
        person, signed_at = await open_session(authorization, request.headers.get("x-time-zone", ""))
        request.state[PERSON] = person
        request.state[SIGNED_AT] = signed_at
        request.state[RENEWAL] = issue_session(person, clock.now(), signed_at)
        return person
    return await _load_bearer(request)


async def _load_bearer(request: Request[Any, Any, Any]) -> Person:
    session = await find_session(request.headers.get("authorization", ""))
    if session is None:
        raise NotAuthorizedException()
    request.state.update(session.state)
    return session.person


async def find_session(authorization: str) -> Session | None:
    """The session of `Authorization: Bearer …`; None for none, an ended or a forged one."""
    claims = read_claims(credentials(authorization, "bearer"))
    person = await people.person(claims.person_id) if claims else None
    if claims is None or person is None or person.session_version != claims.version:
        return None
    is_old = clock.now() - claims.issued_at > RENEW_AFTER
    renewed = issue_session(person, claims.opened_at, claims.signed_at) if is_old else ""
    return Session(person, claims.signed_at, renewed)


async def load_organiser(request: Request[Any, Any, Any], person: NamedDependency[Person]) -> Person:
    """The same for organisers' and helpers' acts: Telegram's signature is at most an hour old. Raises
    `OpenAgain` (403).

    Their role is checked by the domain.
    """
    signed_at: datetime = request.state[SIGNED_AT]
    if clock.now() - signed_at > SIGNATURE_LIFE:
        raise OpenAgain()
    return person


def require_new_signature(request: Request[Any, Any, Any]) -> None:
    """Before an owner goes: Telegram's signature is a few minutes old (`X3`). Raises `OpenAgain` (403)."""
    age = clock.now() - request.state[SIGNED_AT]
    if age > NEW_SIGNATURE_LIFE and not failpoints.on("confirmations.skipped"):
        raise OpenAgain(
            N_("Please open Emerald again: before a club’s owners change, we make sure that it is you.")
        )
