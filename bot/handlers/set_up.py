"""Setting up a group in the private chat with whoever added the bot: its club, the bot's rights, its topics (`A6`).

Buttons name the chat, and a changed client can name any: each tap asks Telegram whether this person administers it.
"""

from aiogram import Bot, Router
from aiogram.exceptions import TelegramAPIError
from aiogram.types import CallbackQuery

from backend.accounts.queries import accounts_with, authorize
from backend.accounts.rules import Permission
from backend.errors import Forbidden, NotFound
from backend.groups.queries import LinkedGroup, Topic, group_of_chat, groups
from backend.i18n import N_, Voice
from backend.linking.actions import choose_card_topic, link_group, link_new_account
from backend.outbox.states import SendResult
from backend.people.queries import Person
from backend.typed_text import clean_line
from bot.callback_answers import answer_and_replace
from bot.callbacks import SetUpAction, SetUpCallback
from bot.delivery.client import send
from bot.delivery.errors import classify_error
from bot.delivery.profile import GroupFacts, look_at_group
from bot.filters import from_person
from bot.handlers.people import render_next_steps
from bot.keyboards.groups import ALL_ZONES, make_set_up_rows, make_set_up_zone_rows, make_state_rows
from bot.rendering import RenderedMessage, render
from bot.zone_choices import OFFERED_ZONES, guess_zone

_MAX_ACCOUNT_NAME_LENGTH = 80
_TOPICS_SHOWN = 20
NOT_ADMINISTRATOR = N_("Only an administrator of this group can do this.")


async def begin_set_up(bot: Bot, chat_id: int, title: str, person: Person) -> bool:
    """Ask the person in private which club the group belongs to; False where the bot may not write to them."""
    if not person.reachable:
        return False
    managed = await accounts_with(person, Permission.MANAGE_GROUPS)
    rows = make_set_up_rows(chat_id, managed, person.voice)
    try:
        await send(
            bot, person.telegram_id, render("set_up.html", person.voice, rows, title=title, accounts=managed)
        )
    except TelegramAPIError as error:
        if classify_error(error).result is not SendResult.GONE:
            raise
        return False
    return True


async def act(
    query: CallbackQuery, callback_data: SetUpCallback, bot: Bot, person: Person, voice: Voice
) -> None:
    """Link the group to a club, make a club of it, look again at rights and topics, or choose where cards appear."""
    facts = await look_at_group(bot, callback_data.chat_id, person.telegram_id)
    if facts is None or not facts.is_administered_by_person:
        raise Forbidden(NOT_ADMINISTRATOR)
    match callback_data.action:
        case SetUpAction.LINK:
            if not (callback_data.value.isascii() and callback_data.value.isdecimal()):
                raise NotFound()
            await link_group(
                person,
                int(callback_data.value[:18]),
                chat_id=facts.chat_id,
                title=facts.title,
                forum=facts.is_forum,
            )
        case SetUpAction.CREATE:
            zone = callback_data.value or person.zone or ""
            if zone not in OFFERED_ZONES and zone != person.zone:
                await _ask_for_zone(query, facts, person, voice, all_zones=zone == ALL_ZONES)
                return
            account_id = await create_account_of_group(
                person, voice, zone, chat_id=facts.chat_id, title=facts.title, forum=facts.is_forum
            )
            account = await authorize(person, account_id, Permission.MANAGE_GROUPS)
            await send(bot, person.telegram_id, render_next_steps(account, person))
        case SetUpAction.TOPIC:
            await _choose_topic(facts, callback_data.value, person)
        case SetUpAction.LOOK:
            pass
    await answer_and_replace(query, voice, await _render_state(facts, person, voice))


async def _ask_for_zone(
    query: CallbackQuery, facts: GroupFacts, person: Person, voice: Voice, *, all_zones: bool
) -> None:
    rows = make_set_up_zone_rows(facts.chat_id, guess_zone_of(query, person), voice, all_zones=all_zones)
    await answer_and_replace(query, voice, render("account_zone.html", voice, rows))


def guess_zone_of(query: CallbackQuery, person: Person) -> str:
    """The zone of whoever taps, or what their language suggests."""
    return person.zone or guess_zone(query.from_user.language_code)


async def create_account_of_group(
    person: Person, voice: Voice, zone: str, *, chat_id: int, title: str, forum: bool
) -> int:
    """Make a club that is named after the group, in the person's language, and link the group to it; its id."""
    return await link_new_account(
        person,
        clean_line(title)[:_MAX_ACCOUNT_NAME_LENGTH] or voice.gettext(N_("Our club")),
        zone=zone,
        language=person.language,
        chat_id=chat_id,
        title=title,
        forum=forum,
    )


async def _render_state(facts: GroupFacts, person: Person, voice: Voice) -> RenderedMessage:
    """The group's club, what the bot lacks there and what for, and the topics that it knows. Raises `NotFound`."""
    group = await group_of_chat(facts.chat_id)
    if group is None:
        raise NotFound()
    account = await authorize(person, group.account_id, Permission.MANAGE_GROUPS)
    topics = await _topics(group) if facts.is_forum else []
    rows = make_state_rows(facts.chat_id, topics, group.card_topic_id, voice)
    return render("set_up_state.html", voice, rows, facts=facts, account=account, topics=topics)


async def _topics(group: LinkedGroup) -> list[Topic]:
    known = next((each.topics for each in await groups(group.account_id) if each.id == group.id), ())
    return [topic for topic in known if topic.name and not topic.closed][:_TOPICS_SHOWN]


async def _choose_topic(facts: GroupFacts, value: str, person: Person) -> None:
    group = await group_of_chat(facts.chat_id)
    if group is None or not (value == "" or (value.isascii() and value.isdecimal())):
        raise NotFound()
    await choose_card_topic(person, group.account_id, group.id, int(value[:18]) if value else None)


def router() -> Router:
    made = Router(name="set up")
    made.callback_query.register(act, SetUpCallback.filter(), from_person)
    return made
