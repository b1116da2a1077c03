"""Who opened the Mini App: Telegram's `initData`, believed only when every part of it is as it must be (`X1`).

The string is a query string, signed by HMAC-SHA256 under a key made from the bot's token. The check string is all
fields but `hash`, decoded once and sorted; `signature` belongs to it. Values are hashed as received, never re-encoded.
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
CLOCK_TOLERANCE = timedelta(seconds=60)  # how far a client's clock, or ours, may be off
PAIR = re.compile(r"([a-z_]{1,64})=((?:[!-$'-~]|%[0-9A-Fa-f]{2})*)")  # printable, no & or bare %
HASH = re.compile(r"[0-9a-f]{64}")
SECONDS = re.compile(r"[1-9][0-9]{0,10}")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class BadInitData(Exception):
    """It is not what Telegram signed for this bot, or not lately. The reason is for tests, never for who sent it."""


@dataclass(frozen=True, slots=True)
class Launch:
    """What verified `initData` says; its `start_param` anybody can choose, so only the page reads it, as a hint (`A4`)."""

    who: TelegramIdentity
    opened_at: datetime


def read_init_data(raw: str, token: str, *, max_age: int, now: datetime) -> Launch:
    """Check and read `initData` no older than `max_age` seconds. Raises `BadInitData`, and nothing else."""
    fields = _fields(raw)
    told = fields.pop("hash", "")
    if not HASH.fullmatch(told):
        raise BadInitData("hash")
    lines = "\n".join(f"{name}={fields[name]}" for name in sorted(fields))
    secret = hmac.digest(b"WebAppData", token.encode(), hashlib.sha256)
    if not hmac.compare_digest(hmac.new(secret, lines.encode(), hashlib.sha256).hexdigest(), told):
        raise BadInitData("signature")
    opened_at = _moment(fields.get("auth_date", ""))
    if opened_at > now + CLOCK_TOLERANCE or now - opened_at > timedelta(seconds=max_age):
        raise BadInitData("age")
    return Launch(_identity(fields.get("user", "")), opened_at)


def _fields(raw: str) -> dict[str, str]:
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


def _moment(seconds: str) -> datetime:
    if not SECONDS.fullmatch(seconds):
        raise BadInitData("auth_date")
    return datetime.fromtimestamp(int(seconds), UTC)


def _identity(text: str) -> TelegramIdentity:
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
    """One text of the user, without what no database takes: control characters and halves of surrogate pairs."""
    word = user.get(name) or ""
    if not isinstance(word, str):
        raise BadInitData(f"user.{name}")
    return CONTROL.sub("", word.encode(errors="ignore").decode())[:256]
