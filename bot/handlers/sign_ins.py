"""Signing in to the dashboard: the browser's link leads here, and the person confirms it (`X3`)."""

from aiogram import F, Router
from aiogram.filters import CommandObject, CommandStart
from aiogram.types import CallbackQuery, Message

from backend.i18n import N_, Voice, Words
from backend.people.queries import Person
from backend.people.sign_ins import answer_sign_in, pending_sign_in
from bot.callback_answers import answer_callback, editable_message
from bot.callbacks import SignInCallback, SignInNumberCallback
from bot.delivery.client import replace, reply
from bot.filters import from_person, in_private_chat
from bot.keyboards.sign_ins import make_sign_in_rows
from bot.rendering import render

START_PREFIX = "in_"


async def show(message: Message, command: CommandObject, voice: Voice) -> None:
    """`/start in_<key>`: show which browser asks and since when, and ask for the number it shows."""
    key = (command.args or "").removeprefix(START_PREFIX)
    pending = await pending_sign_in(key)
    rows = make_sign_in_rows(key, pending.numbers, voice)
    await reply(message, render("sign_in.html", voice, rows, pending=pending))


async def confirm(
    query: CallbackQuery, callback_data: SignInNumberCallback, person: Person, voice: Voice
) -> None:
    """A number: the browser's signs it in, any other signs nobody in."""
    await _answer(query, callback_data.key, callback_data.number, person, voice)


async def refuse(query: CallbackQuery, callback_data: SignInCallback, person: Person, voice: Voice) -> None:
    """ "It wasn’t me"."""
    await _answer(query, callback_data.key, None, person, voice)


async def _answer(query: CallbackQuery, key: str, number: int | None, person: Person, voice: Voice) -> None:
    """Answer the sign-in; the result replaces the question."""
    pending = await pending_sign_in(key)
    yes = await answer_sign_in(pending.id, person, number=number)
    text = N_("Nobody was signed in. If you did not open the sign-in page, somebody else did.")
    if yes:
        text = N_("You’re signed in. Go back to the browser.")
    elif number is not None:
        text = N_("That is not the number in the browser, so nobody was signed in. Ask for a new link there.")
    await answer_callback(query, voice, Words(text), "done" if yes else "refused")
    message = editable_message(query)
    if message is not None:
        await replace(message, render("sign_in_done.html", voice, None, yes=yes, pending=pending))


def router() -> Router:
    made = Router(name="sign_ins")
    made.message.register(
        show,
        CommandStart(deep_link=True, magic=F.args.startswith(START_PREFIX)),
        in_private_chat,
        from_person,
    )
    made.callback_query.register(confirm, SignInNumberCallback.filter(), from_person)
    made.callback_query.register(refuse, SignInCallback.filter(~F.yes), from_person)
    return made
