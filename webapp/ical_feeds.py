"""The URLs a person's own calendar subscribes to (`S5`, `S6`): they need no session, the token in them is the
key.

So logs must not hold them (`X6`): nginx masks them, and ours log the template of the path.
"""

import hashlib
import re
from datetime import datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from urllib.parse import quote, urlsplit

from litestar import HttpMethod, Response, route
from litestar.exceptions import TooManyRequestsException
from litestar.params import FromPath
from litestar.response import Redirect

from backend import clock, zone_data
from backend.bookings.calendar_entries import calendar_entries
from backend.errors import NotFound
from backend.i18n import N_
from backend.ical import CalendarEvent, EventStatus, render_calendar, renderable
from backend.people import feeds
from backend.settings import settings
from webapp.computing import compute
from webapp.freshness import etag_of
from webapp.metrics import LEFT_OUT
from webapp.miniapp.labels import app_link
from webapp.respond import AnyRequest

REFRESH_INTERVAL = timedelta(hours=1)  # how often calendars are asked to fetch the feed
CALENDAR_NAME = "Emerald"
REMEMBERED_MAX = 10_000  # feeds whose etags a process keeps
_etags: dict[str, str] = {}  # of the bytes, by what they were made from
TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


def feed_url(token: str) -> str:
    """The URL a calendar subscribes to."""
    return f"{settings.public_url}/calendar/{token}.ics"


def open_url(token: str) -> str:
    """A page that redirects to the phone's own calendar: Telegram opens only http(s) links, no `webcal:`."""
    return f"{settings.public_url}/calendar/{token}"


def google_url(token: str) -> str:
    """The page where Google Calendar offers to subscribe."""
    return f"https://calendar.google.com/calendar/render?cid={quote(_webcal(token), safe='')}"


def _webcal(token: str) -> str:
    return f"webcal://{urlsplit(feed_url(token)).netloc}/calendar/{token}.ics"


@route(
    "/calendar/{name:str}",
    http_method=[HttpMethod.GET, HttpMethod.HEAD],
    include_in_schema=False,
)
async def show(request: AnyRequest, name: FromPath[str]) -> Response[bytes] | Redirect:
    """The feed of a token, or 304 for a client that has it; without `.ics`, a redirect into the phone's
    calendar.

    410 for an address that was renewed or turned off. Raises `NotFound` for every other token, 429 for who
    asks too often.
    """
    token, dot, kind = name.partition(".")
    if not TOKEN.fullmatch(token) or (dot and kind != "ics"):
        raise NotFound()
    if not dot:
        return Redirect(_webcal(token), status_code=303, headers={"Cache-Control": "no-store"})
    asked = await feeds.open_feed(token)
    if asked is None:
        former = await feeds.former_feed(token)
        if former is None:
            raise NotFound()
        return _gone(former)
    if isinstance(asked, feeds.TooManyRequests):
        raise TooManyRequestsException(headers={"Retry-After": str(asked.seconds)})
    return await _feed_response(request, asked)


def _gone(former: feeds.FormerFeed) -> Response[bytes]:
    """The answer to calendars that follow an address no longer in use: 410, after which they stop asking,
    with a last small calendar for those that show what came with it."""
    host = urlsplit(settings.public_url).hostname or "emerald"
    note = CalendarEvent(
        code="former-address",
        title=former.voice.gettext(N_("This calendar’s address is no longer in use")),
        account_name=CALENDAR_NAME,
        starts_at=former.ended_at.replace(microsecond=0),
        ends_at=former.ended_at.replace(microsecond=0) + timedelta(hours=1),
        zone="UTC",
        sequence=0,
        status=EventStatus.CONFIRMED,
        changed_at=former.ended_at.replace(microsecond=0),
        description=former.voice.gettext(
            N_("Remove it here. In Emerald you find your new address, if you have one.")
        ),
        url=app_link(""),
    )
    file = render_calendar([note], host=host, name=CALENDAR_NAME)
    return Response(file, status_code=410, media_type="text/calendar", headers={"X-Robots-Tag": "noindex"})


async def _feed_response(request: AnyRequest, asked: feeds.FeedRequest) -> Response[bytes]:
    dates = await calendar_entries(asked.person, lambda code: app_link(f"e_{code}"), LEFT_OUT.inc)
    host = urlsplit(settings.public_url).hostname or "emerald"
    made_from = etag_of(host, dates, zone_data.current())
    etag = _etags.get(made_from)
    file = b""
    if etag is None:
        file = await _render(dates, host)
        etag = _remember(made_from, file)
    since = asked.changed_at
    if etag != asked.etag:
        since = await feeds.record_content(asked.person, etag)
    headers = {
        "ETag": f'"{etag}"',
        # Two answers within a second have moments of their own, but none may be later than its Date (RFC 9110
        # §8.8.2.1).
        "Last-Modified": format_datetime(min(since, clock.now().replace(microsecond=0)), usegmt=True),
        "Cache-Control": "private, no-cache",
        "X-Robots-Tag": "noindex",
    }
    kind = "text/calendar"  # Litestar adds the charset
    if _is_not_modified(request, etag, since):
        return Response(b"", status_code=304, media_type=kind, headers=headers)
    headers["Content-Disposition"] = 'inline; filename="emerald.ics"'
    return Response(file or await _render(dates, host), media_type=kind, headers=headers)


async def _render(dates: list[CalendarEvent], host: str) -> bytes:
    # Rendering hundreds of instances takes a tenth of a second: it must not block the event loop.
    return await compute(_render_what_can_be, dates, host)


def _render_what_can_be(dates: list[CalendarEvent], host: str) -> bytes:
    """The file; an entry that no calendar can hold is left out, and takes no other along (`X9`)."""
    try:
        return _render_all(dates, host)
    except Exception:
        good = renderable(dates, host=host)
        if len(good) == len(dates):
            raise
    LEFT_OUT.inc(len(dates) - len(good))
    return _render_all(good, host)


def _render_all(dates: list[CalendarEvent], host: str) -> bytes:
    return render_calendar(dates, host=host, name=CALENDAR_NAME, refresh_interval=REFRESH_INTERVAL)


def _remember(made_from: str, file: bytes) -> str:
    """The etag of a file: of its bytes, not of what they are made from, because other zone data makes other
    bytes of the same instances (`S10`). It is remembered, so that a file is rendered once and not for each
    304."""
    if len(_etags) >= REMEMBERED_MAX:
        _etags.clear()
    etag = _etags[made_from] = hashlib.blake2b(file, digest_size=9).hexdigest()
    return etag


def _is_not_modified(request: AnyRequest, etag: str, changed_at: datetime) -> bool:
    """Whether the client has this content already (RFC 9110, 13.1): by its etags, or else by its time."""
    named = request.headers.get("if-none-match")
    if named is not None:
        etags = {one.strip().removeprefix("W/").strip('"') for one in named.split(",")}
        return bool(etags & {etag, "*"})
    since = request.headers.get("if-modified-since")
    if since is None:
        return False
    try:
        known = parsedate_to_datetime(since)
    except ValueError:
        return False
    return known.tzinfo is not None and known >= changed_at
