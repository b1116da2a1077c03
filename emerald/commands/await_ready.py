"""`emerald await-ready`."""

import http.client
import json
import time

import click

from backend.settings import settings
from emerald.errors import CommandFailed

PAUSE = 0.5  # seconds between two questions
NEEDED = ("database", "migrations")  # a worker may start later


@click.command
@click.option("--seconds", default=120, show_default=True, help="For how long at most.")
def await_ready(seconds: int) -> None:
    """Wait until the web process at PORT reaches its database and has all migrations."""
    deadline = time.monotonic() + seconds
    while missing := _missing():
        if time.monotonic() > deadline:
            raise CommandFailed(f"The web process is not ready: {missing}.")
        time.sleep(PAUSE)


def _missing() -> str:
    """What the process at PORT has not got yet; "" when it has all."""
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104 - only compared with
    connection = http.client.HTTPConnection(host, settings.port, timeout=5)
    try:
        connection.request("GET", "/ready")
        checks = json.loads(connection.getresponse().read())["checks"]
    except (OSError, http.client.HTTPException, ValueError, KeyError):
        return "it does not answer"
    finally:
        connection.close()
    return "; ".join(f"{name} {checks.get(name)}" for name in NEEDED if checks.get(name) != "ok")
