"""Answering a tap: by a toast that vanishes, or by an alert that must be closed."""

from aiogram.types import CallbackQuery, Message

from backend.errors import Busy
from backend.i18n import N_, Voice, Words
from backend.polls.rules import VoteResult
from backend.seats.requests import OutcomeKind
from bot.delivery.client import answer_callback_query
from bot.rendering import shorten

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
