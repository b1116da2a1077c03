"""The last handlers: for buttons, links and texts that no other handler understands."""

import difflib
from collections.abc import Awaitable, Callable

from aiogram import F, Router
from aiogram.filters import CommandObject, CommandStart
from aiogram.types import CallbackQuery, Message

from backend.accounts.queries import joined_accounts
from backend.i18n import N_, Voice, Words
from backend.people.queries import Person
from bot.callback_answers import UNKNOWN_BUTTON, answer_callback
from bot.command_names import COMMANDS, GROUP_COMMANDS, IN_GROUPS_ONLY, ORGANISER_COMMANDS
from bot.delivery.client import reply
from bot.filters import command_named, from_person, in_group, in_private_chat, names_a_command
from bot.handlers import (
    additions,
    audit,
    closures,
    create_event,
    create_poll,
    events,
    group_health,
    keys,
    memberships,
    organising,
    own_bookings,
    parties,
    people,
    privacy,
    regulars,
)
from bot.keyboards.buttons import MAX_LABEL_LENGTH
from bot.rendering import plain, render, shorten
from bot.retired_callbacks import find_retired_sentence

_NEAREST = 3  # commands that are named instead of an unknown one
_LIKENESS = 0.7  # from 0 to 1, as difflib has it: /event is like /events, and not like /leave
_NOBODY = N_(
    "I can’t tell who you are while you write as a group or a channel. Write as yourself, or to me in private."
)


# What `/start` shows with these payloads, of links from groups to the private chat.
_REDIRECTED: dict[str, Callable[[Message, Person, Voice], Awaitable[None]]] = {
    "mine": own_bookings.index,
    "queue": own_bookings.show_lines,
    "regulars": regulars.index,
    "clubs": memberships.index,
    "privacy": privacy.index,
    "events": events.show_list,
    "create": create_event.begin,
    "list": organising.index,
    "poll": create_poll.ask_for_poll,
    "add": additions.ask_to_add,
    "key": keys.ask_for_key,
    "invite": keys.ask_to_invite,
    "groups": group_health.show,
    "audit": audit.show_newest,
    "seat": parties.ask_to_seat,
    "remove": parties.ask_to_remove,
    "close": closures.ask_to_close,
    "reopen": closures.ask_to_reopen,
    people.NEXT_STEPS: people.next_steps,
}


async def answer_unknown_button(query: CallbackQuery, voice: Voice) -> None:
    """A retired button, or one of another version: every tap is answered, or the button would spin."""
    sentence = find_retired_sentence(query.data or "") or UNKNOWN_BUTTON
    await answer_callback(query, voice, Words(sentence), "refused")


async def start_with_unknown_payload(
    message: Message, command: CommandObject, person: Person, voice: Voice
) -> None:
    """`/start` with the payload of a redirect from a group runs that command; any other gets a welcome."""
    handler = _REDIRECTED.get(command.args or "", people.start)
    await handler(message, person, voice)


async def answer_unknown_command(message: Message, person: Person, voice: Voice) -> None:
    """A command that does not exist: the ones that are called nearly so."""
    typed = (message.text or "").split(maxsplit=1)[0].partition("@")[0]
    if message.chat.type != "private":
        known = [*GROUP_COMMANDS]
    elif people.organises(await joined_accounts(person)):
        known = [*COMMANDS, *ORGANISER_COMMANDS]
    else:
        known = [*COMMANDS]
    if typed[1:].casefold() in (*known, *IN_GROUPS_ONLY):  # it exists, and its handler wants a group
        await reply(message, plain(voice.gettext(N_("Send %(command)s in your group."), command=typed)))
        return
    nearest = difflib.get_close_matches(typed[1:].casefold(), known, n=_NEAREST, cutoff=_LIKENESS)
    rendered = render(
        "unknown_command.html",
        voice,
        typed=shorten(typed, MAX_LABEL_LENGTH),
        nearest=", ".join(f"/{name}" for name in nearest),
    )
    await reply(message, rendered)


async def answer_other_text(message: Message, person: Person, voice: Voice) -> None:
    """Any other text in the private chat: the commands."""
    await people.help_command(message, voice, person)


async def answer_nobody(message: Message, voice: Voice) -> None:
    """A command by an anonymous administrator, or by somebody who writes as a channel: why nothing happens."""
    await reply(message, plain(voice.gettext(_NOBODY)))


def router() -> Router:
    made = Router(name="fallback")
    made.callback_query.register(answer_unknown_button)
    made.message.register(
        start_with_unknown_payload, CommandStart(ignore_case=True, deep_link=True), from_person
    )
    made.message.register(answer_unknown_command, names_a_command, from_person)
    made.message.register(answer_other_text, F.text, in_private_chat, from_person)
    made.message.register(
        answer_nobody,
        command_named(*COMMANDS, *ORGANISER_COMMANDS),
        F.sender_chat,
        ~F.is_automatic_forward,
        in_group,
    )
    return made
