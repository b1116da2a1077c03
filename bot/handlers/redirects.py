"""Commands with a personal answer: in a group only the sender sees it, or they lead to the private chat instead."""

from aiogram.types import Message

from backend.i18n import N_, Voice
from bot.delivery.client import reply_to_sender
from bot.keyboards.links import make_private_chat_button
from bot.rendering import RenderedMessage, Rows, render


async def redirect_from_group(message: Message, voice: Voice, payload: str, *, more: str = "") -> bool:
    """In a group, reply with the way to the private chat and return True; in the private chat return False. Where Telegram
    does that, only whoever asked sees the reply (`M7`).

    `payload` is that of `/start` there: it repeats the command. `more` is said after it.
    """
    if message.chat.type == "private":
        return False
    await reply_to_sender(message, _render_redirect(voice, payload, more))
    return True


async def reply_to_sender_alone(
    message: Message, voice: Voice, answer: RenderedMessage, payload: str
) -> None:
    """In a group, show a personal answer to whoever asked; where Telegram does not, the way to the private chat. Its buttons
    lead elsewhere: none of a message that one person sees is tapped (decision 0062)."""
    await reply_to_sender(message, answer, _render_redirect(voice, payload))


def make_redirect_rows(voice: Voice, payload: str) -> Rows:
    """The way to the private chat, in which `/start` with this payload repeats the command."""
    return [[make_private_chat_button(voice.gettext(N_("Ask me there")), payload)]]


def _render_redirect(voice: Voice, payload: str, more: str = "") -> RenderedMessage:
    return render("in_private.html", voice, make_redirect_rows(voice, payload), more=more)
