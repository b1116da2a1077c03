"""`POST /telegram/webhook`: Telegram pushes updates here, when it can reach the server (`X2`).

An ASGI application of its own before the framework's routing, whose work for a request is as much as that for its update."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import structlog
from aiogram.types import Update

from backend import failpoints
from backend.errors import Unavailable
from backend.settings import settings
from bot.bot_setup import WEBHOOK_PATH
from bot.delivery.client import in_response, make_bot
from bot.dispatcher import make_dispatcher
from bot.rendering import load_templates
from bot.shutdown import finish_updates
from bot.updates import is_addressed, read_update

log = structlog.get_logger()

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

MAX_BODY_BYTES = 1_000_000
RETRY_AFTER_SECONDS = 5
ANSWER_WITHIN = 0.8  # seconds, of what a person waits for
UPDATES_MAX = 500  # updates handled at the same time in this process
STOP_TIMEOUT = 10.0  # seconds to finish the updates that have begun
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - a header's name
_SECRET_HEADER = SECRET_HEADER.lower().encode()


class Response(NamedTuple):
    status: int
    call: dict[str, Any] | None = None  # a call to the Bot API that Telegram makes of it


AGAIN = Response(503)


class Webhook:
    """Handles the updates that Telegram sends while `running`: an ASGI application for one address.

    It answers 200; 401 without the secret, 413 for a body that is too large, 400 for one that is no update. Telegram
    repeats an update until the answer is 2xx, and holds later ones back meanwhile. So the answer is 200 whatever the
    result, and each update is handled once. 503 asks for it again: the database is away and no person waits for an answer,
    or too many updates are being handled.

    Telegram has `WEBHOOK_CONNECTIONS` connections for everybody. What a person waits for holds one of them no longer than
    `ANSWER_WITHIN`, whatever that person does, and is then handled to its end without it. The response carries the answer
    to a tap that is there by then (decision 0057).
    """

    path = WEBHOOK_PATH

    def __init__(self) -> None:
        self.updates: set[asyncio.Task[bool]] = set()  # that are being handled

    @asynccontextmanager
    async def running(self, _: object = None) -> AsyncIterator[None]:
        """Its part of an application's lifespan."""
        load_templates()
        self.bot = make_bot(settings)
        self.dispatcher = make_dispatcher()
        try:
            yield
        finally:
            await finish_updates(self.updates, STOP_TIMEOUT)
            await self.bot.session.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._respond(scope, receive)
        body = json.dumps(response.call).encode() if response.call is not None else b""
        headers = [(b"content-length", str(len(body)).encode())]
        if body:
            headers.append((b"content-type", b"application/json"))
        if response is AGAIN:
            headers.append((b"retry-after", str(RETRY_AFTER_SECONDS).encode()))
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    async def _respond(self, scope: Scope, receive: Receive) -> Response:
        if not _is_secret(dict(scope["headers"]).get(_SECRET_HEADER, b"")):
            return Response(401)
        content = await _read_body(receive)
        if content is None:
            return Response(413)
        try:
            body = json.loads(content)
        except (ValueError, RecursionError):  # no JSON, or one list in another a thousand times
            return Response(400)
        if not isinstance(body, dict) or not isinstance(body.get("update_id"), int):
            return Response(400)
        if self.dispatcher.drops(body):
            return Response(200)
        update = read_update(body, self.bot)
        if update is None:  # from a newer Bot API: to repeat it would not help
            return Response(200)
        if len(self.updates) >= UPDATES_MAX:
            return AGAIN
        return await self._begin(update)

    async def _begin(self, update: Update) -> Response:
        """Begin to handle an update. The response is due once that is done, once a tap's answer is there, and in time."""
        call: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(self._handle(update, call))  # noqa: TID251 — a request of its own, no transaction
        self.updates.add(task)
        task.add_done_callback(self.updates.discard)
        timeout = ANSWER_WITHIN if is_addressed(update) else None
        either: set[asyncio.Future[Any]] = {task, call}
        await asyncio.wait(either, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        if call.done():
            return Response(200, call.result())
        call.cancel()  # a later answer is a call of its own
        return AGAIN if task.done() and not task.result() else Response(200)

    async def _handle(self, update: Update, call: asyncio.Future[dict[str, Any]]) -> bool:
        """Handle an update; whether that is done, well or not: False asks for it again."""
        in_response.set(call)
        try:
            await self.dispatcher.feed_update(self.bot, update)
        except Unavailable:
            return False
        except Exception:
            log.exception("update failed", update=update.update_id)
        return True


def _is_secret(given: bytes) -> bool:
    """Whether Telegram knows the secret, or the one before while it is replaced."""
    if failpoints.on("webhook.of-anybody"):
        return True
    known = [settings.webhook_secret, *filter(None, [settings.webhook_secret_before])]
    return any(secrets.compare_digest(given, each.encode()) for each in known)


async def _read_body(receive: Receive) -> bytes | None:
    """The body; None for one that is too large, "" for one whose sender has gone."""
    body, is_whole = bytearray(), False
    while not is_whole:
        message = await receive()
        if message["type"] != "http.request":
            return b""
        body += message.get("body", b"")
        if len(body) > MAX_BODY_BYTES and not failpoints.on("webhook.unbounded"):
            return None
        is_whole = not message.get("more_body", False)
    return bytes(body)
