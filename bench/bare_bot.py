"""The baseline of `bench.updates`: a bare aiogram webhook handler. A tap runs one SQL write, the seat as `bench.baseline` writes
it, and is answered; a command runs one and is replied to. No rules, no order, no duplicates, no languages."""

import os

import asyncpg
from aiogram import Bot, Dispatcher
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.types import CallbackQuery, Message
from aiogram.webhook.aiohttp_server import SimpleRequestHandler
from aiohttp import web

from bench.baseline import STATEMENT

SEEN = "UPDATE telegram_users SET seen_at = now() WHERE telegram_id = $1"


async def _keep(connection: object) -> None:
    """No reset query, as in the application."""


def main() -> None:
    """Serve on 127.0.0.1, at PORT of the environment."""
    from backend.settings import settings

    session = AiohttpSession(api=TelegramAPIServer.from_base(settings.telegram_api_url))
    bot, dispatcher = Bot(settings.telegram_bot_token, session=session), Dispatcher(disable_fsm=True)
    app = web.Application()

    @dispatcher.callback_query()
    async def tap(query: CallbackQuery) -> None:
        instance, membership = (int(part) for part in (query.data or "").split(":")[-2:])
        await app["pool"].execute(STATEMENT, instance, membership)
        await query.answer("You’re in.")

    @dispatcher.message()
    async def command(message: Message) -> None:
        assert message.from_user is not None
        await app["pool"].execute(SEEN, message.from_user.id)
        await message.answer("You have no bookings.")

    async def start(app: web.Application) -> None:
        size = settings.database_pool_size
        app["pool"] = await asyncpg.create_pool(
            **settings.database.connect_kwargs(), min_size=size, max_size=size, reset=_keep
        )

    app.on_startup.append(start)
    SimpleRequestHandler(dispatcher, bot, handle_in_background=False).register(app, "/telegram/webhook")
    web.run_app(app, host="127.0.0.1", port=int(os.environ["PORT"]), print=None, access_log=None)


if __name__ == "__main__":
    main()
