"""Opens the Mini App: the address a client would load, with launch data signed for one person."""

import base64
import hashlib
import hmac
import json
import secrets
from typing import Literal
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sandbox import bot_api_types
from sandbox.errors import ControlError
from sandbox.telegram import Telegram
from sandbox.themes import THEMES
from sandbox.user_actions import require_inside
from sandbox.world import Json, Person

# The sandbox's own signing key, public on purpose; Telegram's production key signs nothing here.
SIGNING_KEY = Ed25519PrivateKey.from_private_bytes(bytes.fromhex("5a" * 32))

LaunchPath = Literal["button", "menu", "direct", "main", "profile"]


class LaunchRequest(msgspec.Struct, forbid_unknown_fields=True):
    """How somebody opens the Mini App.

    `path` is the way: a web_app button or the menu button (query_id, private chat), a direct link
    (chat_type, chat_instance, start_param), the bot's main app, or its profile (user only).
    """

    path: LaunchPath = "direct"
    url: str | None = None
    chat_id: int | None = None
    startapp: str | None = None
    theme: str = "light"
    platform: str = "weba"
    version: str = "9.1"
    # For tests of what must be refused: how long ago the data was signed, and by which token.
    age: int = 0
    token: str | None = None


def make_init_data(telegram: Telegram, person: Person, launch: LaunchRequest) -> str:
    """The raw `initData`: fields as a client gives them for that path, HMAC and Ed25519 signed."""
    fields: dict[str, str] = {}
    if launch.path in {"button", "menu"}:
        fields["query_id"] = "AA" + secrets.token_urlsafe(15)
    fields["user"] = _client_json(_launch_user(telegram, person))
    if launch.path in {"direct", "main"}:
        if launch.chat_id is None or launch.path == "main":
            # The bot's main app opens from the bot itself; the group it was tapped in is lost.
            fields["chat_instance"] = telegram.private(person.id).instance
            fields["chat_type"] = "private" if launch.chat_id == person.id else "sender"
        else:
            room = require_inside(telegram, person, launch.chat_id)
            fields["chat_instance"] = room.instance
            fields["chat_type"] = room.type
        if launch.startapp:
            fields["start_param"] = launch.startapp
    fields["auth_date"] = str(int(telegram.clock.now()) - launch.age)
    return sign_fields(fields, launch.token or telegram.config.token)


def sign_fields(fields: dict[str, str], token: str) -> str:
    """`fields` as a query string with `signature` (base64url, no padding), then `hash` (hex).

    The signature is part of what the hash covers, as it is at Telegram.
    """
    bot_id = token.partition(":")[0]
    third_party = f"{bot_id}:WebAppData\n{_data_check_string(fields)}"
    signed = SIGNING_KEY.sign(third_party.encode())
    fields = fields | {"signature": base64.urlsafe_b64encode(signed).rstrip(b"=").decode()}
    secret = hmac.digest(b"WebAppData", token.encode(), "sha256")
    digest = hmac.new(secret, _data_check_string(fields).encode(), hashlib.sha256).hexdigest()
    return "&".join(f"{key}={_quote(value)}" for key, value in (fields | {"hash": digest}).items())


def open_app(telegram: Telegram, person: Person, launch: LaunchRequest) -> Json:
    """Where the frame goes: the whole URL, its parts, and the raw launch data.

    Raises Impossible for a theme or a start_param no client would give.
    """
    if launch.theme not in THEMES:
        raise ControlError(f"Themes are {', '.join(THEMES)}.", 400)
    start = launch.startapp or ""
    if start and (len(start) > 64 or not start.replace("-", "").replace("_", "").isalnum()):
        raise ControlError("A startapp value has at most 64 letters, digits, _ or -", 400)
    raw = make_init_data(telegram, person, launch)
    person.met_bot = True
    telegram.touch()
    base = launch.url or telegram.config.mini_app_url
    if start:
        parts = urlsplit(base)
        query = [*parse_qsl(parts.query, keep_blank_values=True), ("tgWebAppStartParam", start)]
        base = urlunsplit(parts._replace(query=urlencode(query)))
    theme = THEMES[launch.theme]
    fragment = "&".join(
        f"{key}={_quote(value)}"
        for key, value in (
            ("tgWebAppData", raw),
            ("tgWebAppVersion", launch.version),
            ("tgWebAppPlatform", launch.platform),
            ("tgWebAppThemeParams", json.dumps(theme, separators=(",", ":"))),
        )
    )
    return {
        "url": f"{base}#{fragment}",
        "base": base,
        "init_data": raw,
        "theme": theme,
        "platform": launch.platform,
        "version": launch.version,
    }


def _launch_user(telegram: Telegram, person: Person) -> Json:
    data = bot_api_types.to_user(person) | {"last_name": person.last_name}
    del data["is_bot"]
    if person.may_be_written_to and not person.blocks_bot:
        data["allows_write_to_pm"] = True
    data["photo_url"] = f"https://t.me/i/userpic/320/sandbox{person.id}.svg"
    return data


def _data_check_string(fields: dict[str, str]) -> str:
    return "\n".join(f"{key}={fields[key]}" for key in sorted(fields))


def _client_json(value: Json) -> str:
    # Telegram escapes slashes; whoever re-serialises before hashing gets another text.
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("/", "\\/")


def _quote(value: str) -> str:
    return quote(value, safe="!'()*-._~")
