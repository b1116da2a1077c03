"""Signing in and booking without the framework: when hundreds open the app and tap at once, what the framework does for
each request is most of the work (decision 0034).

The functions that decide are those of the ordinary routes, `pages/sessions.create` and `pages/bookings.create`: who asks,
how large a form may be, what is booked, and what the answer looks like. These routes take only the requests that a page of
ours sends. Any other goes on to the ordinary route as it came, before its body is read: another spelling, a query, no
session or an ended one, a header twice, a body that is no form; and whatever comes during
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
from webapp.miniapp.event_screens import CONFIRMED, event_screen_after
from webapp.miniapp.pages.bookings import (
    CONFIRMATION_HEADERS,
    BookingForm,
    parse_party,
    render_confirmation,
)
from webapp.miniapp.pages.sessions import sign_in
from webapp.miniapp.responses import refusal_screen
from webapp.refusals import http_error_response, internal_error_response, unavailable_response
from webapp.requests import FORM_MAX, BoundedRequest, parse_fields

SIGN_IN, BOOKING = "/app/session", "/app/events/{code}/booking"
PATH = re.compile(rb"/app/(?:session|events/([0-9A-Za-z]{1,40})/booking)")
FORM = b"application/x-www-form-urlencoded"
# The headers that are read. The length bounds the body before any of it is read.
READ = frozenset({b"authorization", b"content-type", b"content-length", b"hx-request", b"x-time-zone"})
OF_CONFIRMATIONS: list[RawHeader] = raw_headers(
    {"Cache-Control": "no-store", **CONFIRMATION_HEADERS, "Content-Type": "text/html; charset=utf-8"}
)

Answer = bytes | Response[str] | Response[None]  # a confirmation's HTML, or any other response


def answer_short_routes(app: ASGIApp) -> ASGIApp:
    """The application, with sign-ins and bookings of the Mini App answered before its routing."""

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP and scope["method"] == "POST" and not scope["query_string"]:
            path = PATH.fullmatch(scope["raw_path"])
            if path and not await maintenance.is_on():
                try:
                    answering = await _begin(scope, receive, path[1])
                except (Busy, Unavailable) as error:
                    answering = _fail(error)
                if answering is not None:
                    await _answer(scope, receive, send, BOOKING if path[1] else SIGN_IN, answering)
                    return
        await app(scope, receive, send)

    return dispatch


async def _begin(scope: HTTPScope, receive: Receive, code: bytes | None) -> Awaitable[Answer] | None:
    """The answer to make: of a booking of the instance with this code, else of a sign-in. None for a request that goes the
    ordinary way."""
    headers = _headers(scope)
    if headers is None:
        return None
    authorization = headers.get(b"authorization", b"").decode("latin-1")
    if code is None:
        if headers.get(b"content-length", b"0") != b"0":
            return None
        return sign_in(authorization, headers.get(b"x-time-zone", b"").decode("latin-1"))
    session = await find_session(authorization) if _has_form(headers) else None
    if session is None:
        return None
    scope["state"].update(session.state)
    return _book(receive, code.decode(), session.person)


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


async def _answer(
    scope: HTTPScope, receive: Receive, send: Send, route: str, answering: Awaitable[Answer]
) -> None:
    scope["path_template"] = route
    # A line in the log costs as much as a booking. The participation log has each booking, and nginx each request.
    scope["state"][UNLOGGED] = True
    answer = await _or_error(scope, answering)
    if isinstance(answer, bytes):
        headers = [*OF_CONFIRMATIONS, (b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer, "more_body": False})
    else:
        await answer.to_asgi_response(None, BoundedRequest(scope))(scope, receive, send)


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
    body, is_whole = b"", False
    while not is_whole:
        message = await receive()
        if message["type"] != "http.request":
            raise InternalServerException("client disconnected prematurely")
        body += message["body"]
        is_whole = not message["more_body"]
    return body
