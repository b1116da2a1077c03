"""How what must be told is worded: when it is sent, in the language its reader reads at that moment (`M1`).

A new kind is one line here: about a date, in `ABOUT_DATES` with its buttons and a template `letters/<kind>.html`; about
anything else, in `OTHERS` with a function that writes the sheet.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from aiogram.types import InlineKeyboardButton

from backend.announcements.queries import announcement
from backend.bookings.queries.event import instance_for_card
from backend.bookings.views import InstanceView
from backend.cards.queries import card
from backend.errors import NotFound
from backend.i18n import N_, Voice
from backend.messages.queries import Delivery
from backend.polls.queries import poll_for_card
from bot.announcements import announced
from bot.calendar_files import date_file
from bot.callbacks import SeatAction, ShowPollCallback
from bot.keyboards.events import (
    make_event_button,
    make_event_rows,
    make_minimum_row,
    make_moved_row,
    make_other_date_button,
)
from bot.keyboards.groups import make_repost_rows
from bot.keyboards.polls import make_poll_button
from bot.keyboards.seats import (
    make_keep_button,
    make_leave_button,
    make_offer_row,
    make_seat_button,
    make_waitlist_take_button,
)
from bot.rendering import RenderedMessage, Rows, render


@dataclass(frozen=True, slots=True)
class About:
    """A letter and the date it is about; `following` is the next date of the series."""

    letter: Delivery
    view: InstanceView
    following: InstanceView | None

    @property
    def voice(self) -> Voice:
        return self.letter.voice


async def render_message(letter: Delivery) -> RenderedMessage:
    """The message as a sheet. Raises `LookupError` for a kind this version does not know, or a date that is gone."""
    if letter.kind in OTHERS:
        return await OTHERS[letter.kind](letter)
    if letter.kind not in ABOUT_DATES or letter.instance_id is None:
        raise LookupError(f"a message of the kind {letter.kind!r}")
    found = await instance_for_card(letter.instance_id, None if letter.place else letter.person)
    if found is None:
        raise LookupError(f"the date {letter.instance_id} is gone")
    view, following = found
    voice = letter.voice
    about = About(letter, view, following)
    if not _still_so(letter.kind, view):
        rows = make_event_rows(view, following, voice, private=True)
        return render("letters/standing.html", voice, rows, view=view)
    return render(
        f"letters/{letter.kind}.html",
        voice,
        ABOUT_DATES[letter.kind](about),
        view=view,
        following=following,
        when=f"{voice.date(view.starts_at, view.zone)}, {voice.hour(view.starts_at, view.zone)}",
        seats=letter.seats,
        about=letter.number("seats"),
        went_on=letter.went_on,
        reason=str(letter.detail.get("reason", "")),
        detail=letter.detail,
        until=_until(letter, view),
        asked=bool(letter.detail.get("asked")),
        was=_known_before(letter, view),
    )


def _still_so(kind: str, view: InstanceView) -> bool:
    """Somebody may have tapped while the message was on its way: then it says how they stand."""
    mine = view.mine
    if kind == "offer":
        return bool(mine and mine.held)
    if kind in ("lapsed", "to-line"):
        return bool(mine and mine.waiting)
    return kind != "first-tap" or bool(view.takeable)


def _known_before(letter: Delivery, view: InstanceView) -> datetime:
    """When its reader knew the date to be, before it moved (`S6`)."""
    was = letter.detail.get("was")
    return datetime.fromisoformat(str(was)) if was else view.original_start


def _until(letter: Delivery, view: InstanceView) -> str:
    """Until when it holds, where it says so; else empty."""
    until = letter.detail.get("until")
    return letter.voice.moment(datetime.fromisoformat(str(until)), view.zone) if until else ""


# --- buttons of what is about a date ---


def _open(about: About) -> Rows:
    return [[make_event_button(about.view, about.voice, private=True)]]


def _open_or_give_up(about: About) -> Rows:
    [row] = _open(about)
    if about.view.can_leave_freely:
        row.append(
            make_seat_button(about.voice.say(N_("I can’t come")), SeatAction.CANNOT_COME, about.view.code)
        )
    return [row]


def _join(about: About) -> Rows:
    [[opens]] = _open(about)
    return [[make_seat_button(about.voice.say(N_("Join")), SeatAction.JOIN, about.view.code), opens]]


def _still_coming(about: About) -> Rows:
    asked = about.letter.detail.get("asked")
    return [*([make_moved_row(about.view, about.voice)] if asked else []), *_open(about)]


def _run_it_or_not(about: About) -> Rows:
    return [make_minimum_row(about.view, about.voice), *_open(about)]


def _next_date(about: About) -> Rows:
    return [[make_other_date_button(about.following, about.voice, private=True)]] if about.following else []


def _take_or_pass(about: About) -> Rows:
    return [make_offer_row(about.view, about.voice)]


def _take_what_is_free(about: About) -> Rows:
    taking = make_waitlist_take_button(about.view, about.voice)
    return [*([[taking]] if taking else []), *_open(about)]


def _open_or_keep(about: About) -> Rows:
    [row] = _open(about)
    if about.view.mine and about.view.mine.is_releasing:
        row.append(make_keep_button(about.view, about.voice))
    return [row]


def _open_or_leave(about: About) -> Rows:
    [row] = _open(about)
    return [[*row, make_leave_button(about.view, about.voice)]]


def _answers(about: About) -> Rows:
    voice, code = about.voice, about.view.code
    join = N_("Wait for a seat") if about.view.joins_waitlist else N_("Join")
    answers = [
        make_seat_button(voice.say(join), SeatAction.JOIN, code),
        make_seat_button(voice.say(N_("Maybe")), SeatAction.MAYBE, code),
        make_seat_button(voice.say(N_("I can’t come")), SeatAction.CANNOT_COME, code),
    ]
    return [answers, *_open(about)]


ABOUT_DATES: dict[str, Callable[[About], Rows]] = {
    "promoted": _open_or_give_up,
    "seated": _open_or_give_up,
    "removed": _open,
    "cancelled": _next_date,
    "restored": _open,
    "reminder": _open_or_give_up,
    "unanswered": _answers,
    "claim": _join,
    "moved": _still_coming,
    "minimum": _open,
    "confirmed": _open,
    "decide": _run_it_or_not,
    "offer": _take_or_pass,
    "lapsed": _take_what_is_free,
    "first-tap": _take_what_is_free,
    "replaced": _open_or_keep,
    "to-line": _open_or_leave,
    "brought": _open_or_give_up,
}


# --- what is about something else ---


async def _announcement(letter: Delivery) -> RenderedMessage:
    assert letter.announcement_id is not None
    found = await announcement(letter.announcement_id)
    if found is None:
        raise LookupError(f"the announcement {letter.announcement_id} is gone")
    return announced(found, letter.voice, private=letter.place is None)


async def _about_poll(letter: Delivery) -> RenderedMessage:
    """Their answer to a poll is missing (`P5`)."""
    view = await poll_for_card(letter.number("poll_id"))
    if view is None:
        raise LookupError(f"the poll {letter.number('poll_id')} is gone")
    voice = letter.voice
    vote = InlineKeyboardButton(
        text=voice.say(N_("Vote")), callback_data=ShowPollCallback(code=view.code).pack()
    )
    rows = [[vote], [make_poll_button(view, voice, private=True)]]
    return render(f"letters/{letter.kind}.html", voice, rows, view=view)


async def _card_lost(letter: Delivery) -> RenderedMessage:
    """What became of a card, and what an organiser can do about it (`C6`)."""
    lost = await card(letter.number("card"))
    if lost is None:
        raise LookupError("the card is gone, with its group")
    rows = make_repost_rows(lost.id, letter.voice)
    others = letter.number("others")
    return render("letters/card-lost.html", letter.voice, rows, card=lost, others=others)


async def _calendar(letter: Delivery) -> RenderedMessage:
    """The date as a file, for whom the Mini App could not save it (`S5`)."""
    found = await instance_for_card(letter.instance_id or 0, letter.person)
    if found is None:
        raise LookupError(f"the date {letter.instance_id} is gone")
    view, _ = found
    try:
        file = await date_file(view.code, letter.person)
    except NotFound:
        raise LookupError("they have left the club") from None
    sheet = render("letters/calendar.html", letter.voice, view=view)
    return RenderedMessage(sheet.text, sheet.rows, file)


OTHERS: dict[str, Callable[[Delivery], Awaitable[RenderedMessage]]] = {
    "announcement": _announcement,
    "poll-unanswered": _about_poll,
    "card-lost": _card_lost,
    "calendar": _calendar,
}
