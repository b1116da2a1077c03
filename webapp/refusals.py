"""Exception handlers of both sites: each refusal and each error becomes a response here."""

import re
from typing import Any

import structlog
from litestar import Response
from litestar.connection import ASGIConnection
from litestar.exceptions import ClientException, HTTPException, NotFoundException
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.handlers import BaseRouteHandler
from litestar.types import ExceptionHandlersMap

from backend import failpoints
from backend.errors import Forbidden, NotFound, Refusal, Unavailable
from backend.i18n import N_
from backend.maintenance import UnderMaintenance, check_open
from webapp.handler_options import IN_MAINTENANCE
from webapp.requests import FORM_MAX, check_fields
from webapp.respond import AnyRequest, is_htmx, page, plain_page, refusal_response, voice_of

Connection = ASGIConnection[Any, Any, Any, Any]
# A slash that is doubled, at the end or escaped, or an escaped letter that need not be. The Mini App's first
# page is at /app/.
OTHER_SPELLING = re.compile(
    rb"//|(?<!^/app)(?<=.)/$|%(?:2[DEF]|3[0-9]|[46][1-9A-F]|[57][0-9A]|5F|7E)", re.IGNORECASE
)

log = structlog.get_logger()
RETRY_AFTER = "2"  # seconds
REFUSALS_BY_STATUS: dict[int, Refusal] = {
    400: Refusal(N_("We couldn’t read that. Please check what you entered.")),
    403: Forbidden(N_("You don’t have permission to do this.")),
    404: NotFound(),
    405: Refusal(),
    413: Refusal(N_("That was too much at once. Send less and try again.")),
}


async def check_spelling(request: Connection, _: BaseRouteHandler) -> None:
    """Before any handler: an address has one spelling (`X11`). The framework would take `/ready/`, `//ready`
    and `/ready%2F` for `/ready`, and nginx has rules for that one. Raises `NotFoundException` (404)."""
    raw: bytes = request.scope["raw_path"]
    if OTHER_SPELLING.search(raw) and not failpoints.on("paths.any-spelling"):
        raise NotFoundException()


async def check_address(request: AnyRequest) -> None:
    """Before any handler: PostgreSQL stores no NUL, so an address with one names nothing; and a query is
    bounded as a form is. Raises `ClientException` (400), `RequestEntityTooLarge` (413)."""
    query: bytes = request.scope["query_string"]
    if "\0" in request.scope["path"] or b"\0" in query or b"%00" in query:
        raise ClientException()
    if len(query) > FORM_MAX:
        raise RequestEntityTooLarge()
    check_fields(query)


def unavailable_response(request: AnyRequest, error: Unavailable) -> Response[str]:
    """503 when the database cannot be reached or a commit's outcome is unknown: the client may try again."""
    log.warning("unavailable", path=request.scope.get("path_template", ""), error=str(error))
    answer = error_banner(request, 503) if is_htmx(request) else plain_page(request, 503)
    answer.headers["Retry-After"] = RETRY_AFTER
    return answer


def maintenance_response(request: AnyRequest, error: UnderMaintenance) -> Response[str]:
    """503 with the time when it is over, and the sentence that says so."""
    voice = voice_of(request)
    sentence = error.sentence(voice)
    headers = {"Retry-After": str(error.seconds)}
    if is_htmx(request):
        headers |= {"HX-Retarget": "#offline", "HX-Reswap": "outerHTML"}
        return page("_error_banner.html", voice, status=503, headers=headers, code=503, sentence=sentence)
    answer = plain_page(request, 503, sentence=sentence)
    answer.headers.update(headers)
    return answer


async def check_maintenance(request: Connection, handler: BaseRouteHandler) -> None:
    """Before any handler but those that answer machines. Raises `UnderMaintenance`."""
    if not handler.opt.get(IN_MAINTENANCE):
        await check_open()


def http_error_response(request: AnyRequest, error: HTTPException) -> Response[str]:
    """What the framework refuses: an unknown path or method, an unreadable or too large body."""
    status = error.status_code
    if is_htmx(request) and status in REFUSALS_BY_STATUS:
        return refusal_response(request, REFUSALS_BY_STATUS[status], status=status)
    answer = plain_page(request, status)
    answer.headers.update(dict(error.headers or {}))
    return answer


def internal_error_response(request: AnyRequest, error: Exception) -> Response[str]:
    """A fault of ours: logged with its traceback, answered without any detail (`X5`)."""
    log.error(
        "internal error", method=request.method, path=request.scope.get("path_template", ""), exc_info=error
    )
    return error_banner(request, 500) if is_htmx(request) else plain_page(request, 500)


def error_banner(request: AnyRequest, status: int) -> Response[str]:
    """An error at the top of the page htmx has; the page's content stays."""
    headers = {"HX-Retarget": "#offline", "HX-Reswap": "outerHTML"}
    return page("_error_banner.html", voice_of(request), status=status, headers=headers, code=status)


HANDLERS: ExceptionHandlersMap = {
    Refusal: refusal_response,
    UnderMaintenance: maintenance_response,
    Unavailable: unavailable_response,
    HTTPException: http_error_response,
    Exception: internal_error_response,
}
