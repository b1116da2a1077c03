"""Answering a tap: a toast that vanishes, or an alert that must be closed."""

from aiogram.types import CallbackQuery, Message

from backend.i18n import Voice, Words
from bot.rendering import shorten

MAX_ANSWER_LENGTH = 200  # UTF-16 units
# What went as people hoped, or changed nothing; whatever they have to read to the end is an alert.
_TOAST_OUTCOMES = frozenset(
    {
        "booked",
        "already",
        "left",
        "offer-declined",
        "maybe",
        "declined",
        "voted",
        "withdrawn",
        "done",
        "busy",
    }
)


async def answer_callback(
    query: CallbackQuery, voice: Voice, words: Words, outcome: str, *, more: str = ""
) -> None:
    """Answer at once; `more` is added when there is room for it. Raises what Telegram says."""
    text = voice.tell(words)
    if more and len(f"{text} {more}".encode("utf-16-le")) // 2 <= MAX_ANSWER_LENGTH:
        text = f"{text} {more}"
    await query.answer(
        shorten(text, MAX_ANSWER_LENGTH), show_alert=outcome not in _TOAST_OUTCOMES or bool(more)
    )


def editable_message(query: CallbackQuery) -> Message | None:
    """The message the button is under, when Telegram still lets it be changed."""
    return query.message if isinstance(query.message, Message) else None
