"""Registering people from Telegram, whether the bot may write to them, and their language and zone."""

from dataclasses import dataclass
from datetime import timedelta

from backend import clock, db
from backend.errors import Invalid
from backend.i18n import N_, Voice, languages, nearest
from backend.people.queries import Person, person_from
from backend.people.sql import REACHABLE
from backend.typed_text import clean_line
from backend.zones import zone_names

SEEN_PRECISION = timedelta(hours=1)  # how exactly `seen_at` is kept

UPSERT = """
INSERT INTO telegram_users AS u (telegram_id, first_name, last_name, username, language, created_at, seen_at, may_write_at)
VALUES ($1, $2, $3, $4, $5, $6, $6, CASE WHEN $7 THEN $6::timestamptz END)
ON CONFLICT ON CONSTRAINT telegram_users_telegram_id_key DO UPDATE SET
    first_name = $2, last_name = $3, username = $4,
    language = CASE WHEN u.language_chosen THEN u.language ELSE $5 END,
    may_write_at = CASE WHEN $7 THEN coalesce(u.may_write_at, $6) ELSE u.may_write_at END,
    blocked_at = CASE WHEN $7 THEN NULL ELSE u.blocked_at END,
    seen_at = $6
RETURNING *
"""


@dataclass(frozen=True, slots=True)
class TelegramIdentity:
    """A person as Telegram describes them, in an update or in verified `initData`; the names are cleaned
    (`X10`). Whose name cannot be seen is "Someone" in their language."""

    telegram_id: int
    first_name: str
    last_name: str = ""
    username: str = ""
    language_code: str | None = None
    may_write: bool = False  # they wrote in a private chat, or allows_write_to_pm

    def __post_init__(self) -> None:
        first, last = clean_line(self.first_name), clean_line(self.last_name)
        if not first:
            first, last = last or Voice(nearest(self.language_code)).gettext(N_("Someone")), ""
        object.__setattr__(self, "first_name", first)
        object.__setattr__(self, "last_name", last)
        object.__setattr__(self, "username", clean_line(self.username))


async def register_person(who: TelegramIdentity) -> Person:
    """Record a person under their present name; idempotent. With `may_write` they no longer count as having
    blocked the bot (`M3`)."""
    at = clock.now()
    known = await db.row(
        "SELECT u.* FROM telegram_users u WHERE telegram_id = $1 AND first_name = $2 AND last_name = $3 AND username = $4"
        " AND (language_chosen OR language = $5) AND seen_at > $6"
        f" AND (NOT $7 OR {REACHABLE})",
        who.telegram_id,
        who.first_name,
        who.last_name,
        who.username,
        nearest(who.language_code),
        at - SEEN_PRECISION,
        who.may_write,
    )
    if known is not None:
        return person_from(known)
    async with db.transaction():
        row = await db.row(
            UPSERT,
            who.telegram_id,
            who.first_name,
            who.last_name,
            who.username,
            nearest(who.language_code),
            at,
            who.may_write,
        )
    assert row is not None
    return person_from(row)


async def allow_writing(person: Person) -> None:
    """The person pressed Start or allowed the bot to write (`M3`)."""
    await db.execute_single(
        "UPDATE telegram_users SET may_write_at = coalesce(may_write_at, $2), blocked_at = NULL WHERE id = $1",
        person.id,
        clock.now(),
    )


async def mark_blocked(telegram_id: int) -> None:
    """The person blocked the bot, which does not write to them until they return (`M3`)."""
    await db.execute_single(
        "UPDATE telegram_users SET blocked_at = $2 WHERE telegram_id = $1 AND blocked_at IS NULL",
        telegram_id,
        clock.now(),
    )


async def choose_language(person: Person, language: str) -> None:
    """Set the person's language, whatever Telegram says it is (`M5`). Raises `Invalid`."""
    if language not in languages():
        raise Invalid(N_("We do not speak that language yet."), field="language")
    await db.execute_single(
        "UPDATE telegram_users SET language = $2, language_chosen = true WHERE id = $1",
        person.id,
        language,
    )


async def choose_zone(person: Person, zone: str) -> None:
    """Set the person's IANA zone; times are shown in it beside the event's own (`S3`). Raises `Invalid`."""
    if zone not in zone_names():
        raise Invalid(N_("Unknown time zone."), field="zone")
    if person.zone != zone:
        await db.execute_single("UPDATE telegram_users SET zone = $2 WHERE id = $1", person.id, zone)
