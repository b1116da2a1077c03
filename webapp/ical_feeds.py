"""The addresses at which somebody's own calendar follows their dates (`S5`, `S6`): no session, only what stands in them.

Whoever writes a log hides them (nginx does; ours name the path's template): they open what one person does (`X6`).
"""

import asyncio
import re
from datetime import datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from urllib.parse import quote, urlsplit

from litestar import HttpMethod, Response, route
from litestar.exceptions import TooManyRequestsException
from litestar.params import FromPath
from litestar.response import Redirect

from backend.bookings.calendar_entries import calendar_dates
from backend.errors import NotFound
from backend.events.ical import FORMAT_VERSION, render_calendar
from backend.people import feeds
from backend.settings import settings
from webapp.freshness import etag_of
from webapp.miniapp.labels import app_link
from webapp.respond import AnyRequest

REFRESH_INTERVAL = timedelta(hours=1)  # as often as we ask calendars to look
CALENDAR_NAME = "Emerald"
TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


def feed_url(token: str) -> str:
    """What a calendar follows."""
    return f"{settings.public_url}/calendar/{token}.ics"


def open_url(token: str) -> str:
    """A page's address that hands the feed to the telephone's own calendar: Telegram opens no other kind of address."""
    return f"{settings.public_url}/calendar/{token}"


def google_url(token: str) -> str:
    """Where Google asks whether to follow it."""
    return f"https://calendar.google.com/calendar/render?cid={quote(_webcal(token), safe='')}"


def _webcal(token: str) -> str:
    return f"webcal://{urlsplit(feed_url(token)).netloc}/calendar/{token}.ics"


@route(
    "/calendar/{name:str}",
    http_method=[HttpMethod.GET, HttpMethod.HEAD],
    include_in_schema=False,
)
async def show(request: AnyRequest, name: FromPath[str]) -> Response[bytes] | Redirect:
    """The calendar behind a token, or nothing new (304) for who has it; without `.ics`, the way into a calendar.

    Raises `NotFound` for every token that is not (or no longer) ours, 429 for who asks too often.
    """
    token, dot, kind = name.partition(".")
    if not TOKEN.fullmatch(token) or (dot and kind != "ics"):
        raise NotFound()
    if not dot:
        return Redirect(_webcal(token), status_code=303, headers={"Cache-Control": "no-store"})
    asked = await feeds.open_feed(token)
    if asked is None:
        raise NotFound()
    if isinstance(asked, feeds.TooManyRequests):
        raise TooManyRequestsException(headers={"Retry-After": str(asked.seconds)})
    return await _feed_response(request, asked)


async def _feed_response(request: AnyRequest, asked: feeds.FeedRequest) -> Response[bytes]:
    dates = await calendar_dates(asked.person, lambda code: app_link(f"e_{code}"))
    host = urlsplit(settings.public_url).hostname or "emerald"
    mark = etag_of(FORMAT_VERSION, host, dates)
    since = asked.changed_at
    if mark != asked.etag:
        since = await feeds.record_content(asked.person, mark)
    headers = {
        "ETag": f'"{mark}"',
        "Last-Modified": format_datetime(since, usegmt=True),
        "Cache-Control": "private, no-cache",
        "X-Robots-Tag": "noindex",
    }
    kind = "text/calendar"  # Litestar adds the charset
    if _is_not_modified(request, mark, since):
        return Response(b"", status_code=304, media_type=kind, headers=headers)
    headers["Content-Disposition"] = 'inline; filename="emerald.ics"'
    # Hundreds of dates take a tenth of a second to write: not while everybody else waits for their tap.
    file = await asyncio.to_thread(
        render_calendar, dates, host=host, name=CALENDAR_NAME, refresh_interval=REFRESH_INTERVAL
    )
    return Response(file, media_type=kind, headers=headers)


def _is_not_modified(request: AnyRequest, mark: str, since: datetime) -> bool:
    """Whether who asks has what would be answered (RFC 9110, 13.1): a mark they name counts, else the time they name."""
    named = request.headers.get("if-none-match")
    if named is not None:
        marks = {one.strip().removeprefix("W/").strip('"') for one in named.split(",")}
        return bool(marks & {mark, "*"})
    told = request.headers.get("if-modified-since")
    if told is None:
        return False
    try:
        known = parsedate_to_datetime(told)
    except ValueError:
        return False
    return known.tzinfo is not None and known >= since
