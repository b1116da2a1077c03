"""Signing in to the dashboard: the browser's link leads here, and the person confirms it (`X3`)."""

from aiogram import F, Router
from aiogram.filters import CommandObject, CommandStart
from aiogram.types import CallbackQuery, Message

from backend.i18n import N_, Voice, Words
from backend.people.queries import Person
from backend.people.sign_ins import answer_sign_in, pending_sign_in
from bot.callback_answers import answer_callback, editable_message
from bot.callbacks import SignInCallback
from bot.delivery.client import replace, reply
from bot.filters import from_person, in_private_chat
from bot.keyboards.sign_ins import make_sign_in_rows
from bot.rendering import render

START_PREFIX = "in_"


async def show(message: Message, command: CommandObject, voice: Voice) -> None:
    """`/start in_<key>`: show which browser asks and since when. Nothing happens without a tap."""
    key = (command.args or "").removeprefix(START_PREFIX)
    pending = await pending_sign_in(key)
    await reply(message, render("sign_in.html", voice, make_sign_in_rows(key, voice), pending=pending))


async def update(query: CallbackQuery, callback_data: SignInCallback, person: Person, voice: Voice) -> None:
    """Yes or no; the result replaces the question."""
    pending = await pending_sign_in(callback_data.key)
    await answer_sign_in(pending.id, person, yes=callback_data.yes)
    text = N_("You’re signed in. Go back to the browser.")
    if not callback_data.yes:
        text = N_("Nobody was signed in. If you did not open the sign-in page, somebody else did.")
    await answer_callback(query, voice, Words(text), "done" if callback_data.yes else "refused")
    message = editable_message(query)
    if message is not None:
        rendered = render("sign_in_done.html", voice, None, yes=callback_data.yes, pending=pending)
        await replace(message, rendered)


def router() -> Router:
    made = Router(name="sign_ins")
    made.message.register(
        show,
        CommandStart(ignore_case=True, deep_link=True, magic=F.args.startswith(START_PREFIX)),
        in_private_chat,
        from_person,
    )
    made.callback_query.register(update, SignInCallback.filter(), from_person)
    return made
