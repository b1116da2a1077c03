"""Where every no and every fault becomes an answer, once for both sites (HOUSE, law 5)."""

import structlog
from litestar import Response
from litestar.exceptions import HTTPException
from litestar.types import ExceptionHandlersMap

from backend.errors import Refusal, Unavailable
from webapp.respond import AnyRequest, is_htmx, page, plain, refused, voice_of

log = structlog.get_logger()
RETRY_AFTER = "2"  # seconds


def unavailable(request: AnyRequest, error: Unavailable) -> Response[str]:
    """The database cannot be reached, or its last word was lost: 503, and asking again is right."""
    log.warning("unavailable", path=request.scope.get("path_template", ""), error=str(error))
    headers = {"Retry-After": RETRY_AFTER}
    if is_htmx(request):
        headers |= {"HX-Retarget": "#offline", "HX-Reswap": "outerHTML"}
        return page("_busy.html", voice_of(request), status=503, headers=headers)
    answer = plain(request, 503)
    answer.headers.update(headers)
    return answer


def http_error(request: AnyRequest, error: HTTPException) -> Response[str]:
    """What the framework refuses: no such page, not that method, not readable, too large."""
    answer = plain(request, error.status_code)
    answer.headers.update(dict(error.headers or {}))
    return answer


def broken(request: AnyRequest, error: Exception) -> Response[str]:
    """A fault of ours: written down whole, and told without any of it (`X5`)."""
    log.error(
        "broken", method=request.method, path=request.scope.get("path_template", ""), exc_info=error
    )
    return plain(request, 500)


HANDLERS: ExceptionHandlersMap = {
    Refusal: refused,
    Unavailable: unavailable,
    HTTPException: http_error,
    Exception: broken,
}
