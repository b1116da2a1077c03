"""Who opened the Mini App: Telegram's `initData`, accepted only when every part of it is valid (`X1`).

It is a query string, signed by HMAC-SHA256 with a key derived from the bot's token. The signed text is all
fields but `hash` (`signature` is among them), decoded once and sorted. Values are hashed as received, never
encoded again.
"""

import hashlib
import hmac
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote_plus

from backend.people.actions import TelegramIdentity

INIT_DATA_MAX = 4096
CLOCK_TOLERANCE = timedelta(seconds=60)  # tolerated difference between clocks
PAIR = re.compile(r"([a-z_]{1,64})=((?:[!-$'-~]|%[0-9A-Fa-f]{2})*)")  # printable, no & or bare %
HASH = re.compile(r"[0-9a-f]{64}")
SECONDS = re.compile(r"[1-9][0-9]{0,10}")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class BadInitData(Exception):
    """Telegram did not sign it for this bot, or too long ago. The reason is for tests, never for the
    sender."""


@dataclass(frozen=True, slots=True)
class Launch:
    """The verified content of `initData`. Anybody can choose a `start_param`: only the page reads it, as a
    hint (`A4`)."""

    identity: TelegramIdentity
    opened_at: datetime


def read_init_data(raw: str, token: str, *, max_age: int, now: datetime) -> Launch:
    """Verify and parse `initData` that is at most `max_age` seconds old. Raises only `BadInitData`."""
    fields = _parse_fields(raw)
    signature = fields.pop("hash", "")
    if not HASH.fullmatch(signature):
        raise BadInitData("hash")
    lines = "\n".join(f"{name}={fields[name]}" for name in sorted(fields))
    secret = hmac.digest(b"WebAppData", token.encode(), hashlib.sha256)
    if not hmac.compare_digest(hmac.new(secret, lines.encode(), hashlib.sha256).hexdigest(), signature):
        raise BadInitData("signature")
    opened_at = _parse_auth_date(fields.get("auth_date", ""))
    if opened_at > now + CLOCK_TOLERANCE or now - opened_at > timedelta(seconds=max_age):
        raise BadInitData("age")
    return Launch(_parse_user(fields.get("user", "")), opened_at)


def _parse_fields(raw: str) -> dict[str, str]:
    if len(raw) > INIT_DATA_MAX:
        raise BadInitData("length")
    fields: dict[str, str] = {}
    for part in raw.split("&"):
        pair = PAIR.fullmatch(part)
        if pair is None or pair[1] in fields:
            raise BadInitData("shape")
        try:
            value = unquote_plus(pair[2], errors="strict")
        except UnicodeDecodeError:
            raise BadInitData("encoding") from None
        if CONTROL.search(value):
            raise BadInitData("control character")
        fields[pair[1]] = value
    return fields


def _parse_auth_date(seconds: str) -> datetime:
    if not SECONDS.fullmatch(seconds):
        raise BadInitData("auth_date")
    return datetime.fromtimestamp(int(seconds), UTC)


def _parse_user(text: str) -> TelegramIdentity:
    try:
        user = json.loads(text)
    except (ValueError, RecursionError):
        raise BadInitData("user") from None
    if not isinstance(user, dict) or type(user.get("id")) is not int or not 0 < user["id"] < 2**52:
        raise BadInitData("user.id")
    return TelegramIdentity(
        telegram_id=user["id"],
        first_name=_text(user, "first_name"),
        last_name=_text(user, "last_name"),
        username=_text(user, "username"),
        language_code=_text(user, "language_code") or None,
        may_write=user.get("allows_write_to_pm") is True,
    )


def _text(user: dict[str, object], name: str) -> str:
    """One text of the user, cut to a length that no name has."""
    text = user.get(name) or ""
    if not isinstance(text, str):
        raise BadInitData(f"user.{name}")
    return text[:256]
