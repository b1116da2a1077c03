"""Finding people: by id, by Telegram's id, by the session of their browser."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from backend import clock, codes, db
from backend.batching import Batcher
from backend.i18n import Voice
from backend.known_zones import known_or_none


@dataclass(frozen=True, slots=True)
class Person:
    """A person as every door and action knows them; each request has one."""

    id: int
    telegram_id: int
    first_name: str
    last_name: str = ""
    language: str = "en"
    zone: str | None = None
    session_version: int = 1
    signed_out_at: datetime | None = None  # everywhere: what Telegram signed before opens nothing
    reachable: bool = False  # the bot may write to them

    @property
    def voice(self) -> Voice:
        return Voice(self.language, self.zone)

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


def person_from(row: db.Row) -> Person:
    """A row of telegram_users as a `Person`."""
    return Person(
        id=row["id"],
        telegram_id=row["telegram_id"] or 0,  # an erased person has none, and is not reachable
        first_name=row["first_name"],
        last_name=row["last_name"],
        language=row["language"],
        zone=known_or_none(row["zone"]),
        session_version=row["session_version"],
        signed_out_at=row["signed_out_at"],
        reachable=row["may_write_at"] is not None and row["blocked_at"] is None,
    )


async def person(user_id: int) -> Person | None:
    """The person with this id (Emerald's), unless they are erased (`A7`). Every request begins so, and those
    that arrive together are loaded together."""
    return await _batcher.submit(user_id)


async def _load_batch(_: int, ids: Sequence[int]) -> list[Person | None]:
    rows = await db.rows(
        "SELECT * FROM telegram_users WHERE id = ANY($1::bigint[]) AND erased_at IS NULL", ids
    )
    found = {row["id"]: person_from(row) for row in rows}
    return [found.get(user_id) for user_id in ids]


_batcher: Batcher[int, Person | None] = Batcher("people", _load_batch)


async def person_of_telegram(telegram_id: int) -> Person | None:
    """The person with this Telegram id, if they are registered."""
    found = await db.row("SELECT * FROM telegram_users WHERE telegram_id = $1", telegram_id)
    return person_from(found) if found else None


async def person_of_browser(token: str) -> Person | None:
    """The person whose live dashboard session has this token (`X3`); revocation and expiry count at once."""
    found = await db.row(
        "SELECT u.* FROM web_sessions s JOIN telegram_users u ON u.id = s.user_id"
        " WHERE s.token_hash = $1 AND s.revoked_at IS NULL AND s.expires_at > $2",
        codes.digest(token),
        clock.now(),
    )
    return person_from(found) if found else None
