"""`/health`: this process is alive. `/ready`: it can work; the answer names what it needs. Neither reveals a
secret.

The checks live above the web app, where the processes are: `set_health_checks` hands them in.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from litestar import Response, get
from litestar.types import ControllerRouterHandler

from backend.errors import Busy, Unavailable
from webapp.handler_options import IN_MAINTENANCE

OK = "ok"
Check = Callable[[], Awaitable[str]]  # "ok", or what is wrong, in a few words

_checks: dict[str, Check] = {}


def set_health_checks(checks: Mapping[str, Check]) -> None:
    """Run these from now on, in this order; the others depend on the first."""
    _checks.clear()
    _checks.update(checks)


@get("/health", include_in_schema=False, opt={IN_MAINTENANCE: True})
async def health() -> Response[dict[str, str]]:
    """200 while this process answers. It checks nothing else: restarting it brings no database back. A process
    that answers nothing for long ends by itself (`emerald.watchdog`)."""
    return Response({"status": OK}, headers={"Cache-Control": "no-store"})


@get("/ready", include_in_schema=False, opt={IN_MAINTENANCE: True})
async def ready() -> Response[dict[str, Any]]:
    """200 when everything this process needs is available, else 503 with the names of what is not."""
    results: dict[str, str] = {}
    for name, check in _checks.items():
        try:
            results[name] = await check()
        except (Busy, Unavailable):
            results[name] = "does not answer"
        if results[name] != OK and len(results) == 1:
            break
    is_ready = all(result == OK for result in results.values())
    return Response(
        {"status": OK if is_ready else "unavailable", "checks": results},
        status_code=200 if is_ready else 503,
        headers={"Cache-Control": "no-store"},
    )


ROUTES: list[ControllerRouterHandler] = [health, ready]
