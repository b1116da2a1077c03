"""Registering people from Telegram, whether the bot may write to them, and their language and zone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from backend import clock, db
from backend.batching import Batcher, TransactionBatcher
from backend.errors import Invalid
from backend.i18n import N_, Voice, languages, nearest
from backend.people.command_lists import mark_command_lists
from backend.people.queries import Person, person_from
from backend.people.sql import REACHABLE
from backend.typed_text import clean_line
from backend.zones import zone_names

SEEN_PRECISION = timedelta(hours=1)  # how exactly `seen_at` is kept

# People as Telegram describes them: $1 ids, $2 first names, $3 last names, $4 usernames, $5 languages, $6 whether the bot
# may write to them.
DESCRIBED = """unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[]) WITH ORDINALITY
    AS w (telegram_id, first_name, last_name, username, language, may_write, number)"""
# That somebody is known under all of this.
AS_DESCRIBED = f"""u.telegram_id = w.telegram_id AND u.first_name = w.first_name AND u.last_name = w.last_name
    AND u.username = w.username AND (u.language_chosen OR u.language = w.language) AND (NOT w.may_write OR {REACHABLE})"""
# Those who are known so, and were seen after $7.
KNOWN = f"SELECT w.number, u.* FROM {DESCRIBED} JOIN telegram_users u ON {AS_DESCRIBED} AND u.seen_at > $7"
# $7 is now.
UPSERT = f"""
INSERT INTO telegram_users AS u (telegram_id, first_name, last_name, username, language, created_at, seen_at, may_write_at)
SELECT telegram_id, first_name, last_name, username, language, $7, $7, CASE WHEN may_write THEN $7::timestamptz END
FROM {DESCRIBED} ORDER BY telegram_id
ON CONFLICT ON CONSTRAINT telegram_users_telegram_id_key DO UPDATE SET
    first_name = excluded.first_name, last_name = excluded.last_name, username = excluded.username,
    language = CASE WHEN u.language_chosen THEN u.language ELSE excluded.language END,
    may_write_at = CASE WHEN excluded.may_write_at IS NULL OR {REACHABLE} THEN u.may_write_at ELSE excluded.may_write_at END,
    blocked_at = CASE WHEN excluded.may_write_at IS NULL THEN u.blocked_at END,
    seen_at = $7
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
    blocked the bot (`M3`). People who arrive together are looked up and recorded together."""
    return await _known.submit(who) or await record_person(who)


async def record_person(who: TelegramIdentity) -> Person:
    """Record a person as `register_person` does, without looking first whether anything has changed."""
    return await _recorded.submit(who)


async def _find_known(_: int, people: Sequence[TelegramIdentity]) -> list[Person | None]:
    rows = await db.rows(KNOWN, *columns(people), clock.now() - SEEN_PRECISION)
    found = {row["number"]: person_from(row) for row in rows}
    return [found.get(number) for number, _ in enumerate(people, 1)]


async def _record(_: int, people: Sequence[TelegramIdentity], __: bool) -> list[Person]:
    latest = list({who.telegram_id: who for who in people}.values())  # one statement writes a row once
    rows = await db.execute_single_rows(UPSERT, *columns(latest), clock.now())
    found = {row["telegram_id"]: person_from(row) for row in rows}
    return [found[who.telegram_id] for who in people]


def columns(people: Sequence[TelegramIdentity | None]) -> list[Sequence[object]]:
    """People as the parameters of `DESCRIBED`; nobody is a row without an id, which no one has."""
    return [
        [who and who.telegram_id for who in people],
        [who and who.first_name for who in people],
        [who and who.last_name for who in people],
        [who and who.username for who in people],
        [who and nearest(who.language_code) for who in people],
        [who is not None and who.may_write for who in people],
    ]


_known: Batcher[TelegramIdentity, Person | None] = Batcher("known people", _find_known)
_recorded: TransactionBatcher[TelegramIdentity, Person] = TransactionBatcher("new people", _record)


async def allow_writing(person: Person) -> None:
    """The person pressed Start or allowed the bot to write (`M3`)."""
    await db.execute_single(
        f"UPDATE telegram_users u SET may_write_at = $2, blocked_at = NULL WHERE id = $1 AND NOT {REACHABLE}",
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
    async with db.transaction():
        await db.execute(
            "UPDATE telegram_users SET language = $2, language_chosen = true WHERE id = $1",
            person.id,
            language,
        )
        if language != person.language:
            await mark_command_lists([person.id])


async def choose_zone(person: Person, zone: str) -> None:
    """Set the person's IANA zone; times are shown in it beside the event's own (`S3`). Raises `Invalid`."""
    if zone not in zone_names():
        raise Invalid(N_("Unknown time zone."), field="zone")
    if person.zone != zone:
        await db.execute_single("UPDATE telegram_users SET zone = $2 WHERE id = $1", person.id, zone)
