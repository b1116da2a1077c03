"""Signing in to the dashboard (`X3`): the browser shows a link to the bot, the bot asks, and the browser is
signed in."""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from backend import clock, codes, db, failpoints
from backend.errors import NotFound, TooOften
from backend.i18n import N_
from backend.people.queries import Person
from backend.people.tables import SignIn, WebSession
from backend.settings import settings

OPEN_SIGN_INS_MAX, OPEN_SIGN_INS_WINDOW = (
    30,
    timedelta(minutes=10),
)  # unanswered sign-ins of one address, known browser or holder of a pass
SIGN_IN_LIFE = timedelta(minutes=5)
SESSION_LIFE = timedelta(days=30)
NUMBERS_OFFERED = 3  # by the bot, one of which is the browser's
BROWSER_MAX = 120  # characters of a browser's description


class SignInState(StrEnum):
    """What has become of a browser's sign-in."""

    WAITING = "waiting"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    GONE = "gone"  # used, expired or unknown


@dataclass(frozen=True, slots=True)
class SignInLink:
    """A one-use link: `key` goes into the link to the bot, `browser_key` into the browser's cookie. Neither
    is stored. The browser shows `number`."""

    key: str
    browser_key: str
    number: int
    expires_at: datetime


class TooManySignIns(TooOften):
    """One address, known browser or holder of a pass has too many sign-ins that were not answered (`X7`)."""

    outcome = "too-many"
    message = N_(
        "Too many sign-in attempts from here. Wait ten minutes, or send /help to the bot and open its link to the dashboard."
    )


async def begin_sign_in(
    browser: str, *, address: str = "", known_browser: str = "", holder: str = ""
) -> SignInLink:
    """Make a one-use link for this browser; `browser` is its short description, which the bot shows.

    A browser that somebody signed in with before is counted by itself, as `known_browser`, one that comes by a link of
    the bot's by the `holder` of its pass, any other by its network `address`: a neighbour keeps no organiser out.
    Raises `TooManySignIns` when it has 30 unanswered links of the last ten minutes.
    """
    at = clock.now()
    numbers = secrets.SystemRandom().sample(range(10, 100), NUMBERS_OFFERED)
    link = SignInLink(codes.new_secret(), codes.new_secret(), secrets.choice(numbers), at + SIGN_IN_LIFE)
    async with db.transaction():
        counted = await _count(address=address, known_browser=known_browser, holder=holder)
        await SignIn(
            key_hash=codes.digest(link.key),
            browser_hash=codes.digest(link.browser_key),
            browser=browser[:BROWSER_MAX],
            created_at=at,
            expires_at=link.expires_at,
            address_hash=counted,
            number=link.number,
            numbers=numbers,
        ).save()
    return link


async def insert_login(
    browser: str, state: str, browser_key: str, *, address: str, known_browser: str, holder: str
) -> None:
    """Record that this browser asks Telegram's own sign-in page (`telegram_logins`). It is counted with the
    links, and shows no number, so the bot answers it never. Raises `TooManySignIns`."""
    at = clock.now()
    async with db.transaction():
        counted = await _count(address=address, known_browser=known_browser, holder=holder)
        await SignIn(
            key_hash=codes.digest(state),
            browser_hash=codes.digest(browser_key),
            browser=browser[:BROWSER_MAX],
            created_at=at,
            expires_at=at + SIGN_IN_LIFE,
            address_hash=counted,
        ).save()


async def _count(*, address: str, known_browser: str, holder: str) -> str:
    """Whom a sign-in is counted for, as a digest; "" for nobody. Called inside its transaction, which is then the only
    one of theirs. Raises `TooManySignIns`."""
    # There are so few addresses that a plain digest could be reversed by trying them all: it is keyed.
    key = settings.secret_key.encode()
    ways = {"browser": known_browser, "holder": holder, "address": address}
    counted = next((f"{way} {value}" for way, value in ways.items() if value), "")
    if not counted:
        return ""
    address_hash = hmac.new(key, counted.encode(), "sha256").hexdigest()
    await db.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", address_hash)
    unanswered = await db.value(
        "SELECT count(*) FROM sign_ins WHERE address_hash = $1 AND created_at > $2 AND confirmed_at IS NULL",
        address_hash,
        clock.now() - OPEN_SIGN_INS_WINDOW,
    )
    if unanswered >= OPEN_SIGN_INS_MAX:
        raise TooManySignIns(int(OPEN_SIGN_INS_WINDOW.total_seconds()))
    return address_hash


@dataclass(frozen=True, slots=True)
class PendingSignIn:
    """A sign-in that the bot asks the person to confirm: by the one of `numbers` that the browser shows."""

    id: int
    browser: str
    created_at: datetime
    numbers: tuple[int, ...]


async def pending_sign_in(key: str) -> PendingSignIn:
    """The unanswered sign-in of a link. Raises `NotFound` when it was used or answered, or is too old."""
    found = await db.row(
        "SELECT id, browser, created_at, numbers FROM sign_ins WHERE key_hash = $1 AND expires_at > $2"
        " AND confirmed_at IS NULL AND refused_at IS NULL AND number IS NOT NULL",
        codes.digest(key),
        clock.now(),
    )
    if found is None:
        raise NotFound(N_("This sign-in link is used up or too old. Ask for a new one in the browser."))
    return PendingSignIn(found["id"], found["browser"], found["created_at"], tuple(found["numbers"]))


async def answer_sign_in(sign_in_id: int, person: Person, *, number: int | None) -> bool:
    """Confirm a sign-in by the number that its browser shows; any other, or None, refuses it. The first
    answer counts. Whether it is confirmed. Raises `NotFound` when it is too late."""
    confirmed = await db.execute_single(
        "UPDATE sign_ins SET user_id = $2, confirmed_at = CASE WHEN number = $4 OR $5 THEN $3::timestamptz END,"
        " refused_at = CASE WHEN number = $4 OR $5 THEN NULL ELSE $3::timestamptz END"
        " WHERE id = $1 AND expires_at > $3 AND confirmed_at IS NULL AND refused_at IS NULL"
        " RETURNING confirmed_at IS NOT NULL",
        sign_in_id,
        person.id,
        clock.now(),
        number,
        number is not None and failpoints.on("sign-ins.any-number"),
    )
    if confirmed is None:
        raise NotFound(N_("This sign-in link is used up or too old. Ask for a new one in the browser."))
    return bool(confirmed)


async def sign_in_state(browser_key: str) -> SignInState:
    """What has become of this browser's sign-in."""
    found = await db.row(
        "SELECT confirmed_at, refused_at FROM sign_ins WHERE browser_hash = $1 AND used_at IS NULL AND expires_at > $2",
        codes.digest(browser_key),
        clock.now(),
    )
    if found is None:
        return SignInState.GONE
    if found["refused_at"] is not None:
        return SignInState.REFUSED
    return SignInState.CONFIRMED if found["confirmed_at"] is not None else SignInState.WAITING


async def finish_sign_in(browser_key: str) -> str:
    """Exchange a confirmed sign-in for a session token, once; only its digest is stored. Raises
    `NotFound`."""
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
        await insert_session(token, used["user_id"], used["browser"])
    return token


async def insert_session(
    token: str, user_id: int, browser: str, *, confirmed_at: datetime | None = None
) -> None:
    """Sign this browser in, inside the caller's transaction; only the token's digest is stored. `confirmed_at` is
    when Telegram said who it is, if that was not now."""
    at = clock.now()
    await WebSession(
        token_hash=codes.digest(token),
        user_id=user_id,
        browser=browser,
        created_at=at,
        seen_at=at,
        expires_at=at + SESSION_LIFE,
        confirmed_at=confirmed_at,
    ).save()
