"""How 0.3.0 makes and reads sessions of the Mini App: its code of `webapp/miniapp/authentication.py`, as it was released.

Nothing here follows what the code does today: it is what the processes of 0.3.0 do beside ours while one replaces the other.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from itsdangerous import BadData, URLSafeSerializer

from backend import clock
from backend.people.queries import Person
from backend.settings import settings

IDLE_LIFE = timedelta(hours=1)
TOTAL_LIFE = timedelta(hours=12)
SESSION_MAX = 512


@dataclass(frozen=True, slots=True)
class Claims:
    person_id: int
    version: int
    opened_at: datetime
    issued_at: datetime
    signed_at: datetime


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(
        settings.secret_key,
        salt="emerald mini app session",
        signer_kwargs={"digest_method": sha256, "key_derivation": "hmac"},
    )


def issue_session(person: Person, opened_at: datetime, signed_at: datetime) -> str:
    moments = [int(at.timestamp()) for at in (opened_at, clock.now(), signed_at)]
    return str(_signer().dumps([person.id, settings.bot_id, person.session_version, *moments]))


def read_claims(token: str) -> Claims | None:
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
