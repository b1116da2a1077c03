"""Asking Telegram whether somebody is in a chat (`A5`)."""

import structlog

from emerald.telegram_http import call

log = structlog.get_logger()

INSIDE = ("creator", "administrator", "member")
# What Telegram says of people who never were there, or whom it does not know.
NOT_THERE = ("user not found", "participant_id_invalid", "member not found")


async def is_in_chat(chat_id: int, telegram_id: int) -> bool | None:
    """Whether the person is in the chat now; None when Telegram cannot tell."""
    status, said = await call("getChatMember", {"chat_id": chat_id, "user_id": telegram_id})
    if status == 200:
        member = said["result"]
        return member["status"] in INSIDE or bool(member.get("is_member"))
    why = str(said.get("description", ""))
    if status == 400 and any(words in why.lower() for words in NOT_THERE):
        return False
    log.warning("presence not known", status=status, why=why)
    return None
