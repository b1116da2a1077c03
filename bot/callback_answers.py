"""Answering a tap: by a toast that vanishes, or by an alert that must be closed."""

from aiogram.types import CallbackQuery, Message

from backend.errors import Busy
from backend.i18n import N_, Voice, Words
from backend.polls.rules import VoteResult
from backend.seats.requests import OutcomeKind
from bot.delivery.client import answer_callback_query, try_to_replace
from bot.rendering import RenderedMessage, shorten

TOO_OLD = N_("This message is too old for that. Send me a command, and tap the new message.")
UNKNOWN_BUTTON = N_("This button is too old. Open the app instead.")
MAX_ANSWER_LENGTH = 200  # UTF-16 code units
# Outcomes that went as hoped, or changed nothing. Any other answer must be read to the end, so it is an
# alert.
_TOAST_OUTCOMES: frozenset[str] = frozenset(
    {
        OutcomeKind.BOOKED,
        OutcomeKind.ALREADY,
        OutcomeKind.LEFT,
        OutcomeKind.OFFER_DECLINED,
        OutcomeKind.MAYBE,
        OutcomeKind.DECLINED,
        OutcomeKind.DONE,
        VoteResult.VOTED,
        VoteResult.WITHDRAWN,
        Busy.outcome,
    }
)


async def answer_callback(
    query: CallbackQuery, voice: Voice, words: Words, outcome: str, *, more: str = ""
) -> None:
    """Answer the tap; `more` is appended if it fits. Raises Telegram's errors."""
    text = voice.translate(words)
    if more and len(f"{text} {more}".encode("utf-16-le")) // 2 <= MAX_ANSWER_LENGTH:
        text = f"{text} {more}"
    alert = outcome not in _TOAST_OUTCOMES or bool(more)
    await answer_callback_query(query, shorten(text, MAX_ANSWER_LENGTH), alert=alert)


def editable_message(query: CallbackQuery) -> Message | None:
    """The message of the button, if Telegram still allows the bot to edit it."""
    return query.message if isinstance(query.message, Message) else None


async def replace_message(query: CallbackQuery, rendered: RenderedMessage) -> None:
    """Show this in the message of the button instead, if Telegram still allows the bot to edit it."""
    message = editable_message(query)
    if message is not None:
        await try_to_replace(message, rendered)


async def answer_and_replace(
    query: CallbackQuery, voice: Voice, rendered: RenderedMessage, done: Words | None = None
) -> None:
    """Answer the tap with what was done, or silently, and show this in its message instead. It is rendered before, which may
    refuse: a tap can be answered only once."""
    if done is None:
        await answer_callback_query(query)
    else:
        await answer_callback(query, voice, done, "done")
    await replace_message(query, rendered)
