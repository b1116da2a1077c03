"""Runs a sandbox: in the foreground for people, in its own thread for tests."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sandbox.config import Config
from sandbox.http.botapi import TRANSPORT_EXTENSION
from sandbox.telegram import Telegram
from sandbox.web import create_app


class Protocol(HttpToolsProtocol):
    """Gives the app its connection, so that a fault can really break it."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {TRANSPORT_EXTENSION: {"transport": self.transport}}


class SandboxServer(uvicorn.Server):
    """Ends long polls as soon as it is asked to stop, so that it stops at once.

    `on_listening` is called once it listens. `start_finished` is set then, or when it failed to start.
    """

    def __init__(self, config: uvicorn.Config, telegram: Telegram, on_listening: Callable[[], None]) -> None:
        super().__init__(config)
        self._telegram = telegram
        self._on_listening = on_listening
        self.start_finished = threading.Event()

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            super().run(sockets)
        finally:
            self.start_finished.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_listening()
            self.start_finished.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._telegram.changes.close()
        await super().shutdown(sockets)


def make_server(config: Config, on_listening: Callable[[], None] = lambda: None) -> SandboxServer:
    """A server that is not yet started. Raises ValueError for a broken state file."""
    app = create_app(config)
    telegram: Telegram = app.state.telegram
    settings = uvicorn.Config(
        app,
        host=config.host,
        port=config.port,
        http=Protocol,
        ws="none",
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=2,
        # Longer than aiohttp keeps an idle connection: otherwise the bot now and then sends its next
        # call on a connection that is just being closed here.
        timeout_keep_alive=75,
    )
    return SandboxServer(settings, telegram, on_listening)


@contextlib.contextmanager
def serving(config: Config) -> Iterator[str]:
    """A sandbox in a thread, on a free port when `config.port` is 0; yields its address.

    Raises RuntimeError when it does not come up within ten seconds.
    """
    server = make_server(config)
    with socket.create_server((config.host, config.port)) as listener:
        thread = threading.Thread(target=server.run, args=([listener],), name="sandbox")
        thread.start()
        try:
            server.start_finished.wait(10)
            if not server.started:
                raise RuntimeError("The sandbox did not start.")
            yield f"http://{config.host}:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)
