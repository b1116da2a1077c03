"""Inline mode: what `@bot yoga` offers, and the cards that are made of what was chosen (`C9`)."""

from aiogram import F, Router
from aiogram.types import ChosenInlineResult, InlineQuery, Message

from backend.accounts.queries import joined_accounts
from backend.bookings.queries.event import event
from backend.cards.shared import share_instance, share_poll
from backend.events.queries import find_instance
from backend.i18n import Voice
from backend.people.queries import Person
from backend.people.rate_limits import RateLimit, spend
from backend.polls.actions import find_poll
from backend.polls.queries import poll
from bot.delivery.client import answer_inline_query
from bot.inline import (
    CACHED,
    CACHED_FOR_STRANGERS,
    EVENT_PREFIX,
    POLL_PREFIX,
    find_offered,
    make_start_button,
)


async def offer(query: InlineQuery, voice: Voice, person: Person | None = None) -> None:
    """`@bot yoga`: what the person may see of it, or the way to the private chat. Whoever only types the bot's name is not
    recorded by that."""
    if person is None:
        await answer_inline_query(
            query, [], button=make_start_button(voice, is_known=False), seconds=CACHED_FOR_STRANGERS
        )
        return
    offered = await find_offered(person, voice, query.query, query.offset)
    button = None
    if not offered.results and not query.offset:
        button = make_start_button(voice, is_known=bool(await joined_accounts(person)))
    await answer_inline_query(
        query, offered.results, next_offset=offered.next_offset, button=button, seconds=CACHED
    )


async def remember(chosen: ChosenInlineResult, person: Person | None) -> None:
    """Something was sent: its message is a card from now on. Telegram says so of results that we offered this person alone;
    whether they may still see it is asked again."""
    if not chosen.inline_message_id or person is None:
        return
    await spend(person, RateLimit.SHARES)
    kind, code = chosen.result_id[:2], chosen.result_id[2:]
    if kind == EVENT_PREFIX:
        view = await event(code, person)
        if not view.is_archived:
            await share_instance(await find_instance(code), chosen.inline_message_id)
    elif kind == POLL_PREFIX:
        await poll(code, person)
        await share_poll(await find_poll(code), chosen.inline_message_id)


async def leave_alone(message: Message) -> None:
    """A message that was sent by way of a bot is for those who read the chat: none of its words is meant for us."""


def router() -> Router:
    made = Router(name="inline")
    made.message.register(leave_alone, F.via_bot)
    made.inline_query.register(offer)
    made.chosen_inline_result.register(remember)
    return made
