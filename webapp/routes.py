"""The map of the site: every route, by the site it belongs to."""

from litestar import get
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from webapp import assets


@get("/", include_in_schema=False)
async def front() -> Redirect:
    """Who comes to the bare address is most likely an organiser in a browser."""
    return Redirect("/dashboard", status_code=303)


def routes() -> list[ControllerRouterHandler]:
    """Every handler there is; `emerald.web` adds the bot's webhook."""
    return [front, assets.show]
