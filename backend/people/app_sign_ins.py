"""Signing a browser in to the dashboard from the Mini App (`X3`): the app, where Telegram has signed who it is, gets a
link that is good once, for two minutes, and for nobody but the person it was made for."""

from datetime import datetime, timedelta

from backend import clock, codes, db
from backend.errors import NotFound
from backend.i18n import N_
from backend.people.queries import Person, person_from
from backend.people.rate_limits import RateLimit, spend
from backend.people.sign_ins import BROWSER_MAX, insert_session
from backend.people.tables import SignIn

LINK_LIFE = timedelta(minutes=2)

# $1 digest of the key, $2 now. Whoever has signed out everywhere since has no link any more.
_LIVE = """
s.key_hash = $1 AND s.number IS NULL AND s.confirmed_at IS NOT NULL AND s.used_at IS NULL AND s.expires_at > $2
AND u.id = s.user_id AND u.erased_at IS NULL AND (u.signed_out_at IS NULL OR u.signed_out_at < s.created_at)
"""


class LinkUsedUp(NotFound):
    """The link was used, is too old, or was never made."""

    outcome = "used-up"
    message = N_(
        "This link was used already or is too old. Open the dashboard from the app again, or sign in here."
    )


async def create_sign_in_link(person: Person, signed_at: datetime) -> str:
    """The key of a link that signs one browser in as this person; only its digest is stored. `signed_at` is when
    Telegram signed who they are. Raises `TooOften`."""
    await spend(person, RateLimit.SIGN_IN_LINKS)
    at = clock.now()
    key = codes.new_secret()
    async with db.transaction():
        await SignIn(
            key_hash=codes.digest(key),
            browser_hash=codes.digest(codes.new_secret()),  # no browser waits for it
            browser="",
            created_at=at,
            expires_at=at + LINK_LIFE,
            user_id=person.id,
            confirmed_at=signed_at,
        ).save()
    return key


async def person_of_link(key: str) -> Person:
    """Whom the link would sign in. Raises `LinkUsedUp`."""
    found = await db.row(
        f"SELECT u.* FROM sign_ins s, telegram_users u WHERE {_LIVE}", codes.digest(key), clock.now()
    )
    if found is None:
        raise LinkUsedUp()
    return person_from(found)


async def use_sign_in_link(key: str, browser: str) -> str:
    """Exchange the link for the token of a session of this browser, once. Raises `LinkUsedUp`."""
    token = codes.new_secret()
    async with db.transaction():
        used = await db.row(
            f"UPDATE sign_ins s SET used_at = $2, browser = $3 FROM telegram_users u WHERE {_LIVE}"
            " RETURNING s.user_id, s.confirmed_at",
            codes.digest(key),
            clock.now(),
            browser[:BROWSER_MAX],
        )
        if used is None:
            raise LinkUsedUp()
        await insert_session(token, used["user_id"], browser, confirmed_at=used["confirmed_at"])
    return token
