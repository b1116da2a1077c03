"""A change needs the CSRF token of its session and must come from our own origin (`X3`)."""

import re
from typing import Any

import pytest

from tests.webapp.dashboard.conftest import Browser

ORIGIN = "https://emerald.example"


def changes(site: Any) -> list[str]:
    """Every route behind the sign-in that changes something, with made-up ids."""
    found = []
    for route in site.routes:
        if route.path == "/dashboard/sign-in/app":  # test_dashboard_app_sign_in
            continue
        if route.path.startswith("/dashboard") and set(route.methods) & {
            "POST",
            "PUT",
            "PATCH",
            "DELETE",
        }:
            path = route.path_format
            path = re.sub(r"\{\w+_id\}", "1", path)
            found.append(path.replace("{code}", "abcdefghjk"))
    return found


async def test_there_are_changes_to_guard(site: Any) -> None:
    assert len(changes(site)) >= 20


async def test_without_the_token_nothing_changes(dashboard: Any, site: Any) -> None:
    for path in changes(site):
        for sent in ({}, {"csrf": ""}, {"csrf": "0" * 64}, {"csrf": "ä"}):
            refused = await dashboard.client.post(path, data=sent, headers={"Origin": ORIGIN})
            assert refused.status_code == 403, path
            assert "Nothing has changed" in dashboard.text(refused), path


async def test_the_token_of_another_session_is_refused(dashboard: Any, sign_in: Any, olga: Any) -> None:
    other = await sign_in(olga)
    await other.get("/dashboard")
    await dashboard.get("/dashboard")
    assert other.csrf != dashboard.csrf
    refused = await dashboard.client.post(
        "/dashboard/settings/language",
        data={"csrf": other.csrf, "language": "fi"},
        headers={"Origin": ORIGIN},
    )
    assert refused.status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://emerald.example.evil.example"},
        {"Origin": ORIGIN, "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
    ],
)
async def test_another_site_cannot_send_even_a_good_token(dashboard: Any, headers: dict[str, str]) -> None:
    await dashboard.get("/dashboard")
    refused = await dashboard.client.post(
        "/dashboard/settings/language", data={"csrf": dashboard.csrf, "language": "fi"}, headers=headers
    )
    assert refused.status_code == 403


async def test_the_token_may_come_as_a_header(dashboard: Any) -> None:
    await dashboard.get("/dashboard")
    taken = await dashboard.client.post(
        "/dashboard/settings/language", data={"language": "fi"}, headers={"X-CSRF-Token": dashboard.csrf}
    )
    assert taken.status_code == 303


async def test_a_visitor_who_is_not_signed_in_is_redirected(browser: Any, account: Any, site: Any) -> None:
    for path in changes(site):
        sent = await browser().client.post(path, data={})
        assert (sent.status_code, sent.headers["location"]) == (303, "/dashboard/sign-in"), path
    asked = await browser().client.post("/dashboard/keys", headers={"HX-Request": "true"})
    assert asked.status_code == 401 and "no longer signed in" in Browser.text(asked)


async def test_no_page_can_be_framed_or_run_foreign_script(dashboard: Any, browser: Any) -> None:
    for answer in (await dashboard.get("/dashboard"), await browser().client.get("/dashboard/sign-in")):
        policy = answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy and "unsafe" not in policy
        assert " style=" not in answer.text and "<style" not in answer.text
        assert " onclick=" not in answer.text and "hx-on" not in answer.text
        assert answer.headers["cache-control"] == "no-store"
