"""What every process does once it has loaded its code."""

import os
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from backend import db
from backend.errors import Unavailable
from backend.settings import settings
from emerald import metrics_server
from emerald.bot import poll_watched
from emerald.worker import work_measured
from tests.nginx.front import free_port

ROOT = Path(__file__).parents[2]
SERVE = """
import asyncio, gc, sys
from bot.rendering import _environment
from emerald.web import create_app
from webapp.rendering import environment

def unloaded(compiled):
    return set(compiled.list_templates(extensions=["html"])) - {name for _, name in compiled.cache.keys()}

async def serve():
    async with create_app().lifespan():
        left = unloaded(environment("en")) | unloaded(_environment("en"))
        print(len(gc.get_objects()), sys.getswitchinterval(), len(left), gc.get_threshold()[0])

asyncio.run(serve())
"""
FEW = 20_000  # objects, walked in some 10 ms
MANY = 5_000  # new objects, more than two hundred requests hold at once


@pytest.mark.parametrize(("failpoints", "is_short"), [("", True), ("collector.walks-code", False)])
def test_no_request_waits_for_a_collection_of_the_whole_program(failpoints: str, is_short: bool) -> None:
    """`X8`. What a full collection walks while the web process serves, with the bot loaded; then the control. Nor does
    one wait long for a thread that computes, or for a template to be compiled, nor is the memory searched for garbage
    because a crowd is being answered."""
    webhook = {"TELEGRAM_WEBHOOK": "true", "DATABASE_POOL_SIZE": "2", "FAILPOINTS": failpoints}
    served = subprocess.run(
        [sys.executable, "-c", SERVE],
        env={**os.environ, **webhook},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    objects, interval, unloaded, young = served.stdout.split()
    assert (int(objects) < FEW) is is_short
    assert (MANY < int(young) < FEW) is is_short
    assert float(interval) < sys.getswitchinterval() / 5
    assert unloaded == "0"


@pytest.mark.parametrize("process", [work_measured, poll_watched])
async def test_no_scrape_is_answered_before_the_database_is_connected(
    process: Callable[[], Awaitable[None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would say that there is no database, at each start."""
    port = free_port()
    monkeypatch.setattr(metrics_server, "settings", replace(settings, metrics_port=port))

    async def open_pool(**_: object) -> None:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
        raise Unavailable("as far as this test goes")

    monkeypatch.setattr(db, "open_pool", open_pool)
    with pytest.raises(Unavailable, match="as far as"):
        await process()
