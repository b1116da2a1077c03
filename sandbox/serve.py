"""Runs a sandbox: in the foreground for people, in a thread of its own for tests."""

import contextlib
import socket
import threading
from collections.abc import Iterator

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sandbox.config import Config
from sandbox.telegram import Telegram
from sandbox.web import create_app

TRANSPORT_EXTENSION = "sandbox.transport"


class Protocol(HttpToolsProtocol):
    """Hands the connection to the app, so that a fault can really break it."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {TRANSPORT_EXTENSION: {"transport": self.transport}}


class SandboxServer(uvicorn.Server):
    """Lets long polls go as soon as it is asked to stop, so that it stops at once."""

    def __init__(self, config: uvicorn.Config, telegram: Telegram) -> None:
        super().__init__(config)
        self._telegram = telegram

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._telegram.changes.close()
        await super().shutdown(sockets)


def make_server(config: Config) -> SandboxServer:
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
        # Longer than aiohttp keeps an idle connection: else the bot now and then writes its next
        # call into one that is just being closed here.
        timeout_keep_alive=75,
    )
    return SandboxServer(settings, telegram)


@contextlib.contextmanager
def serving(config: Config) -> Iterator[str]:
    """A sandbox in a thread, on a free port when `config.port` is 0; yields its address.

    Raises RuntimeError when it does not come up within ten seconds.
    """
    server = make_server(config)
    with socket.create_server((config.host, config.port)) as listening:
        thread = threading.Thread(target=server.run, args=([listening],), name="sandbox")
        thread.start()
        try:
            for _ in range(1000):
                if server.started or not thread.is_alive():
                    break
                thread.join(0.01)
            if not server.started:
                raise RuntimeError("The sandbox did not start.")
            yield f"http://{config.host}:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)
