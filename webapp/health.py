"""`/health`: this process lives. `/ready`: it can work, and what it needs to is named. Neither tells a secret.

Whether something is well is known further up, where the processes are; `examine_by` says how to find out.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from litestar import Response, get
from litestar.types import ControllerRouterHandler

from backend.errors import Busy, Unavailable

OK = "ok"
Check = Callable[[], Awaitable[str]]  # "ok", or what is wrong in a few plain words

_checks: dict[str, Check] = {}


def set_health_checks(checks: Mapping[str, Check]) -> None:
    """Ask these from now on, in this order; the first is what the others stand on."""
    _checks.clear()
    _checks.update(checks)


@get("/health", include_in_schema=False)
async def health() -> Response[dict[str, str]]:
    """That this process answers. It asks nobody: a database that is away is no reason to kill it."""
    return Response({"status": OK}, headers={"Cache-Control": "no-store"})


@get("/ready", include_in_schema=False)
async def ready() -> Response[dict[str, Any]]:
    """Whether everything it needs is well: 200, or 503 with the names of what is not."""
    found: dict[str, str] = {}
    for name, check in _checks.items():
        try:
            found[name] = await check()
        except (Busy, Unavailable):
            found[name] = "does not answer"
        if found[name] != OK and len(found) == 1:
            break
    well = all(word == OK for word in found.values())
    return Response(
        {"status": OK if well else "unavailable", "checks": found},
        status_code=200 if well else 503,
        headers={"Cache-Control": "no-store"},
    )


ROUTES: list[ControllerRouterHandler] = [health, ready]
