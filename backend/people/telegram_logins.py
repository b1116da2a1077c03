"""Log In With Telegram (`X3`): the browser goes to Telegram's own sign-in page and comes back with a code. This is
our half of it: which browser asked, once, and who it is signed in as. What Telegram's answer is worth is checked by
`webapp.dashboard.openid`."""

import hmac
from dataclasses import dataclass
from datetime import datetime

from backend import clock, codes, db, failpoints
from backend.errors import NotFound
from backend.i18n import N_
from backend.people.actions import TelegramIdentity, register_person
from backend.people.queries import Person, person_of_telegram
from backend.people.sign_ins import insert_login, insert_session
from backend.settings import settings


@dataclass(frozen=True, slots=True)
class TelegramLogin:
    """A sign-in that was begun: `state` goes to Telegram and comes back, `browser_key` is in this browser's
    cookie. Only digests of them are stored."""

    state: str
    browser_key: str

    @property
    def nonce(self) -> str:
        """What the identity token must repeat."""
        return _derive("nonce", self.browser_key)

    @property
    def code_verifier(self) -> str:
        """What proves that the code was asked for here (PKCE, RFC 7636); no browser ever sees it."""
        return _derive("code verifier", self.browser_key)


@dataclass(frozen=True, slots=True)
class ClaimedLogin:
    """A sign-in whose answer is being checked, and can be given only once."""

    id: int
    browser: str
    begun_at: datetime


@dataclass(frozen=True, slots=True)
class TelegramClaims:
    """Whom Telegram names in a token that was verified. `name` is the whole name."""

    telegram_id: int
    name: str
    username: str = ""


def _derive(purpose: str, browser_key: str) -> str:
    key = settings.secret_key.encode()
    return hmac.new(key, f"telegram login {purpose} {browser_key}".encode(), "sha256").hexdigest()


async def begin_telegram_login(
    browser: str, *, address: str = "", known_browser: str = "", holder: str = ""
) -> TelegramLogin:
    """Begin for this browser, counted as `begin_sign_in` counts. Raises `TooManySignIns`."""
    login = TelegramLogin(codes.new_secret(), codes.new_secret())
    await insert_login(
        browser, login.state, login.browser_key, address=address, known_browser=known_browser, holder=holder
    )
    return login


async def claim_telegram_login(login: TelegramLogin) -> ClaimedLogin:
    """Use up the sign-in that this browser began with this state, before Telegram is asked: an answer counts
    once, whatever comes of it. Raises `NotFound`."""
    at = clock.now()
    row = None
    if login.state and login.browser_key:
        async with db.transaction():
            row = await db.row(
                "UPDATE sign_ins SET used_at = $3 WHERE key_hash = $1 AND (browser_hash = $2 OR $4) AND number IS NULL"
                " AND used_at IS NULL AND expires_at > $3 RETURNING id, browser, created_at",
                codes.digest(login.state),
                codes.digest(login.browser_key),
                at,
                failpoints.on("telegram-logins.any-browser"),
            )
    if row is None:
        raise NotFound(N_("This sign-in is used up or too old. Begin again."))
    return ClaimedLogin(row["id"], row["browser"], row["created_at"])


async def finish_telegram_login(claimed: ClaimedLogin, claims: TelegramClaims, language: str) -> str:
    """Sign the browser in as the person Telegram named; the session's token. `language` is the browser's, for
    somebody we meet now. Raises `NotFound` when they have signed out everywhere since it began."""
    person = await _person_of(claims, language)
    if person.signed_out_at is not None and person.signed_out_at >= claimed.begun_at:
        raise NotFound(N_("This sign-in is used up or too old. Begin again."))
    token = codes.new_secret()
    async with db.transaction():
        await db.execute(
            "UPDATE sign_ins SET user_id = $2, confirmed_at = $3 WHERE id = $1",
            claimed.id,
            person.id,
            clock.now(),
        )
        await insert_session(token, person.id, claimed.browser)
    return token


async def _person_of(claims: TelegramClaims, language: str) -> Person:
    """Whom we know keeps first and last name as the bot sees them: the token has only both in one."""
    known = await person_of_telegram(claims.telegram_id)
    if known is not None:
        return known
    return await register_person(
        TelegramIdentity(claims.telegram_id, claims.name, username=claims.username, language_code=language)
    )
