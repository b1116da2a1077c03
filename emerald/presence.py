"""Asking Telegram whether somebody is in a chat (`A5`), in so few lines that a process without the bot can do it."""

import asyncio
import json
import ssl
import urllib.error
import urllib.request
from functools import cache
from typing import Any

import structlog

from backend.settings import settings

log = structlog.get_logger()

TELEGRAM = "https://api.telegram.org"
PATIENCE = 5.0  # seconds
INSIDE = ("creator", "administrator", "member")
# What Telegram says of people who never were there, or whom it does not know.
NOT_THERE = ("user not found", "participant_id_invalid", "member not found")


async def is_in_chat(chat_id: int, telegram_id: int) -> bool | None:
    """Whether the person is in the chat now; None when Telegram cannot tell."""
    status, said = await asyncio.to_thread(_ask, chat_id, telegram_id)
    if status == 200:
        member = said["result"]
        return member["status"] in INSIDE or bool(member.get("is_member"))
    why = str(said.get("description", ""))
    if status == 400 and any(words in why.lower() for words in NOT_THERE):
        return False
    log.warning("presence not known", status=status, why=why)
    return None


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _ask(chat_id: int, telegram_id: int) -> tuple[int, dict[str, Any]]:
    base = settings.telegram_api_url or TELEGRAM
    body = json.dumps({"chat_id": chat_id, "user_id": telegram_id}).encode()
    request = urllib.request.Request(  # noqa: S310 - the address is a setting
        f"{base}/bot{settings.telegram_bot_token}/getChatMember",
        body,
        {"Content-Type": "application/json"},
    )
    tls = _tls() if base.startswith("https") else None
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE, context=tls) as answer:  # noqa: S310
            return 200, json.load(answer)
    except urllib.error.HTTPError as refusal:
        with refusal:
            try:
                return refusal.code, json.load(refusal)
            except ValueError:
                return refusal.code, {}
    except (OSError, ValueError) as error:
        return 0, {"description": type(error).__name__}
