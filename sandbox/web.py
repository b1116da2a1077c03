"""The whole sandbox as one Litestar application."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any

from litestar import Litestar, Request, Response
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.types import Scope

from sandbox.config import Config
from sandbox.errors import ControlError
from sandbox.http import botapi, chats, control, login, page, people, view
from sandbox.login import LoginError
from sandbox.telegram import Telegram
from sandbox.webhook import WebhookPusher

log = logging.getLogger("sandbox.web")


def create_app(config: Config) -> Litestar:
    """Bot API, control API and page on one state (`app.state.telegram`).

    Raises ValueError when the file of `config.state` is not a state file.
    """
    telegram = Telegram(config)

    @contextlib.asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        # Changes made before the event loop ran could not start the timer that writes the file.
        telegram.state_file.flush()
        pusher = asyncio.create_task(WebhookPusher(telegram).run())
        try:
            yield
        finally:
            telegram.changes.close()
            pusher.cancel()
            await asyncio.gather(pusher, return_exceptions=True)
            telegram.state_file.flush()

    return Litestar(
        [
            botapi.bot_api,
            people.router,
            chats.router,
            control.router,
            view.view,
            *page.handlers,
            *login.handlers,
        ],
        state=State({"telegram": telegram}, deep_copy=False),
        lifespan=[lifespan],
        dependencies={
            "telegram": Provide(_provide_telegram, sync_to_thread=False),
            "person": Provide(people.provide_person, sync_to_thread=False),
            "chat": Provide(chats.provide_chat, sync_to_thread=False),
        },
        exception_handlers={ControlError: _answer_control_error, LoginError: login.login_error_response},
        before_request=_reject_other_origins,
        after_exception=[_log_unexpected],
        logging_config=None,
        openapi_config=None,
    )


def _provide_telegram(state: State) -> Telegram:
    telegram: Telegram = state.telegram
    return telegram


async def _log_unexpected(error: Exception, scope: Scope) -> None:
    if not isinstance(error, ControlError | LoginError | HTTPException):
        log.error("%s failed", scope["path"], exc_info=error)


def _answer_control_error(request: Request[Any, Any, Any], error: ControlError) -> Response[dict[str, str]]:
    return Response({"detail": error.reason}, status_code=error.status)


async def _reject_other_origins(
    request: Request[Any, Any, Any],
) -> Response[dict[str, str]] | None:
    """No other site in the same browser may act in a person's name here, the Mini App included."""
    origin = request.headers.get("origin")
    if origin is None or origin.partition("://")[2] == request.headers.get("host"):
        return None
    return Response({"detail": "Only the sandbox's own page may do this."}, status_code=403)
