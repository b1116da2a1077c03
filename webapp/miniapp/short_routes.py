"""Signing in, booking, and the screens that are opened most, without the framework: when hundreds open the app and tap at
once, what the framework does for each request is most of the work (decision 0034).

The functions that decide are those of the ordinary routes, `pages/sessions.create`, `pages/bookings.create` and
`pages/events`: who asks, how large a form may be, what is booked, and what the answer looks like. These routes take only the
requests that a page of ours sends. Any other goes on to the ordinary route as it came, before its body is read: another
spelling, another query, no session or an ended one, a header twice, a body that is no form; and whatever comes during
maintenance. `tests/webapp/test_short_routes.py` sends the same to both
and compares the answers byte by byte.
"""

import re
from collections.abc import Awaitable, Mapping

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException, InternalServerException
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from backend import maintenance
from backend.bookings import actions
from backend.errors import Busy, Refusal, Unavailable
from backend.people.queries import Person
from backend.seats.requests import Via
from webapp.forms import fill_form
from webapp.headers import RawHeader, raw_headers
from webapp.metrics import UNLOGGED
from webapp.miniapp.authentication import find_session
from webapp.miniapp.event_screens import CONFIRMED, event_screen_after, event_screen_for
from webapp.miniapp.list_screens import upcoming_screen
from webapp.miniapp.pages.bookings import (
    CONFIRMATION_HEADERS,
    BookingForm,
    parse_party,
    render_confirmation,
)
from webapp.miniapp.pages.sessions import sign_in
from webapp.miniapp.paging import ListFilters
from webapp.miniapp.responses import refusal_screen
from webapp.refusals import http_error_response, internal_error_response, unavailable_response
from webapp.requests import FORM_MAX, BoundedRequest, parse_fields

# The addresses with their queries: `after` is a booking's outcome, `seen` what an open screen sends back.
ADDRESSES = {
    "POST": re.compile(rb"/app/(?:session|events/(?P<code>[0-9A-Za-z]{1,40})/booking)\?"),
    "GET": re.compile(
        rb"/app/events(?:/(?P<code>[0-9A-Za-z]{1,40}))?\?(?:seen=(?P<seen>[0-9a-f-]{1,40})|(?(code)after=(?P<after>booked|waiting)))?"
    ),
}
# By method, and whether an event is named.
ROUTES = {
    ("POST", False): "/app/session",
    ("POST", True): "/app/events/{code}/booking",
    ("GET", False): "/app/events",
    ("GET", True): "/app/events/{code}",
}
FORM = b"application/x-www-form-urlencoded"
# The headers that are read. The length bounds the body before any of it is read.
READ = frozenset({b"authorization", b"content-type", b"content-length", b"hx-request", b"x-time-zone"})
CONTENT_TYPE = (b"content-type", b"text/html; charset=utf-8")
OF_CONFIRMATIONS: list[RawHeader] = raw_headers({"Cache-Control": "no-store", **CONFIRMATION_HEADERS})

Answer = bytes | Response[str] | Response[None]  # a confirmation's HTML, or any other response


def answer_short_routes(app: ASGIApp) -> ASGIApp:
    """The application, with these requests answered before its routing."""

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP:
            address = _address(scope)
            if address is not None and not await maintenance.is_on():
                try:
                    answering = await _begin(scope, receive, address)
                except (Busy, Unavailable) as error:
                    answering = _fail(error)
                if answering is not None:
                    scope["path_template"] = ROUTES[scope["method"], address["code"] is not None]
                    await _answer(scope, send, answering)
                    return
        await app(scope, receive, send)

    return dispatch


def _address(scope: HTTPScope) -> re.Match[bytes] | None:
    """The address of a request that may be answered here."""
    pattern = ADDRESSES.get(scope["method"])
    return pattern.fullmatch(scope["raw_path"] + b"?" + scope["query_string"]) if pattern else None


async def _begin(scope: HTTPScope, receive: Receive, address: re.Match[bytes]) -> Awaitable[Answer] | None:
    """The answer to make; None for a request that goes the ordinary way."""
    headers = _headers(scope)
    if headers is None:
        return None
    authorization = headers.get(b"authorization", b"").decode("latin-1")
    code = (address["code"] or b"").decode()
    is_post = scope["method"] == "POST"
    if is_post and not code:
        if headers.get(b"content-length", b"0") != b"0":
            return None
        return sign_in(authorization, headers.get(b"x-time-zone", b"").decode("latin-1"))
    is_ours = _has_form(headers) if is_post else b"hx-request" in headers
    session = await find_session(authorization) if is_ours else None
    if session is None:
        return None
    scope["state"].update(session.state)
    if is_post:
        return _book(receive, code, session.person)
    seen, after = ((address[name] or b"").decode() for name in ("seen", "after"))
    if code:
        return event_screen_for(code, session.person, seen=seen, outcome=after)
    return upcoming_screen(session.person, ListFilters(), seen=seen)


def _headers(scope: HTTPScope) -> Mapping[bytes, bytes] | None:
    """The headers that are read; None when one is there twice."""
    headers = [(name, value) for name, value in scope["headers"] if name in READ]
    found = dict(headers)
    return found if len(found) == len(headers) else None


def _has_form(headers: Mapping[bytes, bytes]) -> bool:
    """Whether htmx sent it, with a form that is not too large."""
    length = headers.get(b"content-length", b"")
    is_form = headers.get(b"content-type") == FORM and length.isdigit() and int(length) <= FORM_MAX
    return is_form and b"hx-request" in headers


async def _answer(scope: HTTPScope, send: Send, answering: Awaitable[Answer]) -> None:
    # A line in the log costs as much as a booking. The participation log has each booking, and nginx each request.
    scope["state"][UNLOGGED] = scope["method"] == "POST"
    answer = await _or_error(scope, answering)
    if isinstance(answer, bytes):
        status, headers, body = 200, OF_CONFIRMATIONS, answer
    else:
        status, headers = answer.status_code or 200, raw_headers(answer.headers)
        body = (answer.content or "").encode()
    if status != 204:
        headers = [*headers, CONTENT_TYPE, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def _fail(error: Exception) -> Answer:
    """The answer to a request whose session could not be looked up."""
    raise error


async def _or_error(scope: HTTPScope, answering: Awaitable[Answer]) -> Answer:
    """The answer, or that of a refusal or a fault, as the ordinary routes give them."""
    try:
        return await answering
    except Refusal as refusal:
        return refusal_screen(BoundedRequest(scope), refusal)
    except Unavailable as error:
        return unavailable_response(BoundedRequest(scope), error)
    except HTTPException as error:
        return http_error_response(BoundedRequest(scope), error)
    except Exception as error:  # noqa: BLE001 - a fault of ours is logged and answered there
        return internal_error_response(BoundedRequest(scope), error)


async def _book(receive: Receive, code: str, person: Person) -> Answer:
    form = fill_form(FormMultiDict(parse_fields(await _read_body(receive))), BookingForm)
    guests, names = parse_party(form)
    outcome = await actions.book(code, person, guests=guests or 0, names=names, via=Via.MINIAPP)
    if outcome.kind in CONFIRMED:
        return render_confirmation(code, person, outcome).encode()
    return await event_screen_after(code, person, outcome)


async def _read_body(receive: Receive) -> bytes:
    """The whole body, which the server holds to its `Content-Length`."""
    body, is_whole = bytearray(), False
    while not is_whole:
        message = await receive()
        if message["type"] != "http.request":
            raise InternalServerException("client disconnected prematurely")
        body += message["body"]
        is_whole = not message["more_body"]
    return bytes(body)
