"""Opening the Mini App: its URL, the launch data, and its two signatures."""

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from aiogram.utils import web_app_signature
from aiogram.utils.web_app import check_webapp_signature, safe_parse_webapp_init_data

from sandbox.client import Refused, Sandbox, SandboxChat, SandboxPerson
from sandbox.launch import SIGNING_KEY
from tests.sandbox.conftest import APP_PORT, TOKEN


def fields(launch: dict[str, Any]) -> dict[str, str]:
    return dict(parse_qsl(launch["init_data"], strict_parsing=True, keep_blank_values=True))


def test_the_data_is_signed_by_the_bot_s_token(alice: SandboxPerson, yoga: SandboxChat) -> None:
    """X1, checked by aiogram's own function."""
    raw = alice.launch(yoga, startapp="e_1")["init_data"]
    assert check_webapp_signature(TOKEN, raw)
    assert not check_webapp_signature("42:OTHER", raw)
    assert not check_webapp_signature(TOKEN, raw.replace("e_1", "e_2"))
    data = safe_parse_webapp_init_data(TOKEN, raw)
    assert data.user is not None
    assert (data.user.id, data.user.first_name) == (alice.id, "Alice")
    assert (data.start_param, data.chat_type) == ("e_1", "supergroup")


def test_others_can_check_the_data_by_the_public_key(alice: SandboxPerson, yoga: SandboxChat) -> None:
    """The `signature` field, checked by aiogram's own function: it needs the bot's id, not its token."""
    raw = alice.launch(yoga, startapp="e_1")["init_data"]
    key = SIGNING_KEY.public_key().public_bytes_raw()
    assert web_app_signature.check_webapp_signature(42, raw, key)
    assert not web_app_signature.check_webapp_signature(43, raw, key)
    assert not web_app_signature.check_webapp_signature(42, raw.replace("e_1", "e_2"), key)
    assert not web_app_signature.check_webapp_signature(42, raw)  # by Telegram's own key


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("direct", {"user", "chat_instance", "chat_type", "start_param"}),
        ("main", {"user", "chat_instance", "chat_type", "start_param"}),
        ("button", {"query_id", "user"}),
        ("menu", {"query_id", "user"}),
        ("profile", {"user"}),
    ],
)
def test_each_launch_path_gives_its_own_fields(
    alice: SandboxPerson, yoga: SandboxChat, path: str, expected: set[str]
) -> None:
    given = fields(alice.launch(yoga, path=path, startapp="e_1"))
    assert set(given) == expected | {"auth_date", "signature", "hash"}


def test_a_direct_link_gives_the_chat_s_instance_but_never_its_id(
    alice: SandboxPerson, bob: SandboxPerson, yoga: SandboxChat, runners: SandboxChat
) -> None:
    first, second = fields(alice.launch(yoga)), fields(bob.launch(yoga))
    assert first["chat_instance"] == second["chat_instance"] == yoga.now["instance"]
    assert first["chat_instance"] != fields(alice.launch(runners))["chat_instance"]
    assert str(yoga.id) not in json.dumps(first)


def test_the_user_is_as_a_client_writes_it(sandbox: Sandbox) -> None:
    raw = fields(sandbox.person("Väinö").launch())["user"]
    assert r"https:\/\/t.me\/i\/userpic" in raw
    user = json.loads(raw)
    assert (user["first_name"], user["language_code"]) == ("Väinö", "fi")
    assert "allows_write_to_pm" not in user
    somebody = sandbox.person("Väinö")
    somebody.start()
    assert json.loads(fields(somebody.launch())["user"])["allows_write_to_pm"] is True


def test_the_address_carries_data_theme_platform_and_version(alice: SandboxPerson, yoga: SandboxChat) -> None:
    launch = alice.launch(yoga, startapp="e_1", theme="dark", platform="android", version="8.0")
    parts = urlsplit(launch["url"])
    assert parts.netloc == f"127.0.0.1:{APP_PORT}"
    assert (parts.path, parts.query) == ("/app/", "tgWebAppStartParam=e_1")
    params = dict(parse_qsl(parts.fragment, strict_parsing=True))
    assert params["tgWebAppData"] == launch["init_data"]
    assert (params["tgWebAppPlatform"], params["tgWebAppVersion"]) == ("android", "8.0")
    assert json.loads(params["tgWebAppThemeParams"])["bg_color"] == "#212121"


def test_can_create_stale_and_forged_launch_data(alice: SandboxPerson, sandbox: Sandbox) -> None:
    now = int(sandbox.get("clock")["now"])
    stale = fields(alice.launch(age=90_000))
    assert now - 90_001 <= int(stale["auth_date"]) <= now - 89_999
    forged = alice.launch(token="43:OTHER")["init_data"]
    assert not check_webapp_signature(TOKEN, forged)


@pytest.mark.parametrize("link", ["t.me/emerald_bot?startapp", "https://t.me/Emerald_Bot/app"])
def test_opens_the_app_from_its_links(alice: SandboxPerson, yoga: SandboxChat, link: str) -> None:
    assert alice.open(link, yoga)["kind"] == "app"


@pytest.mark.parametrize(
    "link", ["https://t.me/other_bot/app", "https://map.fi/", "https://evil.t.me/emerald_bot"]
)
def test_returns_other_links_unopened(alice: SandboxPerson, link: str) -> None:
    assert alice.open(link) == {"kind": "link", "url": link}


def test_refuses_launches_no_client_would_make(
    alice: SandboxPerson, charlie: SandboxPerson, yoga: SandboxChat
) -> None:
    for start in ("x" * 65, "a b", "a.b"):
        with pytest.raises(Refused, match="at most 64"):
            alice.launch(yoga, startapp=start)
    with pytest.raises(Refused, match="Charlie is not in"):
        charlie.launch(yoga)
    with pytest.raises(Refused, match="Themes are"):
        alice.launch(theme="pink")
