"""Log In With Telegram in the sandbox: it refuses whatever Telegram would."""

import base64
import hashlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from sandbox.client import Sandbox
from sandbox.config import Config
from sandbox.serve import serving

SECRET, RETURN = "client-secret", "http://127.0.0.1:1/back"
VERIFIER = "v" * 43
ASKED = {
    "response_type": "code",
    "client_id": "42",
    "redirect_uri": RETURN,
    "scope": "openid profile",
    "state": "a state",
    "nonce": "a nonce",
    "code_challenge": base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest())
    .decode()
    .rstrip("="),
    "code_challenge_method": "S256",
}


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    app = "http://127.0.0.1:1"
    with serving(Config(app, "42:SANDBOX", port=0, login_secret=SECRET, login_redirect=RETURN)) as url:
        yield url


def choose(provider: str, person: str = "1001", **changes: str) -> httpx.Response:
    return httpx.post(f"{provider}/auth", data={**ASKED, **changes, "person": person})


def code_of(provider: str) -> str:
    sent = choose(provider)
    assert sent.status_code == 303 and sent.headers["location"].startswith(f"{RETURN}?")
    query = parse_qs(urlsplit(sent.headers["location"]).query)
    assert query["state"] == ["a state"]
    return query["code"][0]


def redeem(provider: str, code: str, *, secret: str = SECRET, **changes: str) -> httpx.Response:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": RETURN,
        "code_verifier": VERIFIER,
        **changes,
    }
    return httpx.post(f"{provider}/token", data=form, auth=("42", secret))


def test_the_description_names_what_there_is(provider: str) -> None:
    about = httpx.get(f"{provider}/.well-known/openid-configuration").json()
    assert about["issuer"] == provider
    assert about["authorization_endpoint"] == f"{provider}/auth"
    assert about["token_endpoint"] == f"{provider}/token"
    assert httpx.get(about["jwks_uri"]).json()["keys"][0]["kid"] == "oidc-1"


def test_a_person_is_named_by_a_signed_token(provider: str) -> None:
    page = httpx.get(f"{provider}/auth", params=ASKED)
    assert page.status_code == 200 and "Olga" in page.text
    token = redeem(provider, code_of(provider)).json()["id_token"]
    keys = httpx.get(f"{provider}/.well-known/jwks.json").json()
    assert "d" not in keys["keys"][0], "the private key stays here"
    claims: dict[str, Any] = jwt.decode(token, KeySet.import_key_set(keys), algorithms=["RS256"]).claims
    assert (claims["id"], claims["name"], claims["preferred_username"]) == (
        1001,
        "Olga Lehtonen",
        "olga_sandbox",
    )
    assert (claims["iss"], claims["aud"], claims["nonce"]) == (provider, "42", "a nonce")
    assert claims["sub"] != "1001" and claims["exp"] - claims["iat"] == 3600


def test_declining_leads_back_without_a_code(provider: str) -> None:
    query = dict(parse_qsl(urlsplit(choose(provider, "").headers["location"]).query))
    assert query == {"error": "access_denied", "state": "a state"}


@pytest.mark.parametrize(
    "change",
    [
        {"client_id": "43"},
        {"redirect_uri": RETURN + "/"},
        {"redirect_uri": "https://evil.example/"},
        {"response_type": "token"},
        {"scope": "profile"},
        {"state": ""},
        {"code_challenge": ""},
        {"code_challenge_method": "plain"},
    ],
)
def test_a_wrong_request_is_sent_nowhere(provider: str, change: dict[str, str]) -> None:
    shown = httpx.get(f"{provider}/auth", params={**ASKED, **change})
    assert shown.status_code == 400 and "Telegram can’t log you in" in shown.text
    assert choose(provider, **change).status_code == 400


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"secret": "another"}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"redirect_uri": RETURN + "/"}, "invalid_grant"),
        ({"code_verifier": "w" * 43}, "invalid_grant"),
        ({"code_verifier": ""}, "invalid_grant"),
        ({"code": "another"}, "invalid_grant"),
    ],
)
def test_a_code_is_exchanged_for_the_right_request_only(
    provider: str, change: dict[str, str], error: str
) -> None:
    code = code_of(provider)
    refused = redeem(provider, **{"code": code, **change})
    assert refused.status_code == (401 if error == "invalid_client" else 400)
    assert refused.json()["error"] == error


def test_a_code_is_good_once(provider: str) -> None:
    code = code_of(provider)
    assert redeem(provider, code, code_verifier="w" * 43).status_code == 400
    assert redeem(provider, code).json()["error"] == "invalid_grant", "used by the wrong attempt"
    code = code_of(provider)
    assert redeem(provider, code).status_code == 200
    assert redeem(provider, code).json()["error"] == "invalid_grant"


def test_a_code_is_good_for_a_minute(provider: str) -> None:
    code = code_of(provider)
    Sandbox(provider).post("clock", {"advance": 61})
    assert redeem(provider, code).json()["error"] == "invalid_grant"


def test_it_is_away_where_it_is_not_set_up(sandbox_url: str) -> None:
    assert httpx.get(f"{sandbox_url}/auth", params=ASKED).status_code == 404
    assert redeem(sandbox_url, "x").status_code == 401
