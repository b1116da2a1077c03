"""/start, /help, /app and /id; blocking and unblocking the bot (`M3`)."""

from aiogram import F, Router
from aiogram.filters import (
    JOIN_TRANSITION,
    LEAVE_TRANSITION,
    ChatMemberUpdatedFilter,
    Command,
    CommandStart,
)
from aiogram.types import ChatMemberUpdated, Message

from backend.accounts.queries import clubs
from backend.groups.queries import LinkedGroup
from backend.i18n import Voice
from backend.people.actions import allow_writing, mark_blocked
from backend.people.queries import Person
from bot.delivery.client import reply
from bot.filters import from_person
from bot.keyboards.links import make_add_to_group_button, make_home_button
from bot.rendering import render


async def start(message: Message, person: Person, voice: Voice) -> None:
    """/start, and links with an unknown payload."""
    if message.chat.type != "private":
        await help_command(message, voice)
        return
    rows = [[make_home_button(voice)], [make_add_to_group_button(voice)]]
    await reply(message, render("welcome.html", voice, rows, person=person, clubs=await clubs(person)))


async def help_command(message: Message, voice: Voice) -> None:
    """/help: the commands that can be used in this chat."""
    private = message.chat.type == "private"
    await reply(
        message, render("help.html", voice, [[make_home_button(voice, private=private)]], private=private)
    )


async def app_command(message: Message, voice: Voice) -> None:
    """/app: the button that opens the Mini App."""
    private = message.chat.type == "private"
    await reply(message, render("app.html", voice, [[make_home_button(voice, private=private)]]))


async def id_command(
    message: Message, voice: Voice, person: Person | None, group: LinkedGroup | None
) -> None:
    """/id: the ids of this chat, topic and person, which settings and support ask for."""
    topic = message.message_thread_id if message.is_topic_message else None
    await reply(
        message,
        render("id.html", voice, None, chat=message.chat, topic=topic, person=person, group=group),
    )


async def record_block(update: ChatMemberUpdated) -> None:
    """The person blocked the bot: nothing is sent to them until they unblock it."""
    await mark_blocked(update.from_user.id)


async def record_unblock(_: ChatMemberUpdated, person: Person) -> None:
    """The person unblocked the bot, or started it for the first time."""
    await allow_writing(person)


def router() -> Router:
    made = Router(name="people")
    private = F.chat.type == "private"
    made.my_chat_member.register(record_block, private, ChatMemberUpdatedFilter(LEAVE_TRANSITION))
    made.my_chat_member.register(record_unblock, private, ChatMemberUpdatedFilter(JOIN_TRANSITION))
    made.message.register(help_command, Command("help"))
    made.message.register(app_command, Command("app"))
    made.message.register(id_command, Command("id"))
    made.message.register(start, CommandStart(deep_link=False), from_person)
    return made
