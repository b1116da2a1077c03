"""Opens the Mini App: the URL a client would load, with launch data signed for one person."""

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
    """How a person opens the Mini App.

    `path` is one of: a web_app button or the menu button (gives query_id), a direct link (gives
    chat_type, chat_instance, start_param), the bot's main app, or the bot's profile (user only).
    """

    path: LaunchPath = "direct"
    url: str | None = None
    chat_id: int | None = None
    startapp: str | None = None
    theme: str = "light"
    platform: str = "weba"
    version: str = "9.1"
    # For tests of invalid data: the age of the signature in seconds, and the token that signs.
    age: int = 0
    token: str | None = None


def make_init_data(telegram: Telegram, person: Person, launch: LaunchRequest) -> str:
    """The raw `initData`: the fields a client gives for that path, signed by HMAC and Ed25519."""
    fields: dict[str, str] = {}
    if launch.path in {"button", "menu"}:
        fields["query_id"] = "AA" + secrets.token_urlsafe(15)
    fields["user"] = _client_json(_launch_user(telegram, person))
    if launch.path in {"direct", "main"}:
        if launch.chat_id is None or launch.path == "main":
            # The bot's main app opens from the bot itself: the data does not name the group of the tap.
            fields["chat_instance"] = telegram.private_chat(person.id).instance
            fields["chat_type"] = "private" if launch.chat_id == person.id else "sender"
        else:
            chat = require_inside(telegram, person, launch.chat_id)
            fields["chat_instance"] = chat.instance
            fields["chat_type"] = chat.type
        if launch.startapp:
            fields["start_param"] = launch.startapp
    fields["auth_date"] = str(int(telegram.clock.now()) - launch.age)
    return sign_fields(fields, launch.token or telegram.config.token)


def sign_fields(fields: dict[str, str], token: str) -> str:
    """`fields` as a query string with `signature` (base64url, no padding), then `hash` (hex).

    The hash covers the signature too, as at Telegram.
    """
    bot_id = token.partition(":")[0]
    third_party_string = f"{bot_id}:WebAppData\n{_data_check_string(fields)}"
    signature = SIGNING_KEY.sign(third_party_string.encode())
    fields = fields | {"signature": base64.urlsafe_b64encode(signature).rstrip(b"=").decode()}
    secret = hmac.digest(b"WebAppData", token.encode(), "sha256")
    digest = hmac.new(secret, _data_check_string(fields).encode(), hashlib.sha256).hexdigest()
    return "&".join(f"{key}={_quote(value)}" for key, value in (fields | {"hash": digest}).items())


def open_app(telegram: Telegram, person: Person, launch: LaunchRequest) -> Json:
    """What the page needs to load the app in its frame: the whole URL, its parts, the raw launch data.

    Raises ControlError (400) for a theme or a start_param that no client would give.
    """
    if launch.theme not in THEMES:
        raise ControlError(f"Themes are {', '.join(THEMES)}.", 400)
    start_param = launch.startapp or ""
    if start_param and (len(start_param) > 64 or not start_param.replace("-", "").replace("_", "").isalnum()):
        raise ControlError("A startapp value has at most 64 letters, digits, _ or -", 400)
    init_data = make_init_data(telegram, person, launch)
    person.met_bot = True
    telegram.mark_changed()
    base = launch.url or telegram.config.mini_app_url
    if start_param:
        parts = urlsplit(base)
        query = [*parse_qsl(parts.query, keep_blank_values=True), ("tgWebAppStartParam", start_param)]
        base = urlunsplit(parts._replace(query=urlencode(query)))
    theme = THEMES[launch.theme]
    fragment = "&".join(
        f"{key}={_quote(value)}"
        for key, value in (
            ("tgWebAppData", init_data),
            ("tgWebAppVersion", launch.version),
            ("tgWebAppPlatform", launch.platform),
            ("tgWebAppThemeParams", json.dumps(theme, separators=(",", ":"))),
        )
    )
    return {
        "url": f"{base}#{fragment}",
        "base": base,
        "init_data": init_data,
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
    # Telegram escapes slashes, so code that re-serialises the JSON before hashing gets another hash.
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("/", "\\/")


def _quote(value: str) -> str:
    return quote(value, safe="!'()*-._~")
