"""What every process does once it has loaded its code."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

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
        print(len(gc.get_objects()), sys.getswitchinterval(), len(left))

asyncio.run(serve())
"""
FEW = 20_000  # objects, walked in some 10 ms


@pytest.mark.parametrize(("failpoints", "is_short"), [("", True), ("collector.walks-code", False)])
def test_no_request_waits_for_a_collection_of_the_whole_program(failpoints: str, is_short: bool) -> None:
    """`X8`. What a full collection walks while the web process serves, with the bot loaded; then the control. Nor does
    one wait long for a thread that computes, or for a template to be compiled."""
    webhook = {"TELEGRAM_WEBHOOK": "true", "DATABASE_POOL_SIZE": "2", "FAILPOINTS": failpoints}
    served = subprocess.run(
        [sys.executable, "-c", SERVE],
        env={**os.environ, **webhook},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    objects, interval, unloaded = served.stdout.split()
    assert (int(objects) < FEW) is is_short
    assert float(interval) < sys.getswitchinterval() / 5
    assert unloaded == "0"
