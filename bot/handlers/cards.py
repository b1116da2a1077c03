"""Lost cards: posted again by an organiser's tap, or found again by anyone's tap on them (`C6`)."""

from typing import Any

from aiogram import Router
from aiogram.types import CallbackQuery, TelegramObject, Update

from backend.cards.actions import repost_cards
from backend.cards.posting import recover_tapped_card
from backend.events.queries import find_instance
from backend.groups.queries import LinkedGroup
from backend.i18n import N_, Voice, Words
from backend.people.queries import Person
from backend.polls.actions import find_poll
from bot.callback_answers import answer_callback, editable_message
from bot.callbacks import RepostCardCallback, SeatCallback, VoteCallback
from bot.delivery.client import replace_buttons
from bot.filters import from_person
from bot.middleware import Data, Handler

_REPOSTED = N_("The card is on its way to the group.")
_UNLINKED = N_("This group is no longer linked to a club, so this card no longer works.")
_GROUP_TYPES = ("group", "supergroup")
_NOTHING_LOST = N_("That is already done: nothing is missing there.")


async def repost(
    query: CallbackQuery, callback_data: RepostCardCallback, person: Person, voice: Voice
) -> None:
    """Post the lost cards again. The action checks the permission of whoever taps (`X4`)."""
    posted = await repost_cards(person, callback_data.card_id)
    await answer_callback(query, voice, Words(_REPOSTED if posted else _NOTHING_LOST), "done")
    message = editable_message(query)
    if message is not None:
        await replace_buttons(message, [])


async def in_unlinked_group(query: CallbackQuery, group: LinkedGroup | None = None) -> bool:
    """Whether the button is in a group that belongs to no club, or no longer does."""
    return group is None and query.message is not None and query.message.chat.type in _GROUP_TYPES


async def retire(query: CallbackQuery, voice: Voice) -> None:
    """A card that stayed in a group that was unlinked: it changes nothing any more, and loses its buttons."""
    await answer_callback(query, voice, Words(_UNLINKED), "refused")
    message = editable_message(query)
    if message is not None:
        await replace_buttons(message, [])


async def recover_cards(handler: Handler, event: TelegramObject, data: Data) -> Any:
    """Middleware: after a tap in a linked group is answered, record that its card exists (`C1`)."""
    result = await handler(event, data)
    assert isinstance(event, Update)
    group: LinkedGroup | None = data["group"]
    query = event.callback_query
    if group is not None and query is not None and query.message is not None and query.data:
        await _recover(group.chat_id, query.message.message_id, query.data)
    return result


async def _recover(chat_id: int, message_id: int, data: str) -> None:
    try:
        callback = _unpack(data)
    except (TypeError, ValueError):
        return  # a retired or a forged form: the fallback has answered it
    if isinstance(callback, SeatCallback):
        instance = await find_instance(callback.code)
        await recover_tapped_card(chat_id, message_id, instance_id=instance.id, poll_id=None)
    elif isinstance(callback, VoteCallback):
        poll = await find_poll(callback.code)
        await recover_tapped_card(chat_id, message_id, instance_id=None, poll_id=poll.id)


def _unpack(data: str) -> SeatCallback | VoteCallback | None:
    """The callback of a card's button, None for any other. Raises TypeError or ValueError."""
    for callback in (SeatCallback, VoteCallback):
        if data.startswith(f"{callback.__prefix__}:"):
            return callback.unpack(data)
    return None


def router() -> Router:
    made = Router(name="cards")
    made.callback_query.register(retire, SeatCallback.filter(), in_unlinked_group)
    made.callback_query.register(retire, VoteCallback.filter(), in_unlinked_group)
    made.callback_query.register(repost, RepostCardCallback.filter(), from_person)
    return made
