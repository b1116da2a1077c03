"""`/`: the page with the chat and the phone, its scripts and styles."""

from pathlib import Path
from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.static_files import create_static_files_router
from litestar.types import ControllerRouterHandler

from sandbox.telegram import Telegram

_PAGE_DIRECTORY = Path(__file__).parent.parent / "page"


@get("/", media_type="text/html")
async def page(telegram: NamedDependency[Telegram]) -> Response[str]:
    """The page. Its policy allows no frame but the product under test, and no inline script or style."""
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        f"connect-src 'self'; frame-src {telegram.config.app_origin}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return Response(
        (_PAGE_DIRECTORY / "index.html").read_text("utf-8"),
        media_type="text/html",
        headers={
            "Content-Security-Policy": policy,
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        },
    )


def _disable_caching(response: Response[Any]) -> Response[Any]:
    response.headers["Cache-Control"] = "no-cache"
    return response


handlers: list[ControllerRouterHandler] = [
    page,
    create_static_files_router("/page", directories=[_PAGE_DIRECTORY], after_request=_disable_caching),
]
