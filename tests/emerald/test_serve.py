"""The web server stops when it is told to, though it looks only once a second."""

import asyncio
import signal

import pytest
import uvicorn

from emerald import serve


async def begun(monkeypatch: pytest.MonkeyPatch) -> tuple[serve.Server, asyncio.Task[None]]:
    """A server without a socket, in its loop, that looks by itself once an hour."""
    monkeypatch.setattr(serve, "TICK", 3600.0)
    server = serve.Server(uvicorn.Config("nothing:here"))
    running = asyncio.create_task(server.main_loop())
    await asyncio.sleep(0)  # its first look
    return server, running


async def test_a_signal_stops_the_server_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    server, running = await begun(monkeypatch)
    server.handle_exit(signal.SIGTERM, None)
    await asyncio.wait_for(running, 30)


async def test_without_a_signal_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control."""
    _, running = await begun(monkeypatch)
    for _ in range(100):
        await asyncio.sleep(0)
    assert not running.done()
    running.cancel()


async def test_a_signal_before_the_loop_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "TICK", 3600.0)
    server = serve.Server(uvicorn.Config("nothing:here"))
    server.handle_exit(signal.SIGINT, None)
    await asyncio.wait_for(server.main_loop(), 30)
