"""What every response says to caches and to other windows (`X3`)."""

from typing import Any

import pytest

from tests.doors.test_extreme_values import handlers, path_of
from tests.webapp.dashboard.conftest import confirm_sign_in
from webapp import headers

OPENER = "cross-origin-opener-policy"
# What is the same for everybody, or a file that its owner's program asks for again.
KEPT = ("/static/", "/calendar/", "/e/")


async def keepable(site: Any, app: Any, dashboard: Any, anybody: Any) -> dict[str, str]:
    """The answers of all routes that a cache may keep, to an organiser and to anybody."""
    found = {}
    for method, route, _ in handlers(site, "GET", "POST", "PUT", "PATCH", "DELETE"):
        path = path_of(route, {"code": "abcdefghjk"})
        is_dashboards = path.startswith("/dashboard")
        ask = dashboard.client.request if is_dashboards else app.ask
        for answer in (await ask(method, path), await anybody.request(method, path)):
            stays = answer.headers.get("cache-control", "")
            if stays != "no-store" and not path.startswith(KEPT):
                found[f"{method} {path}: {answer.status_code}"] = stays
            if not path.startswith("/app"):
                assert answer.headers[OPENER] == "same-origin", path
    return found


async def test_no_cache_keeps_what_is_personal(
    site: Any, app_of: Any, dashboard: Any, web: Any, olga: Any
) -> None:
    """Refusals, redirects and what sets a session too."""
    assert await keepable(site, await app_of(olga), dashboard, web) == {}


async def test_it_would_be_kept_otherwise(
    site: Any, app_of: Any, dashboard: Any, web: Any, olga: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: not every handler says it by itself."""
    for name in ("_OF_APP", "_OF_REST"):
        rest = [one for one in getattr(headers, name) if one[0] != b"cache-control"]
        monkeypatch.setattr(headers, name, rest)
    assert len(await keepable(site, await app_of(olga), dashboard, web)) > 10


async def test_what_signs_a_browser_in_is_not_kept(browser: Any, olga: Any) -> None:
    made = browser()
    await confirm_sign_in(await made.ask_to_sign_in(), olga)
    signed_in = await made.get("/dashboard/sign-in")
    assert signed_in.status_code == 303 and "emerald-session" in signed_in.headers["set-cookie"]
    assert signed_in.headers["cache-control"] == "no-store"
