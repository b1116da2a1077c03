"""API keys of clubs: bound in the private chat, refused in a group (`A3`)."""

from aiogram import Bot, F, Router
from aiogram.exceptions import TelegramAPIError, TelegramBadRequest
from aiogram.filters import CommandObject, CommandStart
from aiogram.types import Message

from backend.accounts.keys import KEY_PATTERN, bind_key
from backend.i18n import Voice
from backend.outbox.states import SendResult
from backend.people.queries import Person
from bot.delivery.client import delete, reply, send
from bot.delivery.errors import classify_error
from bot.filters import from_person, in_group, in_private_chat
from bot.handlers.people import organises
from bot.keyboards.links import make_home_button, make_organiser_rows
from bot.rendering import render

_CONTAINS_KEY = F.text.regexp(KEY_PATTERN.pattern, mode="search") | F.caption.regexp(
    KEY_PATTERN.pattern, mode="search"
)


async def bind_linked_key(message: Message, command: CommandObject, person: Person, voice: Voice) -> None:
    """`/start sk_…`: the person belongs to the key's club from now on."""
    await _bind(message, command.args or "", person, voice)


async def bind_sent_key(message: Message, person: Person, voice: Voice) -> None:
    """A message that is only a key, in the private chat: binds it too."""
    await _bind(message, message.text or "", person, voice)


async def _bind(message: Message, text: str, person: Person, voice: Voice) -> None:
    match = KEY_PATTERN.search(text)
    account = await bind_key(person, match.group() if match else text)
    rows = (
        make_organiser_rows(person, voice, account.id)
        if organises([account])
        else [[make_home_button(voice)]]
    )
    await reply(message, render("key_bound.html", voice, rows, account=account))
    try:
        await delete(message)  # a key should not stay in any chat
    except TelegramBadRequest:
        return


async def refuse_public_key(message: Message, bot: Bot, person: Person | None, voice: Voice) -> None:
    """A key that others can read is as good as published: refuse it, delete it, ask to revoke it."""
    deleted = True
    try:
        await delete(message)
    except TelegramAPIError as error:
        if classify_error(error).result in (SendResult.GONE, SendResult.MUTED):
            raise
        deleted = False
    warning = render("key_refused.html", voice, None, deleted=deleted, person=person)
    if person is not None and person.reachable:
        try:
            await send(bot, person.telegram_id, warning)
            return
        except TelegramAPIError as error:
            if classify_error(error).result is not SendResult.GONE:
                raise
    await reply(message, warning)


def router() -> Router:
    made = Router(name="accounts")
    made.message.register(
        bind_linked_key,
        CommandStart(ignore_case=True, deep_link=True, magic=F.args.regexp(KEY_PATTERN.pattern)),
        in_private_chat,
        from_person,
    )
    made.message.register(
        bind_sent_key, F.text.regexp(rf"^\s*{KEY_PATTERN.pattern}\s*$"), in_private_chat, from_person
    )
    made.message.register(refuse_public_key, _CONTAINS_KEY, in_group)
    made.edited_message.register(refuse_public_key, _CONTAINS_KEY, in_group)
    return made
