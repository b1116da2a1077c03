"""A sandbox with many people in it, and the option to play the whole year: `bin/test tests/year
--whole-year`."""

import asyncio
import os
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from sandbox.config import Config
from sandbox.seed_data import initial_world
from sandbox.serve import make_server
from sandbox.world import Chat, Membership, Person, World
from tests.telegram import Telegram, connected, sandbox_url

__all__ = ["connected", "sandbox_url"]

People = dict[int, str]  # by Telegram's id
Groups = dict[int, tuple[str, list[int]]]  # by the chat's id: title and members' ids


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--whole-year", action="store_true", help="play the year of tests/year whole")
    parser.addoption("--year-seed", type=int, default=3, help="play another year of tests/year")


def pytest_configure(config: pytest.Config) -> None:
    """Run the whole year on one core, the database included: its steps follow one another, and waking
    processes on another core took a quarter of the time."""
    if config.getoption("--whole-year") and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


@contextmanager
def running_sandbox(config: Config, people: People, groups: Groups) -> Iterator[tuple[str, Any]]:
    """Run a sandbox with these people and groups, whom the bot has met; its address and its state."""
    server = make_server(config)
    state = server.config.app.state.telegram  # type: ignore[union-attr]
    state.reset(_make_world(people, groups))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, args=([listener],), name="sandbox")
        thread.start()
        try:
            while not server.started and thread.is_alive():
                thread.join(0.01)
            assert server.started, "the sandbox did not start"
            yield f"http://127.0.0.1:{listener.getsockname()[1]}", state
        finally:
            server.should_exit = True
            thread.join(10)


def _make_world(people: People, groups: Groups) -> World:
    world = initial_world(0.0)
    for number, name in people.items():
        world.people[number] = Person(number, name, may_be_written_to=True, met_bot=True)
    for chat_id, (title, member_ids) in groups.items():
        members = {number: Membership("member") for number in member_ids}
        world.chats[chat_id] = Chat(
            chat_id,
            "supergroup",
            title,
            members=members,
            bot=Membership("administrator"),
            met_bot=True,
        )
        world.messages[chat_id] = []
    return world


@pytest.fixture
async def start_sandbox() -> AsyncIterator[Callable[[People, Groups], Any]]:
    """Start a sandbox with the bot: `telegram, sandbox_state = await start_sandbox(people, groups)`."""
    import dataclasses
    from contextlib import AsyncExitStack

    from backend.settings import settings
    from bot.delivery.client import make_bot
    from bot.dispatcher import make_dispatcher

    async with AsyncExitStack() as stack:

        async def start(people: People, groups: Groups) -> tuple[Telegram, Any]:
            config = Config(
                app_url=settings.public_url,
                token=settings.telegram_bot_token,
                bot_name=settings.telegram_bot_name,
                flood=True,
            )
            url, state = stack.enter_context(running_sandbox(config, people, groups))
            sandbox_settings = dataclasses.replace(settings, telegram_api_url=url)
            bots = make_bot(sandbox_settings), make_bot(sandbox_settings)
            for bot in bots:
                stack.push_async_callback(bot.session.close)
            await asyncio.sleep(0)
            return Telegram(url, *bots, make_dispatcher()), state

        yield start
