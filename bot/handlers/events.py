"""Events: the list of upcoming instances, and one instance."""

from dataclasses import replace
from itertools import groupby

from aiogram import F, Router
from aiogram.filters import CommandObject, CommandStart
from aiogram.types import CallbackQuery, Message

from backend.accounts.queries import account_voice, joined_accounts
from backend.bookings.actions import admit_to_event
from backend.bookings.queries.event import event, next_instance
from backend.bookings.queries.lists import account_upcoming, upcoming
from backend.bookings.queries.people import attendees_for
from backend.bookings.standing_seats import own_standing_seats
from backend.bookings.views import InstanceView
from backend.errors import NotFound
from backend.groups.queries import LinkedGroup
from backend.groups.shown_lists import NumberedList, remember_list
from backend.i18n import Voice
from backend.people.queries import Person
from bot.callback_answers import editable_message
from bot.callbacks import EventListCallback, ShowEventCallback
from bot.cards import MAX_PARTIES, render_event_card
from bot.delivery.client import answer_callback_query, reply, try_to_replace
from bot.filters import command_named, from_person, in_private_chat
from bot.free_text import find_meant, read_typed
from bot.handlers.choices import ask_which, choice_among, choose
from bot.handlers.groups import reply_not_linked
from bot.keyboards.buttons import make_numbered_rows
from bot.keyboards.events import make_event_button
from bot.keyboards.links import make_event_link, make_home_button
from bot.keyboards.lists import make_list_rows
from bot.lists import MAX_ITEMS, list_voice
from bot.rendering import RenderedMessage, Rows, render

START_PREFIX = "e_"


PAGES_MAX = 20  # of a list; the Mini App shows all
NAMED_MAX = 100  # events that words can name
_ACCOUNTS_MAX = 8  # with a button of their own


async def list_bookable(
    person: Person, group: LinkedGroup | None, *, account_id: int | None = None, limit: int = NAMED_MAX
) -> list[InstanceView]:
    """Instances the person can book, soonest first; in a group those of its club (`A1`), as they are for
    everybody who reads there (`M7`)."""
    if group is not None:
        views = await account_upcoming(group.account_id, limit=limit * 2)
    else:
        views = await upcoming(person, account_id=account_id, limit=limit * 2)
    return [view for view in views if view.phase != "cancelled"][:limit]


async def render_personal_card(code: str, person: Person) -> RenderedMessage:
    """An instance for one person, in their language, with their own seat. Raises `NotFound`."""
    await admit_to_event(code, person)
    view = await event(code, person)
    following = await next_instance(view, person) if view.phase in ("ended", "cancelled") else None
    people = await attendees_for(view, limit=MAX_PARTIES)
    regular = any(seat.series_id == view.series_id for seat in await own_standing_seats(person))
    voice = person.voice.or_zone(view.account_zone)
    return render_event_card(view, following, people, voice, private=True, regular=regular)


async def index(
    message: Message, command: CommandObject, person: Person, voice: Voice, group: LinkedGroup | None
) -> None:
    """/events; in the private chat `/events padel` lists those that the words name."""
    if message.chat.type == "private" and command.args:
        typed = read_typed(command.args, voice.language)
        found = find_meant(typed.words, await list_bookable(person, None), voice)
        if found.meant is not None:
            await reply(message, await render_personal_card(found.meant.code, person))
            return
        choice = choice_among(found, typed)
        if not choice.is_unknown:  # several that fit are what was asked for
            choice = replace(choice, typed="")
        await ask_which(message, choice, _show, person, voice, payload="events")
        return
    await reply_with_events(message, person, voice, group)


async def show_list(message: Message, person: Person, voice: Voice) -> None:
    """The list of the private chat, by a link from a group."""
    await reply(message, await render_page(person, voice))


async def reply_with_events(
    message: Message, person: Person, voice: Voice, group: LinkedGroup | None, *, booking: bool = False
) -> None:
    """Reply with the list of /events, which gives /book its numbers; in a group without a club, with how to link one."""
    if message.chat.type == "private":
        rendered = await render_page(person, voice, booking=booking)
    elif group is None:
        await reply_not_linked(message, person)
        return
    else:
        rendered = await _render_for_group(person, group, booking=booking)
    await reply(message, rendered)


async def _render_for_group(person: Person, group: LinkedGroup, *, booking: bool) -> RenderedMessage:
    voice = await account_voice(group.account_id)
    views = await list_bookable(person, group, limit=MAX_ITEMS)
    await remember_list(NumberedList.EVENTS, [view.code for view in views], person, group)
    rows = [[make_home_button(voice, private=False)]]
    return _render_list(views, rows, voice, booking=booking, has_account=True)


async def render_page(
    person: Person, voice: Voice, *, page: int = 0, account_id: int = 0, booking: bool = False
) -> RenderedMessage:
    """A page of the person's list, by day, of all their clubs or of one; buttons for the other pages and the clubs."""
    page = min(page, PAGES_MAX - 1)
    until = (page + 1) * MAX_ITEMS
    found = await list_bookable(person, None, account_id=account_id or None, limit=until + 1)
    listed, views = found[:until], found[until - MAX_ITEMS : until]
    await remember_list(NumberedList.EVENTS, [view.code for view in listed], person)
    accounts = await joined_accounts(person)
    first = until - MAX_ITEMS + 1
    rows = make_numbered_rows([ShowEventCallback(code=view.code) for view in views], first=first)
    has_more = len(found) > until and page + 1 < PAGES_MAX
    rows += make_list_rows(page, account_id, has_more, accounts[:_ACCOUNTS_MAX], voice)
    rows.append([make_home_button(voice)])
    several = not account_id and len({view.account_id for view in views}) > 1
    return _render_list(
        views, rows, voice, booking=booking, has_account=bool(accounts), first=first, several_accounts=several
    )


def _render_list(
    views: list[InstanceView],
    rows: Rows,
    voice: Voice,
    *,
    booking: bool,
    has_account: bool,
    first: int = 1,
    several_accounts: bool = False,
) -> RenderedMessage:
    voice = list_voice(voice, views)
    return render(
        "events.html",
        voice,
        rows,
        days=[
            (day, list(of_day))
            for day, of_day in groupby(
                enumerate(views, first), lambda item: voice.day_name(item[1].starts_at, voice.zone or "UTC")
            )
        ],
        booking=booking,
        links={view.code: make_event_link(view.code) for view in views},
        several_accounts=several_accounts,
        has_account=has_account,
    )


async def turn_page(
    query: CallbackQuery, callback_data: EventListCallback, person: Person, voice: Voice
) -> None:
    """Another page of the list, or that of another club."""
    message = editable_message(query)
    if message is not None:
        page, account_id = callback_data.page, callback_data.account_id
        await try_to_replace(message, await render_page(person, voice, page=page, account_id=account_id))
    await answer_callback_query(query)


async def event_command(
    message: Message, command: CommandObject, person: Person, voice: Voice, group: LinkedGroup | None
) -> None:
    """/event with an event: that event with the reader's seat, and in a group as everybody may read it (`M7`)."""
    typed = read_typed(command.args, voice.language)

    async def listed() -> list[InstanceView]:
        return await list_bookable(person, group)

    choice = await choose(NumberedList.EVENTS, typed, listed, person, voice, group, nearest=True)
    if choice.code is None:
        await ask_which(message, choice, _show, person, voice, payload="events")
        return
    if message.chat.type == "private":
        await reply(message, await render_personal_card(choice.code, person))
        return
    view = next((view for view in await listed() if view.code == choice.code), None)
    if view is None:
        raise NotFound()
    voice = (await account_voice(view.account_id)).or_zone(view.account_zone)
    rows = [[make_event_button(view, voice, private=False)]]
    await reply(message, _render_list([view], rows, voice, booking=False, has_account=True))


def _show(view: InstanceView) -> ShowEventCallback:
    return ShowEventCallback(code=view.code)


async def show_linked(message: Message, command: CommandObject, person: Person) -> None:
    """`/start e_<code>`: the instance of a link."""
    code = (command.args or "").removeprefix(START_PREFIX)
    await reply(message, await render_personal_card(code, person))


async def show(query: CallbackQuery, callback_data: ShowEventCallback, person: Person) -> None:
    """The instance of a tapped number."""
    rendered = await render_personal_card(callback_data.code, person)
    message = editable_message(query)
    if message is not None:
        await reply(message, rendered)
    await answer_callback_query(query)


def router() -> Router:
    made = Router(name="events")
    made.message.register(index, command_named("events"), from_person)
    made.message.register(event_command, command_named("event"), from_person)
    made.callback_query.register(turn_page, EventListCallback.filter(), from_person)
    made.message.register(
        show_linked,
        CommandStart(ignore_case=True, deep_link=True, magic=F.args.startswith(START_PREFIX)),
        in_private_chat,
        from_person,
    )
    made.callback_query.register(show, ShowEventCallback.filter(), from_person)
    return made
