"""Commands with a personal answer: in a group they lead to the private chat instead."""

from aiogram.types import Message

from backend.i18n import N_, Voice
from bot.delivery.client import reply_to_sender
from bot.keyboards.links import make_private_chat_button
from bot.rendering import render


async def redirect_from_group(message: Message, voice: Voice, payload: str, *, more: str = "") -> bool:
    """In a group, reply with the way to the private chat and return True; in the private chat return False. Where Telegram
    does that, only whoever asked sees the reply (`M7`).

    `payload` is that of `/start` there: it repeats the command. `more` is said after it.
    """
    if message.chat.type == "private":
        return False
    rows = [[make_private_chat_button(voice.gettext(N_("Ask me there")), payload)]]
    await reply_to_sender(message, render("in_private.html", voice, rows, more=more))
    return True
