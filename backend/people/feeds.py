"""A person's calendar feed: the address at which calendars follow the dates they are in.

The token in the address is all that is asked for. It has 256 bits and is never stored: only its SHA-256 is,
and a random seed that yields it again together with the application's secret key. An API key is shown once
(`A3`), because its holder keeps it; an address is needed again for the next device, and a new one would stop
the calendars that follow the old. So its owner may see it at any time, and the database alone opens nothing
(`X6`).
"""

import base64
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from backend import clock, codes, db
from backend.i18n import Voice
from backend.people.queries import Person, person_from
from backend.settings import settings

# Several calendars may follow one address, and each asks every few minutes or hours; more than this is a
# fault (X7).
REQUESTS_MAX, REQUESTS_WINDOW = 60, timedelta(minutes=10)

# Calendars take 404 for an address that may come back, and go on showing old dates; 410 ends that (RFC 9110 §15.5.11).
FORMER_KEPT = timedelta(days=365)
_FORMER = """INSERT INTO former_calendar_feeds (token_hash, language, ended_at)
    SELECT f.token_hash, u.language, $2 FROM {feeds} f JOIN telegram_users u ON u.id = f.user_id{where}
    ON CONFLICT ON CONSTRAINT former_calendar_feeds_pkey DO NOTHING"""
# $1 is the person, $2 the present moment.
DELETE_FEED = (
    "WITH ended AS (DELETE FROM calendar_feeds WHERE user_id = $1 RETURNING user_id, token_hash) "
    + _FORMER.format(feeds="ended", where="")
)


@dataclass(frozen=True, slots=True)
class Feed:
    """A person's feed as they see it. `token` is "" when the secret key has changed since: only a new one can
    then be shown. `resting` is whether its owner has blocked the bot: it answers nothing until they return
    (`M3`)."""

    token: str
    created_at: datetime
    asked_at: datetime | None
    resting: bool


@dataclass(frozen=True, slots=True)
class FeedRequest:
    """The feed of a token: whose it is, the `etag` of its last answer, and since when that answer was the
    same."""

    person: Person
    etag: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class TooManyRequests:
    """The feed was requested too often; the next request is answered after `seconds`."""

    seconds: int


async def feed(person: Person) -> Feed | None:
    """The person's feed, if they have made one."""
    row = await db.row(
        "SELECT f.*, u.blocked_at IS NOT NULL AS resting FROM calendar_feeds f JOIN telegram_users u ON u.id = f.user_id"
        " WHERE f.user_id = $1",
        person.id,
    )
    if row is None:
        return None
    token = _token(row["seed"])
    known = hmac.compare_digest(codes.digest(token), row["token_hash"])
    return Feed(token if known else "", row["created_at"], row["asked_at"], row["resting"])


async def create_feed(person: Person) -> None:
    """Make the person's feed, unless they have one."""
    await _save(person, "DO NOTHING")


async def renew_feed(person: Person) -> None:
    """Give the feed a new address; the old one stops working at once, and says so to calendars for a year."""
    await _save(
        person,
        "DO UPDATE SET seed = excluded.seed, token_hash = excluded.token_hash, created_at = excluded.created_at,"
        " mark = '', changed_at = excluded.changed_at, asked_at = NULL, asked_since = excluded.asked_since, asked = 0",
        remember_former=True,
    )


async def delete_feed(person: Person) -> None:
    """Delete the feed; idempotent. Its address says so to calendars for a year."""
    await db.execute_single(DELETE_FEED, person.id, clock.now())


@dataclass(frozen=True, slots=True)
class FormerFeed:
    """An address that was renewed or turned off: since when, and the language in which its calendars are written."""

    ended_at: datetime
    voice: Voice


async def former_feed(token: str) -> FormerFeed | None:
    """What became of an address that was a feed's within the last year; None for any other."""
    row = await db.row(
        "SELECT language, ended_at FROM former_calendar_feeds WHERE token_hash = $1 AND ended_at > $2",
        codes.digest(token),
        clock.now() - FORMER_KEPT,
    )
    return FormerFeed(row["ended_at"], Voice(row["language"])) if row else None


async def open_feed(token: str) -> FeedRequest | TooManyRequests | None:
    """Count a request and find the feed of its token; None when there is none, or its owner is erased or has
    blocked the bot."""
    at = clock.now()
    # The count may be lost in a crash, so the commit does not wait for the disk.
    async with db.transaction("SET LOCAL synchronous_commit = off"):
        row = await db.row(
            "UPDATE calendar_feeds f SET asked_at = $2, asked = CASE WHEN f.asked_since <= $3 THEN 1 ELSE f.asked + 1 END,"
            " asked_since = CASE WHEN f.asked_since <= $3 THEN $2 ELSE f.asked_since END FROM telegram_users u"
            " WHERE f.token_hash = $1 AND u.id = f.user_id AND u.blocked_at IS NULL AND u.erased_at IS NULL"
            " AND (f.asked_since <= $3 OR f.asked < $4) RETURNING u.*, f.mark, f.changed_at",
            codes.digest(token),
            at,
            at - REQUESTS_WINDOW,
            REQUESTS_MAX,
        )
    if row is not None:
        return FeedRequest(person_from(row), row["mark"], row["changed_at"])
    since = await db.value(
        "SELECT f.asked_since FROM calendar_feeds f JOIN telegram_users u ON u.id = f.user_id"
        " WHERE f.token_hash = $1 AND u.blocked_at IS NULL AND u.erased_at IS NULL",
        codes.digest(token),
    )
    if since is None:
        return None
    return TooManyRequests(max(1, int((since + REQUESTS_WINDOW - at).total_seconds())))


async def record_content(person: Person, etag: str) -> datetime:
    """Record what the feed answers now; since when it has answered so, in whole seconds. No two answers of a
    feed have the same moment."""
    at = clock.now().replace(microsecond=0)
    since = await db.execute_single(
        "UPDATE calendar_feeds SET mark = $2, changed_at = CASE WHEN mark = $2 THEN changed_at"
        " ELSE greatest($3, changed_at + interval '1 second') END WHERE user_id = $1 RETURNING changed_at",
        person.id,
        etag,
        at,
    )
    return since or at  # the feed was deleted meanwhile


async def _save(person: Person, on_conflict: str, *, remember_former: bool = False) -> None:
    seed = secrets.token_hex(32)
    former = (
        _FORMER.format(feeds="calendar_feeds", where=" WHERE f.user_id = $1")
        if remember_former
        else "SELECT 1"
    )
    await db.execute_single(
        f"WITH former AS ({former}) "
        "INSERT INTO calendar_feeds (user_id, seed, token_hash, created_at, changed_at, asked_since)"
        " SELECT u.id, $3, $4, $2, $5, $2 FROM telegram_users u WHERE u.id = $1 AND u.erased_at IS NULL"
        f" ON CONFLICT ON CONSTRAINT calendar_feeds_user_id_key {on_conflict}",
        person.id,
        clock.now(),
        seed,
        codes.digest(_token(seed)),
        # Earlier than the first answer, whose moment is the present one.
        clock.now().replace(microsecond=0) - timedelta(seconds=1),
    )


def _token(seed: str) -> str:
    made = hmac.digest(settings.secret_key.encode(), f"calendar feed {seed}".encode(), "sha256")
    return base64.urlsafe_b64encode(made).decode().rstrip("=")
