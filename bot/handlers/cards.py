"""Cards that were lost: posted again by an organiser's tap under the message that told of it, or found by anybody's (`C6`)."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiogram import Router
from aiogram.types import CallbackQuery, TelegramObject, Update

from backend.cards.actions import repost_cards
from backend.cards.posting import recover_tapped_card
from backend.events.queries import find_instance as find_date
from backend.groups.queries import LinkedGroup
from backend.i18n import N_, Voice, Words
from backend.people.queries import Person
from backend.polls.actions import find_poll as find_poll
from bot.callback_answers import answer_tap, message_of
from bot.callbacks import Pick, PostAgain, Seat
from bot.filters import by_a_person

ON_ITS_WAY = N_("The card is on its way to the group.")
POSTED_ALREADY = N_("That is done already: nothing there is missing any more.")


async def create(query: CallbackQuery, callback_data: PostAgain, person: Person, voice: Voice) -> None:
    """Post what was lost again: who may is decided where it is done, whoever holds the button (`X4`)."""
    posted = await repost_cards(person, callback_data.card_id)
    await answer_tap(query, voice, Words(ON_ITS_WAY if posted else POSTED_ALREADY), "done")
    message = message_of(query)
    if message is not None:
        await message.edit_reply_markup(reply_markup=None)


async def recognised(
    handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
    event: TelegramObject,
    data: dict[str, Any],
) -> Any:
    """Once a tap in a linked group is answered: the card it was on is there, should anybody have doubted it (`C1`)."""
    result = await handler(event, data)
    assert isinstance(event, Update)
    group: LinkedGroup | None = data["group"]
    query = event.callback_query
    if group is not None and query is not None and query.message is not None and query.data:
        await _recognise(group.chat_id, query.message.message_id, query.data)
    return result


async def _recognise(chat_id: int, message_id: int, carried: str) -> None:
    if carried.startswith(f"{Seat.__prefix__}:"):
        date = await find_date(Seat.unpack(carried).code)
        await recover_tapped_card(chat_id, message_id, instance_id=date.id, poll_id=None)
    elif carried.startswith(f"{Pick.__prefix__}:"):
        poll = await find_poll(Pick.unpack(carried).code)
        await recover_tapped_card(chat_id, message_id, instance_id=None, poll_id=poll.id)


def router() -> Router:
    made = Router(name="cards")
    made.callback_query.register(create, PostAgain.filter(), by_a_person)
    return made
