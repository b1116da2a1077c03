"""Signing in to the dashboard: the browser's link leads here, and the person says whether it was them (`X3`)."""

from aiogram import F, Router
from aiogram.filters import CommandObject, CommandStart
from aiogram.types import CallbackQuery, Message

from backend.i18n import N_, Voice, Words
from backend.people.actions import answer_sign_in, pending_sign_in
from backend.people.queries import Person
from bot.callback_answers import answer_tap, message_of
from bot.callbacks import SignIn
from bot.delivery.client import reply
from bot.filters import by_a_person, in_private
from bot.keyboards.sign_ins import make_sign_in_rows
from bot.rendering import render

PREFIX = "in_"


async def ask(message: Message, command: CommandObject, voice: Voice) -> None:
    """`/start in_<key>`: ask, and show which browser it was and when. Nothing happens without a tap."""
    key = (command.args or "").removeprefix(PREFIX)
    pending = await pending_sign_in(key)
    await reply(message, render("sign_in.html", voice, make_sign_in_rows(key, voice), pending=pending))


async def settle(query: CallbackQuery, callback_data: SignIn, person: Person, voice: Voice) -> None:
    """Yes or no; the question is replaced by what was answered."""
    pending = await pending_sign_in(callback_data.key)
    await answer_sign_in(pending.id, person, yes=callback_data.yes)
    said = N_("You’re signed in. Go back to the browser.")
    if not callback_data.yes:
        said = N_("Nobody was signed in. If you did not open the sign-in page, somebody else did.")
    await answer_tap(query, voice, Words(said), "done" if callback_data.yes else "refused")
    message = message_of(query)
    if message is not None:
        sheet = render("sign_in_done.html", voice, None, yes=callback_data.yes, pending=pending)
        await message.edit_text(sheet.text)


def router() -> Router:
    made = Router(name="sign_ins")
    made.message.register(
        ask, CommandStart(deep_link=True, magic=F.args.startswith(PREFIX)), in_private, by_a_person
    )
    made.callback_query.register(settle, SignIn.filter(), by_a_person)
    return made
