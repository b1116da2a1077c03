"""One sandbox for all tests of this folder, reset for each; a real bot, people and groups."""

import asyncio
import pathlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest
import pytest_asyncio
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer

from sandbox.client import Sandbox, SandboxChat, SandboxPerson
from sandbox.config import Config
from sandbox.serve import serving

TOKEN = "42:SANDBOX"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


APP_PORT = _free_port()  # of the tests' own Mini App, which some of them serve


async def wait_until(sandbox: Sandbox, condition: Callable[[], Awaitable[bool]]) -> None:
    """Return once `condition` is true; it is checked after every change of the sandbox."""
    async with asyncio.timeout(10):
        version = 0
        while not await condition():
            changed = await asyncio.to_thread(sandbox.get, f"changes?after={version}&within=5", 5.0)
            version = changed["version"]


@pytest.fixture(scope="session")
def sandbox_url() -> Iterator[str]:
    app = f"http://127.0.0.1:{APP_PORT}"
    with serving(Config(app_url=app, token=TOKEN, port=0)) as url:
        yield url


@pytest.fixture
def sandbox(sandbox_url: str) -> Sandbox:
    sandbox = Sandbox(sandbox_url)
    sandbox.reset()
    return sandbox


@pytest_asyncio.fixture(scope="session")
async def connected(sandbox_url: str) -> AsyncIterator[Bot]:
    api = TelegramAPIServer.from_base(sandbox_url)
    async with Bot(TOKEN, session=AiohttpSession(api=api)) as bot:
        yield bot


@pytest.fixture
def bot(connected: Bot, sandbox: Sandbox) -> Bot:
    return connected


@pytest.fixture
def yoga(sandbox: Sandbox) -> SandboxChat:
    return sandbox.chat("Kallio Yoga")


@pytest.fixture
def runners(sandbox: Sandbox) -> SandboxChat:
    return sandbox.chat("Sunday Runners")


@pytest.fixture
def alice(sandbox: Sandbox) -> SandboxPerson:
    return sandbox.person("Alice")


@pytest.fixture
def bob(sandbox: Sandbox) -> SandboxPerson:
    return sandbox.person("Bob")


@pytest.fixture
def charlie(sandbox: Sandbox) -> SandboxPerson:
    return sandbox.person("Charlie")


@pytest.fixture
def root() -> pathlib.Path:
    return pathlib.Path(__file__).parents[2]
