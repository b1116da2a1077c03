"""/list and /people: the dates of an organiser's clubs, each with what can be done from the chat (`B10`, `C1`)."""

from aiogram import Router
from aiogram.filters import CommandObject
from aiogram.filters.callback_data import CallbackData
from aiogram.types import CallbackQuery, InlineKeyboardButton, Message

from backend.accounts.queries import AccountView, authorize, permitted_accounts
from backend.accounts.rules import Permission
from backend.bookings.organiser import authorized_attendance
from backend.bookings.queries.event import event
from backend.bookings.queries.lists import upcoming
from backend.bookings.views import InstanceView
from backend.cards.actions import post_card
from backend.conversations.actions import ConversationKind, end_conversation
from backend.groups.shown_lists import NumberedList, remember_list
from backend.i18n import N_, Voice, Words
from backend.people.queries import Person
from bot.callback_answers import answer_and_replace
from bot.delivery.client import reply
from bot.filters import command_named, from_person
from bot.free_text import read_typed
from bot.handlers.choices import ask_which, choose_organised
from bot.handlers.events import NAMED_MAX
from bot.handlers.redirects import redirect_from_group
from bot.keyboards.buttons import make_callback_button, make_numbered_rows
from bot.keyboards.date_changes import make_change_rows
from bot.keyboards.events import make_event_button
from bot.keyboards.links import make_home_button
from bot.lists import MAX_ITEMS, list_voice
from bot.organiser_callbacks import ManageAction, ManageCallback, PartyAction, PartyCallback
from bot.rendering import RenderedMessage, Rows, render

_PEOPLE_MAX = 60  # of each list, in a message


async def index(message: Message, person: Person, voice: Voice) -> None:
    """/list: the next dates of the clubs that the person organises. Raises `Forbidden`."""
    if not await redirect_from_group(message, voice, "list"):
        await reply(message, await render_list(person, voice))


async def render_list(person: Person, voice: Voice) -> RenderedMessage:
    views = (await organised(person, Permission.MANAGE_EVENTS))[:MAX_ITEMS]
    await remember_list(NumberedList.ORGANISED, [view.code for view in views], person)
    voice = list_voice(voice, views)
    numbers = make_numbered_rows([_manage(view) for view in views])
    return render("managed.html", voice, [*numbers, [make_home_button(voice)]], views=views)


async def load_with_account(
    code: str, person: Person, permission: Permission
) -> tuple[InstanceView, AccountView]:
    """A date and its club, for anyone who has the permission there. Raises `Forbidden`, `NotFound`."""
    view = await event(code, person)
    return view, await authorize(person, view.account_id, permission)


async def load_authorized(code: str, person: Person, permission: Permission) -> InstanceView:
    """The date alone. Raises what `load_with_account` does."""
    view, _ = await load_with_account(code, person, permission)
    return view


async def organised(person: Person, permission: Permission) -> list[InstanceView]:
    """The dates ahead of the clubs in which the person has the permission. Raises `Forbidden` without such a club."""
    accounts = {account.id for account in await permitted_accounts(person, permission)}
    views = await upcoming(person, limit=NAMED_MAX)
    return [view for view in views if view.account_id in accounts]


def _manage(view: InstanceView, action: ManageAction = ManageAction.SHOW) -> ManageCallback:
    return ManageCallback(action=action, code=view.code)


async def people(message: Message, command: CommandObject, person: Person, voice: Voice) -> None:
    """/people with an event: who comes and who waits, for organisers and helpers, in private. Raises `Forbidden`."""
    if await redirect_from_group(message, voice, "list"):
        return
    views = await organised(person, Permission.SEE_PEOPLE)

    typed = read_typed(command.args, voice.language)
    choice = await choose_organised(NumberedList.ORGANISED, typed, views, person, voice)
    if choice.code is not None:
        await reply(message, await _render_people(choice.code, person, voice))
        return

    def button(view: InstanceView) -> CallbackData:
        return _manage(view, ManageAction.PEOPLE)

    await ask_which(message, choice, button, person, voice, payload="list")


async def tap(query: CallbackQuery, callback_data: ManageCallback, person: Person, voice: Voice) -> None:
    """A button of the list, or under one of its dates. Raises `Forbidden`, and what `post_card` does."""
    code = callback_data.code
    done: Words | None = None
    match callback_data.action:
        case ManageAction.POST:
            await post_card(person, code)
            done = Words(N_("The card will be in the group in a moment."))
            rendered = await render_date(code, person, voice)
        case ManageAction.PEOPLE:
            rendered = await _render_people(code, person, voice)
        case ManageAction.SHOW:
            await end_conversation(person, ConversationKind.CHANGE_DATE)  # back from its questions
            rendered = await render_date(code, person, voice)
        case ManageAction.BACK:
            rendered = await render_list(person, voice)
    await answer_and_replace(query, voice, rendered, done)


async def render_date(code: str, person: Person, voice: Voice) -> RenderedMessage:
    view, account = await load_with_account(code, person, Permission.MANAGE_EVENTS)
    rows = _make_rows(view, account, voice)
    return render("managed_date.html", voice.or_zone(view.account_zone), rows, view=view)


def _make_rows(view: InstanceView, account: AccountView, voice: Voice, *, of_people: bool = False) -> Rows:
    """The buttons under a date or its people, for what this member of the club may do."""

    def button(label: str, data: CallbackData) -> InlineKeyboardButton:
        return make_callback_button(voice.gettext(label), data)

    acts, back = [], []
    changes: Rows = []
    if of_people and account.has_permission(Permission.MANAGE_BOOKINGS):
        if view.waiting:
            acts.append(button(N_("Give a seat"), PartyCallback(action=PartyAction.WAITING, code=view.code)))
        if view.booked or view.waiting:
            acts.append(
                button(N_("Remove somebody"), PartyCallback(action=PartyAction.LISTED, code=view.code))
            )
    if not of_people:
        acts.append(button(N_("People"), _manage(view, ManageAction.PEOPLE)))
        acts.append(button(N_("Post the card"), _manage(view, ManageAction.POST)))
        changes = make_change_rows(view, voice)
    if account.has_permission(Permission.MANAGE_EVENTS):
        back.append(button(N_("Back"), _manage(view, ManageAction.SHOW if of_people else ManageAction.BACK)))
    return [row for row in (acts, *changes, [make_event_button(view, voice, private=True)], back) if row]


async def _render_people(code: str, person: Person, voice: Voice) -> RenderedMessage:
    view, account = await load_with_account(code, person, Permission.SEE_PEOPLE)
    attendees = await authorized_attendance(code, person)
    seated = [each for each in attendees if each.seats]
    waiting = sorted((each for each in attendees if each.wanted), key=lambda each: each.place or 0)
    return render(
        "managed_people.html",
        voice.or_zone(view.account_zone),
        _make_rows(view, account, voice, of_people=True),
        view=view,
        seated=seated[:_PEOPLE_MAX],
        waiting=waiting[:_PEOPLE_MAX],
        more=max(0, len(seated) - _PEOPLE_MAX) + max(0, len(waiting) - _PEOPLE_MAX),
    )


def router() -> Router:
    made = Router(name="organising")
    made.message.register(index, command_named("list"), from_person)
    made.message.register(people, command_named("people"), from_person)
    made.callback_query.register(tap, ManageCallback.filter(), from_person)
    return made
