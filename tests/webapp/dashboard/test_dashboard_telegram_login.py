"""Log In With Telegram (`X3`): whom Telegram names is signed in, once, in the browser that asked; nobody else."""

import base64
import hashlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from backend import clock, db
from backend.people.browser_sessions import end_sessions
from backend.settings import settings
from tests.webapp.dashboard.conftest import Browser
from webapp.dashboard.openid import set_openid_provider
from webapp.dashboard.openid_provider import OpenIdProvider

START = "/dashboard/sign-in/telegram"
RSA = RSAKey.generate_key(2048, {"kid": "oidc-1", "use": "sig", "alg": "RS256"})
OTHER_RSA = RSAKey.generate_key(2048, {"kid": "oidc-1"})
EC = ECKey.generate_key("P-256", {"kid": "oidc-2", "use": "sig", "alg": "ES256"})


@dataclass
class Provider:
    """Telegram's half, which answers as it is told to."""

    claims: dict[str, Any] = field(default_factory=dict)  # that differ from good ones; None leaves one out
    key: Any = field(default_factory=lambda: RSA)
    header: dict[str, Any] = field(default_factory=lambda: {"alg": "RS256", "kid": "oidc-1"})
    published: list[Any] = field(default_factory=lambda: [RSA])
    status: int = 200
    body: Any = None
    broken: Exception | None = None
    asked: dict[str, dict[str, str]] = field(default_factory=dict)  # by code
    calls: list[str] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.calls.append(request.url.path)
        if self.broken:
            raise self.broken
        if request.url.path == "/.well-known/jwks.json":
            return httpx.Response(200, json={"keys": [key.as_dict(private=False) for key in self.published]})
        form = dict(parse_qsl(request.content.decode()))
        wanted = self.asked.pop(form.get("code", ""), None)
        secret = f"{settings.telegram_login_client_id}:{settings.telegram_login_client_secret}"
        assert request.headers["authorization"] == f"Basic {base64.b64encode(secret.encode()).decode()}"
        if self.status != 200 or self.body is not None:
            return httpx.Response(self.status, content=self.body or b"{}")
        digest = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest())
        challenge = digest.decode().rstrip("=")
        if (
            wanted is None
            or wanted["code_challenge"] != challenge
            or form["redirect_uri"] != wanted["redirect_uri"]
        ):
            return httpx.Response(400, json={"error": "invalid_grant"})
        return httpx.Response(200, json={"id_token": self.token(wanted)})

    def token(self, wanted: dict[str, str]) -> str:
        now = int(clock.now().timestamp())
        claims = {
            "iss": settings.telegram_login_issuer,
            "aud": settings.telegram_login_client_id,
            "sub": "opaque",
            "id": 1001,
            "name": "Olga Lehtonen",
            "iat": now,
            "exp": now + 3600,
            "nonce": wanted["nonce"],
        } | self.claims
        kept = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(self.header, kept, self.key, algorithms=[self.header["alg"]])

    async def consent(self, browser: Browser, address: str = START) -> str:
        """Begin in this browser and say yes; the address it is sent back to."""
        sent = await browser.client.get(address)
        assert sent.status_code == 303, sent.text
        parts = urlsplit(sent.headers["location"])
        assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{settings.telegram_login_issuer}/auth"
        query = dict(parse_qsl(parts.query))
        assert query["redirect_uri"] == settings.telegram_login_redirect
        code = f"code {len(self.asked)}"
        self.asked[code] = query
        back = urlsplit(query["redirect_uri"])
        return f"{back.path}?{urlencode({'code': code, 'state': query['state']})}"


@pytest.fixture
async def telegram_login(noon: Any, olga: Any) -> AsyncIterator[Provider]:
    """The provider in front of which the dashboard stands; it names Olga."""
    made = Provider(claims={"id": olga.telegram_id})
    async with OpenIdProvider(httpx.MockTransport(made)) as provider:
        set_openid_provider(provider)
        yield made
    set_openid_provider(None)


async def sessions() -> int:
    return int(await db.value("SELECT count(*) FROM web_sessions"))


async def test_whom_telegram_names_is_signed_in(telegram_login: Provider, browser: Any, account: Any) -> None:
    mine = browser()
    shown = await mine.get("/dashboard/sign-in?next=/dashboard/members")
    link = re.search(r'href="(/dashboard/sign-in/telegram\?[^"]+)"', shown.text)
    assert link and "Log in with Telegram" in mine.text(shown)
    back = await mine.client.get(await telegram_login.consent(mine, link[1]))
    assert (back.status_code, back.headers["location"]) == (303, "/dashboard/members")
    assert "Kallio Yoga" in mine.text(await mine.get("/dashboard"))
    assert await db.value("SELECT browser FROM web_sessions") == "Firefox on Linux"
    assert await db.value(
        "SELECT first_name FROM telegram_users WHERE telegram_id = $1", telegram_login.claims["id"]
    )


async def test_a_person_we_do_not_know_is_met_by_their_name(telegram_login: Provider, browser: Any) -> None:
    telegram_login.claims = {"id": 777, "name": "Nora @spam\u202e Berg", "preferred_username": "nora"}
    mine = browser()
    await mine.client.get(await telegram_login.consent(mine))
    row = await db.row("SELECT first_name, last_name, username FROM telegram_users WHERE telegram_id = 777")
    assert row and tuple(row.values()) == ("Nora @spam Berg", "", "nora")
    assert "You don’t organise a club here yet" in mine.text(await mine.get("/dashboard"))


async def test_a_known_person_keeps_first_and_last_name(
    telegram_login: Provider, browser: Any, olga: Any
) -> None:
    """The token has them in one."""
    before = await db.row("SELECT first_name, last_name FROM telegram_users WHERE id = $1", olga.id)
    telegram_login.claims["name"] = "Olga Anneli Lehtonen"
    mine = browser()
    assert (await mine.client.get(await telegram_login.consent(mine))).status_code == 303
    assert await db.row("SELECT first_name, last_name FROM telegram_users WHERE id = $1", olga.id) == before


NOW = 1_000_000  # stands for the present in the table below
FORGED: dict[str, dict[str, Any]] = {
    "another issuer": {"claims": {"iss": "https://oauth.telegram.org.evil.example"}},
    "no issuer": {"claims": {"iss": None}},
    "another audience": {"claims": {"aud": "43"}},
    "several audiences": {"claims": {"aud": [settings.telegram_login_client_id, "43"]}},
    "no audience": {"claims": {"aud": None}},
    "expired": {"claims": {"exp": NOW - 120}},
    "no end": {"claims": {"exp": None}},
    "from the future": {"claims": {"iat": NOW + 600}},
    "issued an hour ago": {"claims": {"iat": NOW - 3600}},
    "another nonce": {"claims": {"nonce": "of another sign-in"}},
    "no nonce": {"claims": {"nonce": None}},
    "no person": {"claims": {"id": None}},
    "a person by sub only": {"claims": {"id": None, "sub": "1001"}},
    "a negative person": {"claims": {"id": -1001}},
    "a person that is true": {"claims": {"id": True}},
    "a person that is no number": {"claims": {"id": "1001 OR 1"}},
    "a person with a fraction": {"claims": {"id": 1001.5}},
    "another key under the known name": {"key": OTHER_RSA},
    "an unknown key": {"key": OTHER_RSA, "header": {"alg": "RS256", "kid": "of nobody"}},
    "a shared secret": {"key": OctKey.import_key("x" * 64), "header": {"alg": "HS256", "kid": "oidc-1"}},
    "what is public as a shared secret": {
        "key": OctKey.import_key(str(RSA.as_dict(private=False)["n"])),
        "header": {"alg": "HS256", "kid": "oidc-1"},
    },
    "an algorithm that is not allowed": {"header": {"alg": "RS384", "kid": "oidc-1"}},
    "no signature": {"body": b'{"id_token": "eyJhbGciOiJub25lIn0.e30."}'},  # pragma: allowlist secret
    "no token": {"body": b'{"access_token": "x"}'},
    "a token that is no text": {"body": b'{"id_token": 7}'},
    "no JSON": {"body": b"<html>"},
    "a refused code": {"status": 400, "body": b'{"error": "invalid_grant"}'},
}


@pytest.mark.parametrize("case", FORGED)
async def test_what_is_not_telegrams_word_signs_nobody_in(
    telegram_login: Provider, browser: Any, case: str
) -> None:
    change = dict(FORGED[case])
    now = int(clock.now().timestamp())
    claims = {
        name: value - NOW + now if name in ("exp", "iat") and value is not None else value
        for name, value in change.pop("claims", {}).items()
    }
    telegram_login.claims |= claims
    for name, value in change.items():
        setattr(telegram_login, name, value)
    mine = browser()
    refused = await mine.client.get(await telegram_login.consent(mine))
    assert refused.status_code == 422
    assert "couldn’t be verified, so nobody was signed in" in mine.text(refused)
    assert await sessions() == 0 and (await mine.client.get("/dashboard")).status_code == 303


async def test_unchecked_claims_would_sign_somebody_in(
    telegram_login: Provider, browser: Any, switch_off: Any
) -> None:
    """The control of the table before."""
    switch_off("telegram-logins.unchecked-claims")
    telegram_login.claims |= {"aud": "43", "nonce": "of another sign-in"}
    mine = browser()
    assert (await mine.client.get(await telegram_login.consent(mine))).status_code == 303
    assert await sessions() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"broken": httpx.ConnectTimeout("slow")},
        {"broken": httpx.ConnectError("away")},
        {"status": 502, "body": b"bad gateway"},
        {"status": 429, "body": b"{}"},
    ],
)
async def test_while_telegram_is_away_one_reads_so(
    telegram_login: Provider, browser: Any, change: dict[str, Any]
) -> None:
    mine = browser()
    back = await telegram_login.consent(mine, f"{START}?next=/dashboard/polls")
    for name, value in change.items():
        setattr(telegram_login, name, value)
    shown = await mine.client.get(back)
    assert shown.status_code == 503 and "Telegram didn’t answer" in mine.text(shown)
    assert 'href="/dashboard/sign-in?next=/dashboard/polls"' in shown.text, "there is the bot, too"
    assert await sessions() == 0


async def test_keys_are_kept_and_fetched_again_when_telegram_changes_them(
    telegram_login: Provider, browser: Any
) -> None:
    for _ in range(2):
        mine = browser()
        assert (await mine.client.get(await telegram_login.consent(mine))).status_code == 303
    assert telegram_login.calls.count("/.well-known/jwks.json") == 1
    telegram_login.key, telegram_login.published = EC, [RSA, EC]
    telegram_login.header = {"alg": "ES256", "kid": "oidc-2"}
    mine = browser()
    assert (await mine.client.get(await telegram_login.consent(mine))).status_code == 303
    assert telegram_login.calls.count("/.well-known/jwks.json") == 2


async def test_an_answer_is_good_once(telegram_login: Provider, browser: Any) -> None:
    """A replayed address asks Telegram nothing more, and neither does a copy of the cookie."""
    mine, thief = browser(), browser()
    back = await telegram_login.consent(mine)
    thief.client.cookies.update(mine.client.cookies)
    assert (await mine.client.get(back)).status_code == 303
    calls = len(telegram_login.calls)
    for again in (mine, thief):
        refused = await again.client.get(back)
        assert refused.status_code == 422 and "used up or too old" in again.text(refused)
    assert len(telegram_login.calls) == calls and await sessions() == 1


async def test_a_failed_answer_is_used_up_too(telegram_login: Provider, browser: Any) -> None:
    mine = browser()
    back = await telegram_login.consent(mine)
    telegram_login.broken = httpx.ConnectError("away")
    kept = dict(mine.client.cookies)
    assert (await mine.client.get(back)).status_code == 503
    telegram_login.broken = None
    mine.client.cookies.update(kept)
    assert (await mine.client.get(back)).status_code == 422


@pytest.mark.parametrize("way", ["no cookie", "another browser's", "another state", "no state", "two states"])
async def test_the_answer_counts_in_the_browser_that_asked(
    telegram_login: Provider, browser: Any, way: str
) -> None:
    """Nobody is signed in as somebody else by a link they were sent (login CSRF)."""
    mine, other = browser(), browser()
    back = await telegram_login.consent(mine)
    state = parse_qs(urlsplit(back).query)["state"][0]
    asks = mine
    if way == "no cookie":
        asks = other
    elif way == "another browser's":
        await telegram_login.consent(other)
        asks = other
    else:
        back = back.replace(
            f"state={state}",
            {"another state": "state=x", "no state": "", "two states": f"state={state}&state=x"}[way],
        )
    calls = len(telegram_login.calls)
    assert (await asks.client.get(back)).status_code == 422
    assert len(telegram_login.calls) == calls and await sessions() == 0


async def test_another_browser_would_get_as_far_as_telegram(
    telegram_login: Provider, browser: Any, switch_off: Any
) -> None:
    """The control of the test before: behind the cookie PKCE refuses, too."""
    switch_off("telegram-logins.any-browser")
    mine, other = browser(), browser()
    back = await telegram_login.consent(mine)
    await telegram_login.consent(other)
    assert (await other.client.get(back)).status_code == 422
    assert telegram_login.calls == ["/token"] and await sessions() == 0


async def test_an_answer_that_comes_too_late_is_refused(telegram_login: Provider, browser: Any) -> None:
    mine = browser()
    back = await telegram_login.consent(mine)
    clock.advance(timedelta(minutes=5))
    assert (await mine.client.get(back)).status_code == 422
    assert await sessions() == 0


async def test_a_no_at_telegram_is_a_no(telegram_login: Provider, browser: Any) -> None:
    mine = browser()
    state = parse_qs(urlsplit(await telegram_login.consent(mine)).query)["state"][0]
    shown = await mine.client.get(f"{START}/return?error=access_denied&state={state}")
    assert shown.status_code == 422 and "You declined in Telegram" in mine.text(shown)


async def test_signing_out_everywhere_ends_what_was_begun(
    telegram_login: Provider, browser: Any, olga: Any
) -> None:
    mine = browser()
    back = await telegram_login.consent(mine)
    clock.advance(timedelta(seconds=1))
    await end_sessions(olga)
    assert (await mine.client.get(back)).status_code == 422


@pytest.mark.parametrize(
    "asked", ["https://evil.example/dashboard", "//evil.example", "/dashboard//evil.example", "/app/"]
)
async def test_it_returns_to_our_own_pages_only(telegram_login: Provider, browser: Any, asked: str) -> None:
    mine = browser()
    back = await telegram_login.consent(mine, f"{START}?{urlencode({'next': asked})}")
    assert (await mine.client.get(back)).headers["location"] == "/dashboard"


async def test_sign_ins_are_counted_together_with_those_by_the_bot(
    telegram_login: Provider, browser: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """X7."""
    monkeypatch.setattr("backend.people.sign_ins.OPEN_SIGN_INS_MAX", 2)
    await browser().client.get("/dashboard/sign-in")
    assert (await browser().client.get(START)).status_code == 303
    assert (await browser().client.get(START)).status_code == 429


async def test_the_bot_cannot_answer_it(telegram_login: Provider, browser: Any) -> None:
    from backend.errors import NotFound
    from backend.people.sign_ins import pending_sign_in

    back = await telegram_login.consent(browser())
    with pytest.raises(NotFound):
        await pending_sign_in(parse_qs(urlsplit(back).query)["state"][0])


async def test_it_confirms_that_it_is_you(telegram_login: Provider, dashboard: Browser) -> None:
    """What asks Telegram again is content with either way (`X3`)."""
    await dashboard.get("/dashboard/keys")
    clock.advance(timedelta(minutes=6))
    asked = await dashboard.post("/dashboard/keys", follow=False, label="Door", role="HELPER")
    page = await dashboard.get(asked.headers["location"])
    link = re.search(r'href="(/dashboard/sign-in/telegram\?[^"]+)"', page.text)
    assert link
    back = await dashboard.client.get(await telegram_login.consent(dashboard, link[1].replace("&amp;", "&")))
    form = await dashboard.get(back.headers["location"])
    assert form.url.path == "/dashboard/keys" and 'value="Door"' in form.text
    assert (await dashboard.post("/dashboard/keys", label="Door", role="HELPER", uses="1")).status_code == 201


async def test_without_a_secret_there_is_the_bot_alone(browser: Any, account: Any, site: Any) -> None:
    client_secret = settings.telegram_login_client_secret
    object.__setattr__(settings, "telegram_login_client_secret", "")
    try:
        mine = browser()
        assert "Log in with Telegram" not in mine.text(await mine.get("/dashboard/sign-in"))
        assert (await mine.client.get(START)).status_code == 404
    finally:
        object.__setattr__(settings, "telegram_login_client_secret", client_secret)
