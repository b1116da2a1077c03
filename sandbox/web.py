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
from sandbox.http import botapi, chats, control, page, people, view
from sandbox.telegram import Telegram
from sandbox.webhook import WebhookPusher

log = logging.getLogger("sandbox.web")


def create_app(config: Config) -> Litestar:
    """Bot API, control API and page on one state (`app.state.telegram`).

    Raises ValueError when the state file is not one.
    """
    telegram = Telegram(config)

    @contextlib.asynccontextmanager
    async def running(app: Litestar) -> AsyncIterator[None]:
        # The timer that writes the file belongs to a loop: what was marked before, is written now.
        telegram.storage.flush()
        pusher = asyncio.create_task(WebhookPusher(telegram).run())
        try:
            yield
        finally:
            telegram.changes.close()
            pusher.cancel()
            await asyncio.gather(pusher, return_exceptions=True)
            telegram.storage.flush()

    return Litestar(
        [botapi.bot_api, people.router, chats.router, control.router, view.view, *page.handlers],
        state=State({"telegram": telegram}, deep_copy=False),
        lifespan=[running],
        dependencies={
            "telegram": Provide(_provide_telegram, sync_to_thread=False),
            "person": Provide(people.provide_person, sync_to_thread=False),
            "room": Provide(chats.provide_chat, sync_to_thread=False),
        },
        exception_handlers={ControlError: _answer_control_error},
        before_request=_reject_other_origins,
        after_exception=[_log_unexpected],
        logging_config=None,
        openapi_config=None,
    )


def _provide_telegram(state: State) -> Telegram:
    telegram: Telegram = state.telegram
    return telegram


async def _log_unexpected(problem: Exception, scope: Scope) -> None:
    if not isinstance(problem, ControlError | HTTPException):
        log.error("%s failed", scope["path"], exc_info=problem)


def _answer_control_error(request: Request[Any, Any, Any], wrong: ControlError) -> Response[dict[str, str]]:
    return Response({"detail": wrong.why}, status_code=wrong.status)


async def _reject_other_origins(
    request: Request[Any, Any, Any],
) -> Response[dict[str, str]] | None:
    """Another site open in the same browser must not move people here, the Mini App included."""
    origin = request.headers.get("origin")
    if origin is None or origin.partition("://")[2] == request.headers.get("host"):
        return None
    return Response({"detail": "Only the sandbox's own page may do this."}, status_code=403)
