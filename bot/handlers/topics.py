"""Topics of groups that existed before the bot came (`A6`)."""

from typing import Any

from aiogram import Router
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import Message, TelegramObject, Update

from backend.accounts.queries import account_voice, accounts_with
from backend.accounts.rules import Permission
from backend.errors import Invalid
from backend.groups.actions import record_seen_topic
from backend.groups.queries import LinkedGroup
from backend.i18n import N_, Voice
from backend.linking.actions import choose_card_topic
from backend.people.queries import Person
from bot.delivery.client import reply, try_to_send
from bot.filters import command_named, from_person, in_group
from bot.handlers.groups import reply_not_linked
from bot.middleware import Data, Handler
from bot.rendering import plain, render, render_words


async def learn_topic(handler: Handler, event: TelegramObject, data: Data) -> Any:
    """Know each topic of a linked group that somebody writes in: Telegram lists a group's topics to no bot."""
    assert isinstance(event, Update)
    message, group = event.message, data.get("group")
    if group is not None and message is not None and message.is_topic_message and message.message_thread_id:
        first = message.reply_to_message
        created = first.forum_topic_created if first is not None else None
        await record_seen_topic(group.id, message.message_thread_id, created.name if created else "")
    return await handler(event, data)


async def here(message: Message, person: Person, group: LinkedGroup | None) -> None:
    """/here: the topic it is sent in is known from then on. When an organiser sends it, cards appear there, unless it is
    closed."""
    if group is None:
        await reply_not_linked(message, person)
        return
    topic_id = message.message_thread_id if message.is_topic_message else None
    managed = await accounts_with(person, Permission.MANAGE_GROUPS)
    is_chosen = group.forum and any(account.id == group.account_id for account in managed)
    if is_chosen:
        try:
            await choose_card_topic(person, group.account_id, group.id, topic_id)
        except Invalid as refusal:
            await _refuse(message, person, refusal)
            return
    voice = await account_voice(group.account_id)
    await reply(
        message, render("here.html", voice, topic=topic_id is not None, chosen=is_chosen, forum=group.forum)
    )


async def _refuse(message: Message, person: Person, refusal: Invalid) -> None:
    """In the topic, or else in the private chat: in a closed topic the bot may write only where it manages topics."""
    rendered = render_words(refusal.words, person.voice)
    try:
        await reply(message, rendered)
    except TelegramBadRequest:
        assert message.bot is not None
        await try_to_send(message.bot, person.telegram_id, rendered)


async def here_in_private(message: Message, voice: Voice) -> None:
    """/here outside of a group."""
    words = N_("Send /here in a topic of your group, and I’ll know the topic.")
    await reply(message, plain(voice.gettext(words)))


def router() -> Router:
    made = Router(name="topics")
    made.message.register(here, command_named("here"), in_group, from_person)
    made.message.register(here_in_private, command_named("here"), from_person)
    return made
