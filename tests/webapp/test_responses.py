"""What both sites share: assets, headers, and the responses for refusals and errors."""

import gzip
import hashlib
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

APP_CSS = Path("webapp/static/app.css").read_bytes()
VENDOR = Path("webapp/static/vendor")
POLICY = "content-security-policy"


def test_vendored_files_are_unchanged() -> None:
    """Each vendored file has its row in VENDOR.md, with its checksum."""
    response = dict(
        re.findall(r"^\| `([^`]+)` .*`([0-9a-f]{64})` \|$", (VENDOR / "VENDOR.md").read_text(), re.M)
    )
    there = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.iterdir()
        if path.suffix == ".js"
    }
    assert there == response


async def test_an_asset_is_immutable_under_its_hash(web: httpx.AsyncClient) -> None:
    from webapp.assets import static_url

    answer = await web.get(static_url("app.css"), headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.content == APP_CSS
    plain = await web.get(static_url("app.css"), headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert gzip.compress(plain.content, mtime=0) != plain.content


async def test_an_old_url_gets_the_present_asset_uncached(web: httpx.AsyncClient) -> None:
    answer = await web.get("/static/0123456789ab/app.css")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")


@pytest.mark.parametrize(
    "path",
    [
        "/static/x/nothing.css",
        "/static/x/vendor/VENDOR.md",
        "/static/x/..%2f..%2fsettings.py",
        "/static/x/%2e%2e/routes.py",
    ],
)
async def test_other_files_are_not_served(web: httpx.AsyncClient, path: str) -> None:
    assert (await web.get(path)).status_code == 404


async def test_only_the_mini_app_may_be_framed(
    web: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`X1`, `X3`: by Telegram's web client; scripts and styles come only from here."""
    from backend.settings import settings
    from webapp import headers

    monkeypatch.setattr(
        headers, "_OF_APP", headers.raw_headers(headers.security_headers(settings, framed=True))
    )
    app = (await web.get("/app/", headers={"Accept": "text/html"})).headers
    rest = (await web.get("/nothing")).headers
    assert "frame-ancestors https://web.telegram.org" in app[POLICY]
    assert "x-frame-options" not in app
    assert "frame-ancestors 'none'" in rest[POLICY]
    assert rest["x-frame-options"] == "DENY"
    for sent in (app, rest):
        assert "default-src 'none'; script-src 'self'; style-src 'self'" in sent[POLICY]
        assert "unsafe" not in sent[POLICY]
        assert sent["x-content-type-options"] == "nosniff"
        assert sent["referrer-policy"] == "same-origin"
        assert "camera=()" in sent["permissions-policy"]


def test_production_sends_hsts() -> None:
    from dataclasses import replace

    from backend.settings import settings
    from webapp.headers import security_headers

    live = replace(settings, env="production")
    assert "Strict-Transport-Security" in security_headers(live, framed=False)
    assert "Strict-Transport-Security" not in security_headers(settings, framed=False)


def test_the_configured_telegram_script_is_allowed() -> None:
    from dataclasses import replace

    from backend.settings import settings
    from webapp.headers import content_security_policy

    address = "https://telegram.org/js/telegram-web-app.js?64"
    policy = content_security_policy(replace(settings, telegram_script_url=address), framed=True)
    assert "script-src 'self' https://telegram.org;" in policy


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nothing", 404), ("GET", "/app/nothing", 404), ("PUT", "/app/session", 405)],
)
async def test_a_plain_page_explains_the_error(
    web: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await web.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "<h1>" in answer.text
    assert POLICY in answer.headers


async def test_no_traceback_leaves_the_server(
    web: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`X5`: an error is logged, and its response has no details."""
    from webapp.miniapp import authentication

    def fail(*args: Any, **kwargs: Any) -> None:
        raise ZeroDivisionError("the secret of the house")

    monkeypatch.setattr(authentication, "read_init_data", fail)
    answer = await web.post("/app/session", headers={"Authorization": "tma x=y"})
    assert answer.status_code == 500
    assert "Something broke on our side" in answer.text
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text


async def test_no_page_has_inline_scripts_or_styles(web: httpx.AsyncClient) -> None:
    """`X3`: neither script nor style nor event handler is in the markup."""
    page = (await web.get("/app/", headers={"Accept": "text/html"})).text
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", page)
    assert all(re.search(r'src="/static/', tag) for tag in re.findall(r"<script[^>]*>", page))


def test_no_template_has_inline_scripts_or_styles() -> None:
    for path in Path("webapp").rglob("*.html"):
        found = re.search(r"<style|\sstyle=|<script(?![^>]*src=)|\son[a-z]+=", path.read_text())
        assert found is None, f"{path}: {found}"
