"""/seat and /remove: an organiser seats who waits, or takes a party off a date (`B10`)."""

from aiogram import Router
from aiogram.filters import CommandObject
from aiogram.filters.callback_data import CallbackData
from aiogram.types import CallbackQuery, Message

from backend.accounts.rules import Permission
from backend.bookings import actions as bookings
from backend.bookings.roster import RosterEntry, RosterKind, roster, roster_entry
from backend.bookings.views import InstanceView
from backend.errors import Invalid, NotFound
from backend.groups.shown_lists import NumberedList
from backend.i18n import N_, Voice, Words
from backend.people.queries import Person
from backend.seats.requests import Outcome, OutcomeKind, Via
from bot.callback_answers import answer_and_replace
from bot.delivery.client import reply
from bot.filters import command_named, from_person
from bot.free_text import read_typed
from bot.handlers.choices import ask_which, choose_organised
from bot.handlers.organising import load_authorized, load_with_account, organised
from bot.handlers.redirects import redirect_from_group
from bot.keyboards.buttons import make_callback_button, make_numbered_rows
from bot.keyboards.events import make_event_button
from bot.organiser_callbacks import ManageAction, ManageCallback, PartyAction, PartyCallback
from bot.rendering import RenderedMessage, Rows, plain, render

_PARTIES_MAX = 30  # of each list; the app shows all


async def seat(message: Message, command: CommandObject, person: Person, voice: Voice) -> None:
    """/seat with an event. Raises `Forbidden`, `NotFound`, `Invalid`."""
    await _show(message, command.args, person, voice, PartyAction.WAITING)


async def remove(message: Message, command: CommandObject, person: Person, voice: Voice) -> None:
    """/remove with an event. Raises what `seat` does."""
    await _show(message, command.args, person, voice, PartyAction.LISTED)


async def ask_to_seat(message: Message, person: Person, voice: Voice) -> None:
    """/seat without an event."""
    await _show(message, None, person, voice, PartyAction.WAITING)


async def ask_to_remove(message: Message, person: Person, voice: Voice) -> None:
    """/remove without an event."""
    await _show(message, None, person, voice, PartyAction.LISTED)


async def _show(
    message: Message, text: str | None, person: Person, voice: Voice, listing: PartyAction
) -> None:
    seats = listing is PartyAction.WAITING
    payload = "seat" if seats else "remove"
    if await redirect_from_group(message, voice, payload):
        return
    views = [
        view
        for view in await organised(person, Permission.MANAGE_BOOKINGS)
        if view.phase != "cancelled" and (view.waiting or (view.booked and not seats))
    ]

    def button(view: InstanceView) -> CallbackData:
        return PartyCallback(action=listing, code=view.code)

    typed = read_typed(text, voice.language)
    choice = await choose_organised(NumberedList.ORGANISED, typed, views, person, voice)
    if choice.code is not None:
        await reply(message, await _render_list(choice.code, listing, person, voice))
    elif not views:
        nobody = N_("Nobody is waiting for a seat.") if seats else N_("Nobody has booked yet.")
        await reply(message, plain(voice.gettext(nobody)))
    else:
        await ask_which(message, choice, button, person, voice, payload=payload)


async def tap(query: CallbackQuery, callback_data: PartyCallback, person: Person, voice: Voice) -> None:
    """A button under a list of parties, or under the question about one. Raises `Forbidden`, `NotFound`, and the refusals
    of seats."""
    code, membership_id = callback_data.code, callback_data.membership_id
    done: Words | None = None
    match callback_data.action:
        case PartyAction.WAITING | PartyAction.LISTED as listing:
            rendered = await _render_list(code, listing, person, voice)
        case PartyAction.ASK_TO_SEAT | PartyAction.ASK_TO_REMOVE as asked:
            rendered = await _render_question(code, membership_id, asked, person, voice)
        case PartyAction.SEAT | PartyAction.SEAT_OVER as action:
            done = await _seat(code, membership_id, person, over=action is PartyAction.SEAT_OVER)
            rendered = await _render_list(code, PartyAction.WAITING, person, voice)
        case PartyAction.REMOVE:
            done = await _remove(code, membership_id, person)
            rendered = await _render_list(code, PartyAction.LISTED, person, voice)
    await answer_and_replace(query, voice, rendered, done)


async def load_party(view: InstanceView, membership_id: int) -> RosterEntry:
    """Somebody of the date's club, with what they have of the date. Raises `NotFound`."""
    party = await roster_entry(view.id, view.account_id, membership_id)
    if party is None:
        raise NotFound()
    return party


async def _seat(code: str, membership_id: int, person: Person, *, over: bool) -> Words:
    """Seat a party that waits; what the organiser reads. Raises `Invalid` when it waits no longer."""
    view = await load_authorized(code, person, Permission.MANAGE_BOOKINGS)
    party = await load_party(view, membership_id)
    if not party.size:
        raise Invalid(N_("%(name)s isn’t in line any more."), name=party.name)
    outcome = await bookings.seat(code, person, membership_id, over=over, via=Via.COMMAND)
    return seated_message(party.name, outcome)


def seated_message(name: str, outcome: Outcome) -> Words:
    """What an organiser reads who gave this party its seats, or would have."""
    values = {"name": name}
    if outcome.kind is OutcomeKind.ALREADY:
        return Words(N_("%(name)s is on the list already. Nothing has changed."), values)
    return Words(N_("%(name)s has %(n)s seat."), values, N_("%(name)s has %(n)s seats."), outcome.seats)


async def _remove(code: str, membership_id: int, person: Person) -> Words:
    """Take a party off the date; what the organiser reads."""
    view = await load_authorized(code, person, Permission.MANAGE_BOOKINGS)
    party = await load_party(view, membership_id)
    outcome = await bookings.remove(code, person, membership_id, via=Via.COMMAND)
    if outcome.kind is OutcomeKind.ALREADY:
        return Words(N_("%(name)s was off the list already."), {"name": party.name})
    return Words(N_("%(name)s is off the list."), {"name": party.name})


async def _render_list(code: str, listing: PartyAction, person: Person, voice: Voice) -> RenderedMessage:
    view = await load_authorized(code, person, Permission.MANAGE_BOOKINGS)
    seats = listing is PartyAction.WAITING
    kinds = [RosterKind.WAITLIST] if seats else [RosterKind.SEATED, RosterKind.WITHOUT_SEAT]
    pages = [await roster(view.id, kind, limit=_PARTIES_MAX, language=voice.language) for kind in kinds]
    parties = [party for page in pages for party in page.entries]
    action = PartyAction.ASK_TO_SEAT if seats else PartyAction.ASK_TO_REMOVE
    numbers = make_numbered_rows(
        [PartyCallback(action=action, code=code, membership_id=party.membership_id) for party in parties]
    )
    of_date = ManageCallback(action=ManageAction.PEOPLE, code=code)
    people = make_callback_button(voice.gettext(N_("People")), of_date)
    return render(
        "managed_parties.html",
        voice.or_zone(view.account_zone),
        [*numbers, [people], [make_event_button(view, voice, private=True)]],
        view=view,
        seats=seats,
        parties=parties,
        more=sum(page.total for page in pages) - len(parties),
    )


async def _render_question(
    code: str, membership_id: int, asked: PartyAction, person: Person, voice: Voice
) -> RenderedMessage:
    """What seating or removing the party would mean, and the button that does it."""
    view, account = await load_with_account(code, person, Permission.MANAGE_BOOKINGS)
    party = await load_party(view, membership_id)
    seats = asked is PartyAction.ASK_TO_SEAT
    over = party.waiting - view.free if seats and view.free is not None else 0

    def button(label: str, action: PartyAction, style: str | None = None) -> Rows:
        data = PartyCallback(action=action, code=code, membership_id=membership_id)
        return [[make_callback_button(voice.gettext(label), data, style=style)]]

    if not seats:
        confirm = button(N_("Remove from the list"), PartyAction.REMOVE, "danger")
    elif over <= 0:
        confirm = button(N_("Give a seat"), PartyAction.SEAT, "primary")
    elif account.has_permission(Permission.OVERBOOK):
        confirm = button(N_("Seat them over the limit"), PartyAction.SEAT_OVER, "danger")
    else:
        confirm = []
    back = PartyCallback(action=PartyAction.WAITING if seats else PartyAction.LISTED, code=code)
    rows = [*confirm, [make_callback_button(voice.gettext(N_("Back")), back)]]
    return render("managed_party.html", voice, rows, party=party, seats=seats, over=max(0, over))


def router() -> Router:
    made = Router(name="parties")
    made.message.register(seat, command_named("seat"), from_person)
    made.message.register(remove, command_named("remove"), from_person)
    made.callback_query.register(tap, PartyCallback.filter(), from_person)
    return made
