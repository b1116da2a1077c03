"""`POST /telegram/webhook`: Telegram pushes updates here, when it can reach the server (`X2`)."""

import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import structlog
from aiogram.types import Update
from litestar import Litestar, Request, Response, post
from pydantic import ValidationError

from backend.errors import Unavailable
from backend.settings import settings
from bot.bot_setup import WEBHOOK_PATH
from bot.delivery.client import make_bot
from bot.dispatcher import make_dispatcher

log = structlog.get_logger()

_MAX_BODY_BYTES = 1_000_000  # bytes
_RETRY_AFTER_SECONDS = "5"  # seconds
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - a header's name


@post(
    WEBHOOK_PATH,
    status_code=200,
    request_max_body_size=_MAX_BODY_BYTES,
    include_in_schema=False,
    opt={"exclude_from_csrf": True},
)
async def receive_update(request: Request[Any, Any, Any]) -> Response[None]:
    """Handle one update and answer 200; 401 without the secret, 400 for a body that is no update.

    Telegram repeats an update until the answer is 2xx, and holds later ones back meanwhile. So the answer is
    200 whatever the result, and each update is handled once. 503 asks for it again: the database is away and
    no person waits for an answer.
    """
    secret = request.headers.get(SECRET_HEADER, "")
    if not secrets.compare_digest(secret.encode(), settings.webhook_secret.encode()):
        return Response(None, status_code=401)
    try:
        body = json.loads(await request.body())
    except ValueError:
        return Response(None, status_code=400)
    if not isinstance(body, dict) or not isinstance(body.get("update_id"), int):
        return Response(None, status_code=400)
    state = request.app.state
    try:
        update = Update.model_validate(body, context={"bot": state.bot})
    except ValidationError as error:
        # From a newer Bot API: to repeat it would not help.
        log.warning("update not understood", update=body["update_id"], error=str(error)[:500])
        return Response(None)
    try:
        await state.dispatcher.feed_update(state.bot, update)
    except Unavailable:
        return Response(None, status_code=503, headers={"Retry-After": _RETRY_AFTER_SECONDS})
    except Exception:
        log.exception("update failed", update=update.update_id)
    return Response(None)


@asynccontextmanager
async def bot_lifespan(app: Litestar) -> AsyncIterator[None]:
    """The bot's part of the application's lifespan: sets `state.bot` and `state.dispatcher`."""
    app.state.bot = make_bot(settings, retries=True)
    app.state.dispatcher = make_dispatcher()
    try:
        yield
    finally:
        await app.state.bot.session.close()
