"""`/metrics` and `/health` of a process that serves nothing else: worker and bot, at `METRICS_PORT`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from aiohttp import web

from backend.settings import settings
from emerald.metrics import identify, scrape

log = structlog.get_logger()

PORT_TRIES, PORT_PAUSE = 20, 0.5  # while the process before this one still holds the port; seconds


async def _metrics(request: web.Request) -> web.Response:
    body, content_type = await scrape(request.headers.get("Accept", ""))
    return web.Response(body=body, headers={"Content-Type": content_type, "Cache-Control": "no-store"})


async def _health(_: web.Request) -> web.Response:
    """200 while this process's event loop runs, as `/health` of the web process."""
    return web.json_response({"status": "ok"}, headers={"Cache-Control": "no-store"})


@asynccontextmanager
async def metrics_served(offset: int = 0) -> AsyncIterator[None]:
    """Answer scrapes meanwhile, at `METRICS_PORT` and `offset`: where several processes share a machine and its
    settings, each has a port of its own. Without `METRICS_PORT`, nowhere.

    A port that stays taken is logged, and the process works without: what it is for matters more.
    """
    if not settings.metrics_port:
        yield
        return
    identify()
    app = web.Application()
    app.add_routes([web.get("/metrics", _metrics), web.get("/health", _health)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await _listen(runner, settings.metrics_port + offset)
        yield
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, port: int) -> None:
    for remaining in range(PORT_TRIES - 1, -1, -1):
        try:
            await web.TCPSite(runner, settings.host, port).start()
        except OSError as error:
            if not remaining:
                log.error("no metrics: the port is taken", port=port, error=error.strerror)
                return
            await asyncio.sleep(PORT_PAUSE)
        else:
            return
