"""Replies to commands about one's own seat: by what happened, for the person or for the group they wrote in (`M7`)."""

from collections.abc import Awaitable, Mapping
from dataclasses import replace

from aiogram.types import InlineKeyboardButton, Message

from backend.bookings.actions import admit_to_event
from backend.bookings.queries.event import event
from backend.bookings.views import InstanceView
from backend.errors import Busy, Invalid, NotFound, Refusal
from backend.i18n import N_, Voice, Words
from backend.people.queries import Person
from backend.seats.refusals import Begun, Cancelled, Closed, Ended, NotOpen
from backend.seats.requests import Outcome
from backend.typed_text import unlinked
from bot.delivery.client import reply, try_to_send
from bot.delivery.ephemeral import show_to_one
from bot.handlers.redirects import redirect_from_group
from bot.keyboards.events import make_event_button, make_event_rows
from bot.keyboards.links import make_private_chat_button
from bot.rendering import RenderedMessage, render

CANNOT_NOTIFY = N_("Press Start in a chat with me so I can tell you.")
# What a group reads of outcomes that everybody there may read: a sentence about the person and its plural,
# instead of one that speaks to them. Other outcomes are told to the person alone.
_ABOUT_PERSON: Mapping[str, Words] = {
    N_("You’re in. See you %(when)s."): Words(N_("%(name)s is in. See you %(when)s.")),
    N_("You’re in, with %(n)s guest. See you %(when)s."): Words(
        N_("%(name)s is in, with %(n)s guest. See you %(when)s."),
        plural=N_("%(name)s is in, with %(n)s guests. See you %(when)s."),
    ),
    N_(
        "You’re in. See you %(when)s. You can leave freely for %(minutes)s minutes; after that it counts."
    ): Words(N_("%(name)s is in. See you %(when)s. Leaving is free for %(minutes)s minutes.")),
    N_(
        "You’re in, with %(n)s guest. See you %(when)s. You can leave freely for %(minutes)s minutes; after that it counts."
    ): Words(
        N_("%(name)s is in, with %(n)s guest. See you %(when)s. Leaving is free for %(minutes)s minutes."),
        plural=N_(
            "%(name)s is in, with %(n)s guests. See you %(when)s. Leaving is free for %(minutes)s minutes."
        ),
    ),
    N_("You’re in. It has begun."): Words(N_("%(name)s is in. It has begun.")),
    N_("You’re in, with %(n)s guest. It has begun."): Words(
        N_("%(name)s is in, with %(n)s guest. It has begun."),
        plural=N_("%(name)s is in, with %(n)s guests. It has begun."),
    ),
    N_("You’ve left."): Words(N_("%(name)s has left.")),
    N_("You’ve left the line."): Words(N_("%(name)s has left the line.")),
    N_("You’ve left. Your seat went to someone who was waiting."): Words(
        N_("%(name)s has left. The seat went to the next in line.")
    ),
}
# Refusals that are the same for everybody.
_ABOUT_DATE = (NotOpen, Closed, Ended, Cancelled, Begun)


async def reply_with_outcome(
    message: Message, code: str, action: Awaitable[Outcome], person: Person, voice: Voice
) -> None:
    """Run the action of a command and reply with its outcome, with buttons for what is next. In a group everybody
    reads who comes, and what is so of the date; the rest is the person's own, and is told in private (`M7`)."""
    is_about_date = False
    try:
        words = (await action).words
    except (NotFound, Busy, Invalid):
        raise
    except Refusal as refusal:
        words, is_about_date = refusal.words, isinstance(refusal, _ABOUT_DATE)
    await admit_to_event(code, person)
    view = await event(code, person)
    if message.chat.type == "private":
        await reply(message, render_outcome(view, words, voice))
        return
    if words.message in _ABOUT_PERSON:
        words, is_about_date = _about_person(words, person.first_name), True
    if is_about_date:
        rows = [[make_event_button(view, voice, private=False)]]
        shown = render("booking_outcome.html", voice.or_zone(view.account_zone), rows, view=view, words=words)
        await reply(message, shown)
        return
    # Telegram does not promise to deliver what only one person sees: whoever can be written to has it in private too.
    is_shown = await show_to_one(message, person.telegram_id, _render_for_one(view, words, person))
    if person.reachable and message.bot is not None:
        await try_to_send(message.bot, person.telegram_id, render_outcome(view, words, person.voice))
    if is_shown:
        return
    more = "" if person.reachable else voice.gettext(CANNOT_NOTIFY)
    await redirect_from_group(message, voice, f"e_{code}", more=more)


def _render_for_one(view: InstanceView, words: Words, person: Person) -> RenderedMessage:
    """The outcome for the person alone, in the group where they asked; the way to Start for whom the bot cannot write to."""
    voice = person.voice.or_zone(view.account_zone)
    rows = [[make_event_button(view, voice, private=False)]]
    if not person.reachable:
        rows.append(make_start_row(person.voice, view.code))
    return render("booking_outcome.html", voice, rows, view=view, words=words)


def make_start_row(voice: Voice, code: str) -> list[InlineKeyboardButton]:
    """Leads from a group to Start, so that the bot may write about this event."""
    return [make_private_chat_button(voice.gettext(N_("Start the private chat")), f"e_{code}")]


def render_outcome(view: InstanceView, words: Words, voice: Voice) -> RenderedMessage:
    """The outcome of a command for the person alone."""
    rows = make_event_rows(view, None, voice, private=True)
    return render("booking_outcome.html", voice.or_zone(view.account_zone), rows, view=view, words=words)


def _about_person(words: Words, name: str) -> Words:
    """The words of an outcome as a sentence about the person, for a group."""
    about = _ABOUT_PERSON[words.message]
    values = {**words.values, "name": unlinked(name)}
    return replace(words, message=about.message, plural=about.plural, values=values)
