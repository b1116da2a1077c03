"""Events: the list of upcoming instances, and one instance."""

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
from backend.groups.queries import LinkedGroup
from backend.groups.shown_lists import NumberedList, remember_list
from backend.i18n import Voice
from backend.people.queries import Person
from bot.callback_answers import editable_message
from bot.callbacks import ShowEventCallback
from bot.cards import MAX_PARTIES, render_event_card
from bot.delivery.client import answer_callback_query, reply
from bot.filters import command_named, from_person, in_private_chat
from bot.handlers.groups import reply_not_linked
from bot.keyboards.buttons import make_numbered_rows
from bot.keyboards.links import make_event_link, make_home_button
from bot.lists import MAX_ITEMS, list_voice
from bot.rendering import RenderedMessage, render

START_PREFIX = "e_"


async def list_bookable(person: Person, group: LinkedGroup | None) -> list[InstanceView]:
    """Instances the person can book, soonest first; in a group those of its club (`A1`), as they are for
    everybody who reads there (`M7`)."""
    if group is not None:
        views = await account_upcoming(group.account_id, limit=MAX_ITEMS * 2)
    else:
        views = await upcoming(person, limit=MAX_ITEMS * 2)
    return [view for view in views if view.phase != "cancelled"][:MAX_ITEMS]


async def render_personal_card(code: str, person: Person) -> RenderedMessage:
    """An instance for one person, in their language, with their own seat. Raises `NotFound`."""
    await admit_to_event(code, person)
    view = await event(code, person)
    following = await next_instance(view, person) if view.phase in ("ended", "cancelled") else None
    people = await attendees_for(view, limit=MAX_PARTIES)
    regular = any(seat.series_id == view.series_id for seat in await own_standing_seats(person))
    voice = person.voice.or_zone(view.account_zone)
    return render_event_card(view, following, people, voice, private=True, regular=regular)


async def index(message: Message, person: Person, voice: Voice, group: LinkedGroup | None) -> None:
    """/events"""
    if message.chat.type != "private" and group is None:
        await reply_not_linked(message, person)
        return
    await reply(message, await render_event_list(message, person, voice, group))


async def render_event_list(
    message: Message,
    person: Person,
    voice: Voice,
    group: LinkedGroup | None,
    *,
    booking: bool = False,
) -> RenderedMessage:
    """The list of /events, which gives /book its numbers."""
    views = await list_bookable(person, group)
    await remember_list(NumberedList.EVENTS, [view.code for view in views], person, group)
    private = message.chat.type == "private"
    if group is not None:
        voice = await account_voice(group.account_id)
    rows = make_numbered_rows([ShowEventCallback(code=view.code) for view in views]) if private else []
    return render(
        "events.html",
        list_voice(voice, views),
        [*rows, [make_home_button(voice, private=private)]],
        views=views,
        booking=booking,
        links={view.code: make_event_link(view.code) for view in views},
        several_accounts=len({view.account_id for view in views}) > 1,
        has_account=group is not None or bool(await joined_accounts(person)),
    )


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
    made.message.register(
        show_linked,
        CommandStart(ignore_case=True, deep_link=True, magic=F.args.startswith(START_PREFIX)),
        in_private_chat,
        from_person,
    )
    made.callback_query.register(show, ShowEventCallback.filter(), from_person)
    return made
