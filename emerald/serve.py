"""The web server: one uvicorn process. Several run as replicas behind nginx."""

import errno
import os
import signal
import socket
import sys

import uvicorn

from backend.settings import settings
from emerald.errors import PortTaken
from emerald.log import configure, log_start


def check_port(host: str, port: int, variable: str) -> None:
    """Raise `PortTaken` unless this process could listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        # As the server itself does: a port in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            reason = "it is taken" if taken else os.strerror(error.errno or 0).lower()
            raise PortTaken(variable, port, reason) from None


def main(*, graceful: int = 20) -> None:
    """Answer requests until stopped; then finish the running ones within `graceful` seconds.

    Raises `PortTaken`, and `SystemExit` when the application does not start.
    """
    configure("web")
    log_start()
    check_port(settings.host, settings.port, "PORT")
    server = uvicorn.Server(
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
    server.run()
    if not server.started:
        raise SystemExit(3)
