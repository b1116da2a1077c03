"""`POST /app/events/{code}/booking` without the framework: when hundreds tap at once, what the framework does for each
request is most of the work (decision 0034).

The functions that decide are those of the ordinary route, `pages/bookings.create`: who asks, how large a form may be,
what is booked, and what the answer looks like. This route takes only the request that a page of ours sends. Any other
goes on to the ordinary route as it came, before its body is read: another spelling, a query, no session or an ended one, a
header twice, a body that is no form. `tests/webapp/test_booking_route.py` sends the same to both and compares the answers
byte by byte.
"""

import re
import time

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException, InternalServerException
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from backend.bookings import actions
from backend.errors import Refusal, Unavailable
from backend.people.queries import Person
from backend.seats.requests import Via
from webapp.forms import fill_form
from webapp.headers import RawHeader, raw_headers
from webapp.metrics import IN_FLIGHT, count_request
from webapp.miniapp.authentication import Session, find_session
from webapp.miniapp.event_screens import CONFIRMED, event_screen_after
from webapp.miniapp.pages.bookings import (
    CONFIRMATION_HEADERS,
    BookingForm,
    parse_party,
    render_confirmation,
)
from webapp.miniapp.responses import refusal_screen
from webapp.refusals import http_error_response, internal_error_response, unavailable_response
from webapp.requests import FORM_MAX, BoundedRequest, parse_fields

ROUTE = "/app/events/{code}/booking"
PATH = re.compile(rb"/app/events/([0-9A-Za-z]{1,40})/booking")
FORM = b"application/x-www-form-urlencoded"
# The headers this route reads. The length bounds the body before any of it is read.
READ = frozenset({b"authorization", b"content-type", b"content-length", b"hx-request"})
HEADERS: list[RawHeader] = raw_headers(
    {"Cache-Control": "no-store", **CONFIRMATION_HEADERS, "Content-Type": "text/html; charset=utf-8"}
)


def answer_bookings(app: ASGIApp) -> ASGIApp:
    """The application, with the Mini App's bookings answered before its routing."""

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP and scope["method"] == "POST":
            path = PATH.fullmatch(scope["raw_path"])
            session = await _find_session(scope) if path else None
            if path and session:
                await _answer(scope, receive, send, path[1].decode(), session)
                return
        await app(scope, receive, send)

    return dispatch


async def _find_session(scope: HTTPScope) -> Session | None:
    """The session of a request that a page of ours sends; None for any other."""
    headers = [(name, value) for name, value in scope["headers"] if name in READ]
    found = dict(headers)
    if scope["query_string"] or len(found) != len(headers) or len(found) != len(READ):
        return None
    length = found[b"content-length"]
    if found[b"content-type"] != FORM or not length.isdigit() or int(length) > FORM_MAX:
        return None
    return await find_session(found[b"authorization"].decode("latin-1"))


async def _answer(scope: HTTPScope, receive: Receive, send: Send, code: str, session: Session) -> None:
    started = time.perf_counter()
    scope["path_template"] = ROUTE
    scope["state"].update(session.state)
    status = 500
    IN_FLIGHT.inc()
    try:
        answer = await _book(scope, receive, code, session.person)
        if isinstance(answer, str):
            body = answer.encode()
            headers = [*HEADERS, (b"content-length", str(len(body)).encode())]
            status = 200
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": body, "more_body": False})
        else:
            status = answer.status_code or 200
            await answer.to_asgi_response(None, BoundedRequest(scope))(scope, receive, send)
    finally:
        IN_FLIGHT.dec()
        # A line in the log costs as much as the booking. The participation log has each of them, and nginx its request.
        count_request(scope, status, time.perf_counter() - started, logged=status != 200)


async def _book(scope: HTTPScope, receive: Receive, code: str, person: Person) -> str | Response[str]:
    """The confirmation, or another screen."""
    try:
        form = fill_form(FormMultiDict(parse_fields(await _read_body(receive))), BookingForm)
        guests, names = parse_party(form)
        outcome = await actions.book(code, person, guests=guests or 0, names=names, via=Via.MINIAPP)
        if outcome.kind in CONFIRMED:
            return render_confirmation(code, person, outcome)
        return await event_screen_after(code, person, outcome)
    except Refusal as refusal:
        return refusal_screen(BoundedRequest(scope), refusal)
    except Unavailable as error:
        return unavailable_response(BoundedRequest(scope), error)
    except HTTPException as error:
        return http_error_response(BoundedRequest(scope), error)
    except Exception as error:  # noqa: BLE001 - a fault of ours is logged and answered there
        return internal_error_response(BoundedRequest(scope), error)


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
