"""An instance as an iCalendar file, at a URL that needs no session: a calendar or Telegram fetches it, not
the Mini App.

The URL is signed for one person and one instance, valid for a week, and gives access to nothing else.
"""

from functools import cache
from hashlib import sha256
from urllib.parse import urlsplit

from itsdangerous import BadData, URLSafeSerializer
from litestar import HttpMethod, Response, route
from litestar.params import FromPath

from backend import clock
from backend.bookings.calendar_entries import calendar_entry
from backend.errors import NotFound
from backend.ical import render_calendar
from backend.people import queries as people
from backend.people.queries import Person
from backend.settings import settings
from webapp.miniapp.labels import app_link
from webapp.respond import download

VALID_DAYS = 7
TOKEN_MAX = 256


@cache
def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(
        settings.secret_key,
        salt="emerald calendar file",
        signer_kwargs={"digest_method": sha256, "key_derivation": "hmac"},
    )


def file_url(code: str, person: Person) -> str:
    """The URL of this person's file of this instance."""
    return f"{settings.public_url}/calendar/dates/{_signer().dumps([code, person.id, _today()])}.ics"


def _today() -> int:
    """The number of the present day (UTC): the URL stays the same for a day, so that screens stay the same
    too."""
    return int(clock.now().timestamp()) // 86_400


@route("/calendar/dates/{name:str}", http_method=[HttpMethod.GET, HttpMethod.HEAD], include_in_schema=False)
async def show(name: FromPath[str]) -> Response[bytes]:
    """The file, with the reader's own status (`S5`, `S6`). Raises `NotFound` for any URL that is not
    valid."""
    token, _, kind = name.rpartition(".")
    person = None
    if kind == "ics" and len(token) <= TOKEN_MAX and token.isascii():
        code, person = await _read_token(token)
    if person is None:
        raise NotFound()
    date = await calendar_entry(code, person, url=app_link(f"e_{code}"))
    host = urlsplit(settings.public_url).hostname or "emerald"
    return download(render_calendar([date], host=host), "text/calendar", f"{date.code}.ics")


async def _read_token(token: str) -> tuple[str, Person | None]:
    try:
        code, person_id, day = _signer().loads(token)
    except (BadData, ValueError, TypeError):
        return "", None
    if not 0 <= _today() - day <= VALID_DAYS:
        return "", None
    return code, await people.person(person_id)
