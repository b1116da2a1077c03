"""The web process: one Litestar application with both sites and the bot's webhook."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import TYPE_CHECKING

from litestar import Litestar
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from backend.groups.presence import set_membership_checker
from backend.settings import settings
from emerald.log import configure
from emerald.metrics import identify, scrape
from emerald.readiness import CHECKS
from emerald.runtime import connected, freeze_loaded
from emerald.telegram_http import TelegramHttp
from emerald.watchdog import watched
from webapp import health
from webapp.computing import give_way_to_the_loop
from webapp.dashboard.openid import Provider, set_openid_provider
from webapp.head import answer_head
from webapp.headers import add_headers
from webapp.metrics import UNLOGGED, answer_scrapes, observe_requests
from webapp.miniapp.sharing import set_share_provider
from webapp.miniapp.short_routes import answer_short_routes
from webapp.refusals import HANDLERS, check_address, check_maintenance, check_spelling
from webapp.rendering import load_templates
from webapp.requests import FORM_MAX, BoundedRequest
from webapp.routes import routes
from webapp.turns import limit_turns

if TYPE_CHECKING:
    from bot.webhook import Webhook


@asynccontextmanager
async def connections(app: Litestar) -> AsyncIterator[None]:
    """The process's connections to the database and to Telegram, for as long as it serves."""
    async with (
        connected("emerald-web"),
        watched(),
        TelegramHttp() as telegram,
        _openid_provider() as provider,
    ):
        set_openid_provider(provider)
        set_membership_checker(telegram.is_in_chat)
        set_share_provider(telegram.prepare_message)
        yield


@asynccontextmanager
async def everything_loaded(app: Litestar) -> AsyncIterator[None]:
    """Before anybody is served: what is used later is made, and the collector need not walk it."""
    load_templates()
    give_way_to_the_loop()
    freeze_loaded()
    yield


def _openid_provider() -> AbstractAsyncContextManager[Provider | None]:
    """Telegram's OpenID provider, where sign-in through it is set up. Elsewhere its code is not loaded in this process."""
    if not settings.telegram_login_client_secret:
        return nullcontext()
    from webapp.dashboard.openid_provider import OpenIdProvider

    return OpenIdProvider()


def create_app(*, with_pool: bool = True) -> Litestar:
    """The application. Tests have their own pool and pass `with_pool=False`."""
    configure("web")
    health.set_health_checks(CHECKS)
    identify()
    webhook = _make_webhook()
    app = Litestar(
        route_handlers=[*routes(), *health.ROUTES],
        lifespan=[
            *([connections] if with_pool else []),
            *([webhook.running] if webhook is not None else []),
            *([everything_loaded] if with_pool else []),
        ],
        guards=[check_spelling, check_maintenance],
        before_request=check_address,
        exception_handlers=HANDLERS,
        before_send=[add_headers],
        request_class=BoundedRequest,
        request_max_body_size=FORM_MAX,  # of all but Telegram's updates
        openapi_config=None,
        logging_config=None,
        debug=False,
    )
    # Around the routing, because a 404 counts as a request too.
    handler = limit_turns(answer_short_routes(answer_head(app.asgi_handler)))
    app.asgi_handler = observe_requests(_answer_updates(handler, webhook) if webhook is not None else handler)
    if settings.metrics_port:
        app.asgi_handler = answer_scrapes(app.asgi_handler, settings.metrics_port, scrape)
    return app


def _make_webhook() -> "Webhook | None":
    """The bot's webhook. Without it the bot's code is not loaded in this process."""
    if not settings.telegram_webhook:
        return None
    from bot.webhook import Webhook

    return Webhook()


def _answer_updates(app: ASGIApp, webhook: "Webhook") -> ASGIApp:
    """The application, with Telegram's updates answered before its routing, during maintenance too. No other spelling of the
    address leads there (`X11`)."""
    address = webhook.path.encode()

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP and scope["raw_path"] == address and scope["method"] == "POST":
            scope["path_template"] = webhook.path
            scope["state"][UNLOGGED] = True  # the bot's own line says which update it was
            await webhook(scope, receive, send)  # type: ignore[arg-type]
        else:
            await app(scope, receive, send)

    return dispatch
