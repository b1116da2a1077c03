"""The lists of commands that Telegram offers: everybody's, and an organiser's own in their private chat."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

import structlog
from aiogram import Bot
from aiogram.exceptions import AiogramError
from aiogram.types import (
    BotCommand,
    BotCommandScopeAllChatAdministrators,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeUnion,
)

from backend.i18n import DEFAULT, Voice
from backend.people.queries import Person
from bot.command_names import (
    COMMANDS,
    EPHEMERAL_COMMANDS,
    GROUP_ADMINISTRATOR_COMMANDS,
    GROUP_COMMANDS,
    commands_for,
    describe,
)
from bot.delivery.profile import get_commands, get_commands_of_chat, set_commands, set_commands_of_chat

log = structlog.get_logger()

SCOPES: tuple[tuple[str, BotCommandScopeUnion, Sequence[str]], ...] = (
    ("private chats", BotCommandScopeAllPrivateChats(), tuple(COMMANDS)),
    ("groups", BotCommandScopeAllGroupChats(), GROUP_COMMANDS),
    ("administrators of groups", BotCommandScopeAllChatAdministrators(), GROUP_ADMINISTRATOR_COMMANDS),
)


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is set otherwise at Telegram: how it is there, how it should be, and what makes it so; None where only
    a person can, as `hint` says."""

    what: str
    now: str
    wanted: str
    mend: Callable[[], Awaitable[None]] | None
    hint: str = ""


async def compare_commands(bot: Bot, language: str) -> list[Difference]:
    """What differs in the lists of this language that are for all chats of a kind. Raises Telegram's errors."""
    found = []
    for name, scope, names in SCOPES:
        ephemeral = () if scope.type == "all_private_chats" else EPHEMERAL_COMMANDS
        wanted = describe(names, Voice(language), ephemeral)
        # Without a code the commands are those of all other languages too.
        code = None if language == DEFAULT else language
        now = await get_commands(bot, scope, code)
        found += _difference(
            f"commands in {name}, {language}", now, wanted, partial(set_commands, bot, wanted, scope, code)
        )
    return found


async def compare_organiser(bot: Bot, organiser: Person) -> list[Difference]:
    """What differs in the list of an organiser's private chat, which is in their language; nothing where Telegram does not
    know the chat. Raises Telegram's errors."""
    return await _compare_chat(bot, organiser, commands_for(organiser, organises=True))


async def follow_role(bot: Bot, person: Person, *, organises: bool) -> None:
    """Offer an organiser all their commands in the private chat, and whoever is none any more those of everybody."""
    wanted = commands_for(person, organises=organises)
    try:
        for difference in await _compare_chat(bot, person, wanted):
            if difference.mend is not None:
                await difference.mend()
    except AiogramError as error:  # the next /start or /help, or `emerald setup-bot`, sets it
        log.warning("list of commands not set", error=str(error))


async def _compare_chat(bot: Bot, person: Person, wanted: list[BotCommand]) -> list[Difference]:
    now = await get_commands_of_chat(bot, person.telegram_id)
    if now is None:
        return []
    mend = partial(set_commands_of_chat, bot, person.telegram_id, wanted)
    return _difference(f"commands in the private chat {person.telegram_id}", now, wanted, mend)


def _difference(
    what: str,
    now: Sequence[BotCommand],
    wanted: Sequence[BotCommand],
    mend: Callable[[], Awaitable[None]],
) -> list[Difference]:
    same = _listed(now) == _listed(wanted)
    return [] if same else [Difference(what, _listed(now), _listed(wanted), mend)]


def _listed(commands: Sequence[BotCommand]) -> str:
    return ", ".join(
        f"/{each.command}{' (ephemeral)' if each.is_ephemeral else ''} – {each.description}"
        for each in commands
    )
