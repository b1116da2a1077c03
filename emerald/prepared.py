"""Giving Telegram a message that somebody will send themselves, into a chat of their choice."""

from typing import Any

import structlog

from emerald.telegram_http import call

log = structlog.get_logger()


async def prepare(telegram_id: int, article: dict[str, Any]) -> str:
    """The id under which this person's client finds the message, for some minutes; "" when Telegram refuses or is away."""
    status, said = await call(
        "savePreparedInlineMessage",
        {
            "user_id": telegram_id,
            "result": article,
            "allow_user_chats": True,
            "allow_group_chats": True,
            "allow_channel_chats": True,
        },
    )
    if status == 200:
        return str(said["result"]["id"])
    log.warning("message not prepared", status=status, why=str(said.get("description", "")))
    return ""
