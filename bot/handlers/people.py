"""/start, /help, /app and /id; blocking and unblocking the bot (`M3`)."""

from collections.abc import Sequence

from aiogram import F, Router
from aiogram.filters import (
    JOIN_TRANSITION,
    LEAVE_TRANSITION,
    ChatMemberUpdatedFilter,
    CommandStart,
)
from aiogram.types import ChatMemberUpdated, Message

from backend.accounts.queries import AccountView, joined_accounts
from backend.accounts.rules import Permission
from backend.groups.queries import LinkedGroup
from backend.i18n import Voice
from backend.people.actions import allow_writing, mark_blocked
from backend.people.queries import Person
from bot.command_lists import follow_role
from bot.delivery.client import reply
from bot.filters import command_named, from_person
from bot.keyboards.links import (
    make_add_to_group_button,
    make_dashboard_link,
    make_home_button,
    make_organiser_rows,
)
from bot.rendering import RenderedMessage, render

NEXT_STEPS = "next"  # the payload of /start that shows an organiser what comes next


def organises(accounts_of_person: Sequence[AccountView]) -> bool:
    """Whether the person is an organiser of any of these clubs."""
    return any(account.has_permission(Permission.MANAGE_EVENTS) for account in accounts_of_person)


async def start(message: Message, person: Person, voice: Voice) -> None:
    """/start, and links with an unknown payload: what the person can do here, by their role."""
    if message.chat.type != "private":
        await help_command(message, voice)
        return
    found = await joined_accounts(person)
    if organises(found):
        rows = make_organiser_rows(person, voice)
    else:
        rows = [[make_home_button(voice)], *([] if found else [[make_add_to_group_button(voice)]])]
    await reply(message, render("welcome.html", voice, rows, person=person, accounts=found, **_roles(found)))
    await _offer_commands(message, person, found)


async def next_steps(message: Message, person: Person, voice: Voice) -> None:
    """`/start next`: what an organiser of a new club does first; a welcome for anybody else."""
    account = next((account for account in await joined_accounts(person) if organises([account])), None)
    if account is None:
        await start(message, person, voice)
        return
    await reply(message, render_next_steps(account, person))


def render_next_steps(account: AccountView, person: Person) -> RenderedMessage:
    """What comes next for an organiser of this club, with a button for each step."""
    return render(
        "next_steps.html",
        person.voice,
        make_organiser_rows(person, person.voice, account.id),
        account=account,
        dashboard=make_dashboard_link(person),
    )


async def help_command(message: Message, voice: Voice, person: Person | None = None) -> None:
    """/help: the commands that can be used in this chat; in private, by the person's role."""
    private = message.chat.type == "private"
    reader = person if private else None
    found = await joined_accounts(reader) if reader is not None else []
    rows = [[make_home_button(voice, private=private)]]
    if reader is not None and organises(found):
        rows = make_organiser_rows(reader, voice)
    link = make_dashboard_link(reader)
    await reply(
        message,
        render(
            "help.html",
            voice,
            rows,
            private=private,
            dashboard=link,
            **_roles(found),
        ),
    )
    if reader is not None:
        await _offer_commands(message, reader, found)


async def _offer_commands(
    message: Message, person: Person, accounts_of_person: Sequence[AccountView]
) -> None:
    if message.bot is not None:
        await follow_role(message.bot, person, organises=organises(accounts_of_person))


def _roles(accounts_of_person: Sequence[AccountView]) -> dict[str, bool]:
    return {
        "organises": organises(accounts_of_person),
        "checks_in": any(account.has_permission(Permission.CHECK_IN) for account in accounts_of_person),
    }


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


async def record_unblock(_: ChatMemberUpdated, person: Person | None) -> None:
    """The person unblocked the bot, or started it for the first time. (Another bot is no person.)"""
    if person is not None:
        await allow_writing(person)


def router() -> Router:
    made = Router(name="people")
    private = F.chat.type == "private"
    made.my_chat_member.register(record_block, private, ChatMemberUpdatedFilter(LEAVE_TRANSITION))
    made.my_chat_member.register(record_unblock, private, ChatMemberUpdatedFilter(JOIN_TRANSITION))
    made.message.register(help_command, command_named("help"))
    made.message.register(app_command, command_named("app"))
    made.message.register(id_command, command_named("id"))
    made.message.register(start, CommandStart(ignore_case=True, deep_link=False), from_person)
    return made
