"""What the conversations have in common in which the bot asks one thing after another (decision 0053)."""

from dataclasses import replace

from aiogram.types import CallbackQuery

from backend.conversations.actions import ConversationKind, end_conversation
from backend.i18n import N_, Voice, Words
from backend.people.queries import Person
from bot.callback_answers import answer_callback, replace_message
from bot.rendering import RenderedMessage, plain, render_words

STOPPED = N_("Stopped. Nothing was saved.")


async def stop(query: CallbackQuery, kind: ConversationKind, person: Person, voice: Voice) -> None:
    """The button Stop: end the conversation, and say so in place of its question."""
    await end_conversation(person, kind)
    await answer_callback(query, voice, Words(STOPPED), "done")
    await replace_message(query, plain(voice.gettext(STOPPED)))


def ask_again(question: RenderedMessage, why: Words, voice: Voice) -> RenderedMessage:
    """The question once more, below the reason why the answer is none."""
    return replace(question, text=f"{render_words(why, voice).text}\n\n{question.text}")
