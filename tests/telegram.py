"""The bot behind a sandbox, over real HTTP: actions of people arrive as updates and go through the
dispatcher, and tests read the bot's messages in the sandbox's chats."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from functools import cache
from html.parser import HTMLParser
from typing import Any, TypeVar

import pytest
import structlog
from aiogram import Bot, Dispatcher
from aiogram.exceptions import TelegramConflictError
from aiogram.methods import GetUpdates
from aiogram.types import Update

from sandbox.client import Sandbox, SandboxChat, SandboxPerson
from sandbox.config import Config
from sandbox.serve import serving

Json = dict[str, Any]
Result = TypeVar("Result")


class Telegram:
    """The sandbox, the bot behind it, and methods that drive both without sleeping."""

    def __init__(self, url: str, bot: Bot, sending: Bot, dispatcher: Dispatcher) -> None:
        self.url = url
        self.sandbox = Sandbox(url)
        self.bot = bot  # of the handlers
        self.sending = sending  # of the sender
        self.dispatcher = dispatcher
        self._kinds = [str(kind) for kind in dispatcher.resolve_used_update_types()]
        self._offset: int | None = None

    async def pump(self) -> int:
        """Handle the pending updates. Returns their number."""
        return await self._handle(await self._ask(0))

    async def _ask(self, wait: int) -> list[Update]:
        ask = GetUpdates(offset=self._offset, timeout=wait, allowed_updates=self._kinds)
        return await self.bot(ask, request_timeout=wait + 10)

    async def _handle(self, updates: list[Update]) -> int:
        new = [update for update in updates if update.update_id >= (self._offset or 0)]
        for update in new:
            self._offset = update.update_id + 1
            await self.dispatcher.feed_update(self.bot, update)
        return len(new)

    async def during(self, act: Callable[..., Result], *args: Any, **kwargs: Any) -> Result:
        """Run a person's action, while the bot handles updates until there are no more."""
        task = asyncio.create_task(asyncio.to_thread(act, *args, **kwargs))
        while not task.done():
            asking = asyncio.create_task(self._ask(30))
            await asyncio.wait({task, asking}, return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                await self._take_over(asking)
            with suppress(TelegramConflictError):
                await self._handle(await asking)
        while await self.pump():
            pass
        return await task

    async def _take_over(self, asking: asyncio.Task[list[Update]]) -> None:
        """End a long poll as Telegram does, by the next one. One that was only cancelled could reach the sandbox
        later than the next, and end that."""
        while not asking.done():
            with suppress(TelegramConflictError):
                await self.pump()

    async def say(
        self, name: str, text: str, chat: SandboxChat | None = None, thread_id: int | None = None
    ) -> Json:
        """A person writes. Returns the newest message of that chat afterwards: the bot's, if it answered."""
        person = self.person(name)
        sent = await self.during(person.say, text, chat, thread_id=thread_id)
        return self.last(chat or person.private, after=int(sent["id"]) - 1)

    async def start(self, name: str, payload: str = "") -> Json:
        """A person presses START, with the payload of a link. Returns the bot's answer."""
        person = self.person(name)
        await self.during(person.start, payload)
        return self.last(person.private)

    async def tap(self, name: str, message: Json, button: str) -> Json:
        """A person presses a button. Returns the answer: `text` and `show_alert`."""
        done = await self.during(self.person(name).tap, message, button)
        assert done["kind"] == "callback", done
        assert done["answer"] is not None, "the tap was never answered"
        answer: Json = done["answer"]
        return answer

    def person(self, name: str) -> SandboxPerson:
        return self.sandbox.person(name)

    def chat(self, title: str = "Kallio Yoga") -> SandboxChat:
        return self.sandbox.chat(title)

    def last(self, chat: SandboxChat, after: int = 0) -> Json:
        """The newest message of a chat; empty when there is none."""
        return (chat.messages(after=after) or [{}])[-1]

    def calls(self, method: str, chat_id: int | None = None) -> list[Json]:
        return self.sandbox.calls(method, chat_id=chat_id)


def buttons(message: Json) -> list[list[str]]:
    """The texts of a message's buttons, row by row."""
    return [[button["text"] for button in row] for row in message["buttons"]]


@pytest.fixture(scope="session")
def sandbox_url() -> Iterator[str]:
    from backend.settings import settings

    # Tracebacks with all local variables take seconds to format, and taps would wait for them.
    renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[structlog.stdlib.add_log_level, renderer])
    config = Config(
        app_url=settings.public_url,
        token=settings.telegram_bot_token,
        bot_name=settings.telegram_bot_name,
        port=0,
    )
    with serving(config) as url:
        yield url


@pytest.fixture(scope="session")
async def connected(sandbox_url: str) -> AsyncIterator[tuple[Bot, Bot]]:
    from backend.settings import settings
    from bot.delivery.client import make_bot

    with_sandbox = dataclasses.replace(settings, telegram_api_url=sandbox_url)
    bots = make_bot(with_sandbox), make_bot(with_sandbox)
    yield bots
    for bot in bots:
        await bot.session.close()


class _Times(HTMLParser):
    """Finds the times of a text that Telegram takes a style or a link away from."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.styled: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        within = {tag, *self.open}
        if "tg-time" in within and within & _STYLES:
            self.styled.append(self.get_starttag_text() or tag)
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            del self.open[len(self.open) - 1 - self.open[::-1].index(tag) :]


_STYLES = {"b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "a"}


def styled_times(html: str) -> list[str]:
    """The tags of this text that make a `<tg-time>` bold, italic, struck or linked, inside or around it: Telegram
    throws the style away."""
    found = _Times()
    found.feed(html)
    return found.styled


@cache
def _dispatcher() -> Dispatcher:
    """Made once, for that takes longer than many a test."""
    from bot.dispatcher import make_dispatcher

    return make_dispatcher()


def _unused_dispatcher() -> Dispatcher:
    """A dispatcher that silences nobody yet and knows of no group whether it takes ephemeral messages."""
    from bot.delivery import ephemeral
    from bot.sender_limits import UpdateLimiter

    ephemeral.forget()

    for middleware in _dispatcher().update.outer_middleware:
        limiter = getattr(middleware, "__self__", None)
        if isinstance(limiter, UpdateLimiter):
            limiter._silent_until.clear()
    return _dispatcher()


@pytest.fixture
async def telegram(sandbox_url: str, connected: tuple[Bot, Bot], world: None) -> AsyncIterator[Telegram]:
    """A new sandbox with its people and two groups, and the bot behind it on an empty database. Afterwards no
    text that the bot has sent may have a styled time."""
    made = Telegram(sandbox_url, *connected, _unused_dispatcher())
    await asyncio.to_thread(made.sandbox.reset)
    yield made
    calls = await asyncio.to_thread(made.sandbox.calls)
    texts = [str(call["params"].get("text", call["params"].get("caption", ""))) for call in calls]
    assert [text for text in texts if styled_times(text)] == []
