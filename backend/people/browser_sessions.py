"""The dashboard sessions of a person's browsers, which they see and end themselves (`X3`)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from backend import clock, codes, db, failpoints
from backend.errors import NotFound
from backend.people.queries import Person

CONFIRMATION_LIFE = timedelta(minutes=5)  # after a sign-in, for acts that ask Telegram again
_SEEN_PRECISION = timedelta(minutes=10)  # how exactly "last seen" is kept


@dataclass(frozen=True, slots=True)
class BrowserSession:
    """A browser that is signed in; `here` is whether it is the one that asks. Times are aware instants."""

    id: int
    browser: str
    created_at: datetime
    seen_at: datetime
    here: bool


async def browser_sessions(person: Person, token: str) -> list[BrowserSession]:
    """The person's live sessions: that of this browser (`token`) first, then the last seen."""
    rows = await db.rows(
        "SELECT id, browser, created_at, seen_at, token_hash = $3 AS here FROM web_sessions"
        " WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2 ORDER BY here DESC, seen_at DESC, id",
        person.id,
        clock.now(),
        codes.digest(token),
    )
    return [
        BrowserSession(row["id"], row["browser"], row["created_at"], row["seen_at"], row["here"])
        for row in rows
    ]


async def record_session_use(token: str) -> None:
    """Record that this browser is in use, at most every ten minutes."""
    at = clock.now()
    is_outdated = await db.value(
        "SELECT true FROM web_sessions WHERE token_hash = $1 AND seen_at < $2",
        codes.digest(token),
        at - _SEEN_PRECISION,
    )
    if is_outdated:
        await db.execute_single(
            "UPDATE web_sessions SET seen_at = $2 WHERE token_hash = $1",
            codes.digest(token),
            at,
        )


async def is_newly_confirmed(token: str) -> bool:
    """Whether Telegram said whose browser this is in the last five minutes (`X3`): by a tap, its sign-in page, or its
    signature in the Mini App."""
    if failpoints.on("confirmations.skipped"):
        return True
    return bool(
        await db.value(
            "SELECT true FROM web_sessions WHERE token_hash = $1 AND revoked_at IS NULL"
            " AND coalesce(confirmed_at, created_at) > $2",
            codes.digest(token),
            clock.now() - CONFIRMATION_LIFE,
        )
    )


async def end_browser_session(person: Person, browser_id: int) -> None:
    """Sign out one of the person's own browsers; idempotent. Raises `NotFound`."""
    if not await db.execute_single_count(
        "UPDATE web_sessions SET revoked_at = coalesce(revoked_at, $3) WHERE id = $1 AND user_id = $2",
        browser_id,
        person.id,
        clock.now(),
    ):
        raise NotFound()


async def sign_out(token: str) -> None:
    """End this browser's session; idempotent."""
    await db.execute_single(
        "UPDATE web_sessions SET revoked_at = $2 WHERE token_hash = $1 AND revoked_at IS NULL",
        codes.digest(token),
        clock.now(),
    )


async def end_sessions(person: Person) -> None:
    """Sign the person out everywhere (`X3`): Mini App sessions carry a version, browsers have rows, and what
    Telegram signed before opens no session any more (`X1`)."""
    at = clock.now()
    async with db.transaction():
        await db.execute(
            "UPDATE telegram_users SET session_version = session_version + 1, signed_out_at = $2 WHERE id = $1",
            person.id,
            at,
        )
        await db.execute(
            "UPDATE web_sessions SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL",
            person.id,
            at,
        )
