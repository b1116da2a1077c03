"""Cards that were lost: posted again by an organiser's tap under the message that told of it (`C6`)."""

from aiogram import Router
from aiogram.types import CallbackQuery

from backend.cards.actions import post_again
from backend.i18n import N_, Voice, Words
from backend.people.queries import Person
from bot.asked import by_a_person
from bot.callbacks import PostAgain
from bot.taps import answer_tap, message_of

ON_ITS_WAY = N_("The card is on its way to the group.")
POSTED_ALREADY = N_("That is done already: nothing there is missing any more.")


async def create(
    query: CallbackQuery, callback_data: PostAgain, person: Person, voice: Voice
) -> None:
    """Post what was lost again: who may is decided where it is done, whoever holds the button (`X4`)."""
    posted = await post_again(person, callback_data.card_id)
    await answer_tap(query, voice, Words(ON_ITS_WAY if posted else POSTED_ALREADY), "done")
    message = message_of(query)
    if message is not None:
        await message.edit_reply_markup(reply_markup=None)


def router() -> Router:
    made = Router(name="cards")
    made.callback_query.register(create, PostAgain.filter(), by_a_person)
    return made
