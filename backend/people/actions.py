"""Meeting people, what they prefer, and signing them in to the dashboard."""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import available_timezones

from backend import clock, codes, db
from backend.errors import Invalid, NotFound, Refusal
from backend.i18n import N_, languages, nearest
from backend.people.queries import Person, person_from
from backend.people.sql import REACHABLE
from backend.settings import settings

OPEN_SIGN_INS_MAX, OPEN_SIGN_INS_WINDOW = 30, timedelta(minutes=10)  # unanswered sign-ins of one address
SIGN_IN_LIFE = timedelta(minutes=5)
SESSION_LIFE = timedelta(days=30)

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
    """What Telegram says of a person, in an update or in verified `initData`."""

    telegram_id: int
    first_name: str
    last_name: str = ""
    username: str = ""
    language_code: str | None = None
    may_write: bool = False  # seen in a private chat, or allows_write_to_pm


async def register_person(who: TelegramIdentity) -> Person:
    """Know this person from now on, under their present name; idempotent.

    `may_write` also takes back that they blocked the bot (`M3`).
    """
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
        at - timedelta(hours=1),
        who.may_write,
    )
    if known is not None:
        return person_from(known)
    async with db.transaction():
        met = await db.row(
            UPSERT,
            who.telegram_id,
            who.first_name or "?",
            who.last_name,
            who.username,
            nearest(who.language_code),
            at,
            who.may_write,
        )
    assert met is not None
    return person_from(met)


async def allow_writing(person: Person) -> None:
    """The person pressed Start or allowed the bot to write (`M3`)."""
    await db.execute_single(
        "UPDATE telegram_users SET may_write_at = coalesce(may_write_at, $2), blocked_at = NULL WHERE id = $1",
        person.id,
        clock.now(),
    )


async def mark_blocked(telegram_id: int) -> None:
    """The person blocked the bot: they are not written to until they return (`M3`)."""
    await db.execute_single(
        "UPDATE telegram_users SET blocked_at = $2 WHERE telegram_id = $1 AND blocked_at IS NULL",
        telegram_id,
        clock.now(),
    )


async def choose_language(person: Person, language: str) -> None:
    """Speak this language from now on (`M5`). Raises `Invalid`."""
    if language not in languages():
        raise Invalid(N_("We do not speak that language yet."), field="language")
    await db.execute_single(
        "UPDATE telegram_users SET language = $2, language_chosen = true WHERE id = $1",
        person.id,
        language,
    )


async def choose_zone(person: Person, zone: str) -> None:
    """Where the person is, as an IANA zone; times are shown in it beside the event's own (`S3`). Raises `Invalid`."""
    if zone not in available_timezones():
        raise Invalid(N_("That time zone is not known."), field="zone")
    if person.zone != zone:
        await db.execute_single("UPDATE telegram_users SET zone = $2 WHERE id = $1", person.id, zone)


async def end_sessions(person: Person) -> None:
    """Sign the person out everywhere: Mini App sessions by their version, browsers by their rows (`X3`)."""
    at = clock.now()
    async with db.transaction():
        await db.execute(
            "UPDATE telegram_users SET session_version = session_version + 1 WHERE id = $1",
            person.id,
        )
        await db.execute(
            "UPDATE web_sessions SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL",
            person.id,
            at,
        )


# --- signing in to the dashboard (`X3`): browser shows a link, the bot asks, the browser is in ---


@dataclass(frozen=True, slots=True)
class SignInLink:
    """`key` goes into the link to the bot, `browser_key` into the browser's cookie; both are shown once."""

    key: str
    browser_key: str
    expires_at: datetime


class TooManySignIns(Refusal):
    """One address asked for many sign-ins and answered none (`X7`)."""

    outcome = "too-many"
    message = N_("Many sign-ins were asked for from here. Wait ten minutes, then try once more.")


async def begin_sign_in(browser: str, *, address: str = "") -> SignInLink:
    """Make a one-use link for this browser (`browser` is its short description, shown by the bot).

    `address` is where it was asked from. Raises `TooManySignIns` when 30 of its links of the last ten minutes are open.
    """
    at = clock.now()
    invitation = SignInLink(codes.new_secret(), codes.new_secret(), at + SIGN_IN_LIFE)
    # Addresses are few enough to try them all against a plain digest, so it is keyed.
    key = settings.secret_key.encode()
    where = hmac.new(key, f"address {address}".encode(), "sha256").hexdigest() if address else ""
    async with db.transaction():
        if where:
            await db.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", where)
            open_now = await db.value(
                "SELECT count(*) FROM sign_ins WHERE address_hash = $1 AND created_at > $2 AND confirmed_at IS NULL",
                where,
                at - OPEN_SIGN_INS_WINDOW,
            )
            if open_now >= OPEN_SIGN_INS_MAX:
                raise TooManySignIns()
        await db.execute(
            "INSERT INTO sign_ins (key_hash, browser_hash, browser, created_at, expires_at, address_hash)"
            " VALUES ($1, $2, $3, $4, $5, $6)",
            codes.digest(invitation.key),
            codes.digest(invitation.browser_key),
            browser[:120],
            at,
            invitation.expires_at,
            where,
        )
    return invitation


@dataclass(frozen=True, slots=True)
class PendingSignIn:
    """A sign-in the bot asks its owner about."""

    id: int
    browser: str
    created_at: datetime


async def pending_sign_in(key: str) -> PendingSignIn:
    """The sign-in behind a link, still unanswered. Raises `NotFound` when it was used, answered or is too old."""
    found = await db.row(
        "SELECT id, browser, created_at FROM sign_ins WHERE key_hash = $1 AND expires_at > $2"
        " AND confirmed_at IS NULL AND refused_at IS NULL",
        codes.digest(key),
        clock.now(),
    )
    if found is None:
        raise NotFound(N_("This sign-in link is used up or too old. Ask for a new one in the browser."))
    return PendingSignIn(found["id"], found["browser"], found["created_at"])


async def answer_sign_in(sign_in_id: int, person: Person, *, yes: bool) -> None:
    """The person confirms or refuses; the first answer counts. Raises `NotFound` when it is too late."""
    column = "confirmed_at" if yes else "refused_at"
    taken = await db.execute_single_count(
        f"UPDATE sign_ins SET user_id = $2, {column} = $3 WHERE id = $1 AND expires_at > $3"
        " AND confirmed_at IS NULL AND refused_at IS NULL",
        sign_in_id,
        person.id,
        clock.now(),
    )
    if not taken:
        raise NotFound(N_("This sign-in link is used up or too old. Ask for a new one in the browser."))


async def sign_in_state(browser_key: str) -> str:
    """What has become of this browser's sign-in: `waiting`, `confirmed`, `refused`, or `gone` (used, too old, unknown)."""
    found = await db.row(
        "SELECT confirmed_at, refused_at FROM sign_ins WHERE browser_hash = $1 AND used_at IS NULL AND expires_at > $2",
        codes.digest(browser_key),
        clock.now(),
    )
    if found is None:
        return "gone"
    if found["refused_at"] is not None:
        return "refused"
    return "confirmed" if found["confirmed_at"] is not None else "waiting"


async def finish_sign_in(browser_key: str) -> str:
    """Exchange a confirmed sign-in, once, for a session token (kept only as its digest). Raises `NotFound`."""
    token = codes.new_secret()
    at = clock.now()
    async with db.transaction():
        used = await db.row(
            "UPDATE sign_ins SET used_at = $2 WHERE browser_hash = $1 AND confirmed_at IS NOT NULL AND used_at IS NULL"
            " AND expires_at > $2 RETURNING user_id, browser",
            codes.digest(browser_key),
            at,
        )
        if used is None:
            raise NotFound(N_("This sign-in link is used up or too old. Ask for a new one in the browser."))
        await db.execute(
            "INSERT INTO web_sessions (token_hash, user_id, browser, created_at, seen_at, expires_at)"
            " VALUES ($1, $2, $3, $4, $4, $5)",
            codes.digest(token),
            used["user_id"],
            used["browser"],
            at,
            at + SESSION_LIFE,
        )
    return token


async def sign_out(token: str) -> None:
    """End this browser's session; idempotent."""
    await db.execute_single(
        "UPDATE web_sessions SET revoked_at = $2 WHERE token_hash = $1 AND revoked_at IS NULL",
        codes.digest(token),
        clock.now(),
    )
