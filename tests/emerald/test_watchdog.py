"""A process that stands still ends, so that it is started again (`X8`)."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import forked
from tests.bin.running import free_port
from tests.emerald import stalling
from tests.telegram import Telegram
from tests.webapp.conftest import init_data, launch_of
from tests.workers import ended


@contextmanager
def stalling_at(point: str, command: str, out: Path, **environ: str) -> Iterator[ForkServerProcess]:
    ours = {**os.environ, "DATABASE_POOL_SIZE": "2", **environ}
    process = forked.start(ours, stalling.run_until_stalled, [command], point, out)
    try:
        yield process
    finally:
        process.kill()
        process.join()


async def stalled(out: Path) -> None:
    async with asyncio.timeout(25):
        while not (out / "stalled").exists():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


@pytest.fixture
async def registered(telegram: Telegram) -> dict[str, str]:
    return {"TELEGRAM_API_URL": telegram.url}


async def test_a_worker_that_stands_still_ends(
    registered: dict[str, str], account: Any, tmp_path: Path
) -> None:
    """It says in which line."""
    with stalling_at("job.close polls", "work", tmp_path, **registered) as worker:
        await stalled(tmp_path)
        assert await ended(worker, 10) == 1
    said = (tmp_path / "2").read_text()
    assert "Timeout" in said and "in stand_still" in said and "in fullmatch" in said


async def test_without_the_watch_it_would_stand_still_for_ever(
    registered: dict[str, str], account: Any, tmp_path: Path
) -> None:
    """The control."""
    off = {"FAILPOINTS": "watchdog.off", **registered}
    with stalling_at("job.close polls", "work", tmp_path, **off) as worker:
        await stalled(tmp_path)
        with pytest.raises(TimeoutError):
            await ended(worker, 3 * stalling.STALLED_AFTER)


async def test_a_web_server_that_stands_still_ends(
    registered: dict[str, str], alice: Any, instance: Any, tmp_path: Path
) -> None:
    """One request has it stand still; it answers nobody any more, until it ends."""
    code, port = await instance(), free_port()
    serving = {"HOST": "127.0.0.1", "PORT": str(port), **registered}
    raw = init_data(launch_of(alice.telegram_id, "Alice"))
    with stalling_at("allocator.loaded", "serve", tmp_path, **serving) as server:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=5) as client:
            async with asyncio.timeout(25):
                while not await answers(client):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            opened = await client.post("/app/session", headers={"Authorization": f"tma {raw}"})
            session = {"Authorization": f"Bearer {opened.headers['x-session']}"}
            booking = client.post(f"/app/events/{code}/booking", headers=session, data={"guests": "0"})
            tap = asyncio.ensure_future(booking)
            await stalled(tmp_path)
            with pytest.raises(httpx.TransportError):
                await client.get("/health")
            with pytest.raises(httpx.TransportError):
                await tap
        assert await ended(server, 10) == 1


async def answers(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/health")).status_code == 200
    except httpx.TransportError:
        return False
