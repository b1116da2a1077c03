"""`POST /telegram/webhook`: Telegram pushes updates here, when it can reach the server (`X2`)."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import structlog
from aiogram.types import Update
from litestar import Litestar, Request, Response, post
from litestar.datastructures import State

from backend.errors import Unavailable
from backend.settings import settings
from bot.bot_setup import WEBHOOK_PATH
from bot.delivery.client import make_bot
from bot.dispatcher import make_dispatcher
from bot.middleware import is_addressed
from bot.updates import read_update

log = structlog.get_logger()

_MAX_BODY_BYTES = 1_000_000  # bytes
_RETRY_AFTER_SECONDS = "5"  # seconds
ANSWER_WITHIN = 0.8  # seconds, of what a person waits for
UPDATES_MAX = 500  # updates handled at the same time in this process
STOP_TIMEOUT = 10.0  # seconds to finish the updates that have begun
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - a header's name


@post(
    WEBHOOK_PATH,
    status_code=200,
    request_max_body_size=_MAX_BODY_BYTES,
    include_in_schema=False,
    opt={"exclude_from_csrf": True, "in_maintenance": True},
)
async def receive_update(request: Request[Any, Any, Any]) -> Response[None]:
    """Handle one update and answer 200; 401 without the secret, 400 for a body that is no update.

    Telegram repeats an update until the answer is 2xx, and holds later ones back meanwhile. So the answer is
    200 whatever the result, and each update is handled once. 503 asks for it again: the database is away and
    no person waits for an answer, or too many updates are being handled.

    Telegram has `WEBHOOK_CONNECTIONS` connections for everybody. What a person waits for holds one of them no
    longer than `ANSWER_WITHIN`, whatever that person does, and is then handled to its end without it.
    """
    if not _is_secret(request.headers.get(SECRET_HEADER, "")):
        return Response(None, status_code=401)
    try:
        body = json.loads(await request.body())
    except (ValueError, RecursionError):  # no JSON, or one list in another a thousand times
        return Response(None, status_code=400)
    if not isinstance(body, dict) or not isinstance(body.get("update_id"), int):
        return Response(None, status_code=400)
    state = request.app.state
    update = read_update(body, state.bot)
    if update is None:  # from a newer Bot API: to repeat it would not help
        return Response(None)
    if len(state.updates) >= UPDATES_MAX:
        return _again()
    task = asyncio.create_task(_handle(state, update))  # noqa: TID251 — a request of its own, no transaction
    state.updates.add(task)
    task.add_done_callback(state.updates.discard)
    done, _ = await asyncio.wait({task}, timeout=ANSWER_WITHIN if is_addressed(update) else None)
    return _again() if done and not task.result() else Response(None)


def _is_secret(given: str) -> bool:
    """Whether Telegram knows the secret, or the one before while it is replaced."""
    known = [settings.webhook_secret, *filter(None, [settings.webhook_secret_before])]
    return any(secrets.compare_digest(given.encode(), each.encode()) for each in known)


async def _handle(state: State, update: Update) -> bool:
    """Handle an update; whether that is done, well or not: False asks for it again."""
    try:
        await state.dispatcher.feed_update(state.bot, update)
    except Unavailable:
        return False
    except Exception:
        log.exception("update failed", update=update.update_id)
    return True


def _again() -> Response[None]:
    return Response(None, status_code=503, headers={"Retry-After": _RETRY_AFTER_SECONDS})


@asynccontextmanager
async def bot_lifespan(app: Litestar) -> AsyncIterator[None]:
    """The bot's part of the application's lifespan: sets `state.bot`, `state.dispatcher` and `state.updates`, the
    tasks of the updates that are being handled."""
    app.state.bot = make_bot(settings)
    app.state.dispatcher = make_dispatcher()
    updates: set[asyncio.Task[bool]] = set()
    app.state.updates = updates
    try:
        yield
    finally:
        if updates:
            await asyncio.wait(updates, timeout=STOP_TIMEOUT)
        await app.state.bot.session.close()
