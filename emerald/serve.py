"""The web server: one uvicorn process. Several run as replicas behind nginx."""

import asyncio
import contextlib
import errno
import os
import signal
import socket
import sys
from types import FrameType

import uvicorn

from backend import db
from backend.settings import settings
from emerald.errors import PortTaken
from emerald.log import configure, log_start
from emerald.runtime import result_of

TICK = 1.0  # seconds, as often as the date in answers changes


class Server(uvicorn.Server):
    """uvicorn's, which looks ten times a second whether it is to stop: most of what a web process does while nobody comes.
    This one looks when a signal comes, and every `TICK`."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._signalled = asyncio.Event()

    async def main_loop(self) -> None:
        """Until it is to stop."""
        self._loop = asyncio.get_running_loop()
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._signalled.wait(), TICK)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop, at once."""
        super().handle_exit(sig, frame)
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._signalled.set)


def check_port(host: str, port: int, variable: str) -> None:
    """Raise `PortTaken` unless this process could listen there."""
    _bind(host, port, variable).close()


def _bind(host: str, port: int, variable: str) -> socket.socket:
    """A socket of this port that does not listen yet. Raises `PortTaken`."""
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    # As the server itself does: a port in TIME_WAIT is free.
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        taken = error.errno == errno.EADDRINUSE
        unknown = isinstance(error, socket.gaierror)
        reason = (
            "it is taken"
            if taken
            else f"{error.strerror}, {host}"
            if unknown
            else os.strerror(error.errno or 0).lower()
        )
        raise PortTaken(variable, port, reason) from None
    return bound


def main(*, graceful: int = 20) -> None:
    """Answer requests until stopped; then finish the running ones within `graceful` seconds.

    Raises `PortTaken`, `Unavailable` when there is no database, and `SystemExit` when the application does
    not start.
    """
    configure("web")
    log_start()
    check_port(settings.host, settings.port, "PORT")
    # Before the server, which would show a traceback.
    result_of(lambda: db.value("SELECT true"))
    server = Server(
        uvicorn.Config(
            "emerald.web:create_app",
            factory=True,
            host=settings.host,
            port=settings.port,
            http="httptools",
            loop="uvloop",
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=True,
            forwarded_allow_ips=settings.trusted_proxies,
            timeout_graceful_shutdown=graceful,
        )
    )
    # uvicorn raises the signal that stopped it once more, and the embedded database must still be stopped
    # then.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server.run(sockets=_sockets())
    if not server.started:
        raise SystemExit(3)


def _sockets() -> list[socket.socket] | None:
    """The sockets of both ports; None when the server's own of `PORT` is enough. Raises `PortTaken`."""
    if not settings.metrics_port:
        return None
    ports = {"PORT": settings.port, "METRICS_PORT": settings.metrics_port}
    return [_bind(settings.host, port, variable) for variable, port in ports.items()]
