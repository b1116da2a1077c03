"""Rendering a message when it is sent, in the language its reader reads at that moment (`M1`).

`backend/outbox/kinds.py` says what each kind is about and what its reader can choose; its text is the
template `messages/<kind>.html`.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiogram.types import InlineKeyboardButton

from backend.announcements.queries import announcement
from backend.bookings.queries.event import instance_for_card
from backend.bookings.views import InstanceView
from backend.cards.queries import CardView, card
from backend.errors import NotFound
from backend.i18n import N_, Voice
from backend.outbox.deliveries import Delivery
from backend.outbox.kinds import About, Choice, Kind
from backend.polls.queries import poll_for_card
from backend.polls.views import PollView
from bot.announcements import render_announcement
from bot.calendar_files import make_calendar_file
from bot.callbacks import SeatAction, ShowPollCallback
from bot.delivery.account_messages import compose_about_account
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
from bot.rendering import File, RenderedMessage, Rows, render


class SubjectGone(Exception):
    """What a message is about does not exist any more; the words say what."""


async def render_message(delivery: Delivery) -> RenderedMessage:
    """The message as it is to be sent now. Raises `SubjectGone` when what it is about is gone."""
    return await COMPOSERS[delivery.kind.policy.about](delivery)


# --- what is about an instance ---


@dataclass(frozen=True, slots=True)
class Subject:
    """A message and the instance it is about, as its reader sees it; `following` is the next instance of
    the series."""

    delivery: Delivery
    view: InstanceView
    following: InstanceView | None

    @property
    def voice(self) -> Voice:
        return self.delivery.voice


async def _compose_about_instance(delivery: Delivery) -> RenderedMessage:
    return render_about_instance(await _load_subject(delivery))


def render_about_instance(subject: Subject) -> RenderedMessage:
    """A message about an instance; where its reader has acted since it was claimed, how they stand."""
    delivery, view, following, voice = subject.delivery, subject.view, subject.following, subject.voice
    if not _is_still_true(delivery.kind, view):
        rows = make_event_rows(view, following, voice, private=True)
        return render("messages/standing.html", voice, rows, view=view)
    situation = delivery.situation
    until = situation.instant("until")
    return render(
        _template(delivery),
        voice,
        BUTTONS[delivery.kind.policy.choice](subject),
        view=view,
        following=following,
        when=f"{voice.date(view.starts_at, view.zone)}, {voice.hour(view.starts_at, view.zone)}",
        seats=situation.seats,
        about=situation.number("seats"),
        went_on=delivery.went_on,
        reason=str(delivery.detail.get("reason", "")),
        detail=delivery.detail,
        until=voice.moment(until, view.zone) if until else "",
        asked=bool(delivery.detail.get("asked")),
        was=situation.instant("was") or view.original_start,  # when its reader knew it to be (S6)
    )


async def _compose_calendar_file(delivery: Delivery) -> RenderedMessage:
    """The instance as a file, for a phone on which the Mini App could not save it (`S5`)."""
    subject = await _load_subject(delivery)
    try:
        file = await make_calendar_file(subject.view.code, delivery.person)
    except NotFound:
        raise SubjectGone("they have left the club") from None
    return render_calendar_file(subject, file)


def render_calendar_file(subject: Subject, file: File) -> RenderedMessage:
    rendered = render(_template(subject.delivery), subject.voice, view=subject.view)
    return RenderedMessage(rendered.text, rendered.rows, file)


async def _load_subject(delivery: Delivery) -> Subject:
    found = None
    if delivery.instance_id is not None:
        found = await instance_for_card(delivery.instance_id, None if delivery.group else delivery.person)
    if found is None:
        raise SubjectGone(f"the date {delivery.instance_id} is gone")
    return Subject(delivery, *found)


def _is_still_true(kind: Kind, view: InstanceView) -> bool:
    """Whether what the message says is so, also after what its reader tapped since it was claimed."""
    mine = view.mine
    match kind:
        case Kind.OFFER:
            return bool(mine and mine.held)
        case Kind.OFFER_EXPIRED | Kind.WAITLISTED:
            return bool(mine and mine.waiting)
        case Kind.FIRST_TAP | Kind.PART_FREE:
            return bool(view.takeable)
    return True


def _template(delivery: Delivery) -> str:
    return f"messages/{delivery.kind}.html"


# --- the buttons under what is about an instance ---


def _open(subject: Subject) -> Rows:
    return [[make_event_button(subject.view, subject.voice, private=True)]]


def _give_up_seat(subject: Subject) -> Rows:
    [row] = _open(subject)
    if subject.view.can_leave_freely:
        row.append(
            make_seat_button(
                subject.voice.gettext(N_("I can’t come")), SeatAction.CANNOT_COME, subject.view.code
            )
        )
    return [row]


def _join(subject: Subject) -> Rows:
    [[opens]] = _open(subject)
    return [[make_seat_button(subject.voice.gettext(N_("Join")), SeatAction.JOIN, subject.view.code), opens]]


def _answer(subject: Subject) -> Rows:
    voice, view = subject.voice, subject.view
    join = N_("Wait for a seat") if view.joins_waitlist else N_("Join")
    answers = [
        make_seat_button(voice.gettext(join), SeatAction.JOIN, view.code),
        make_seat_button(voice.gettext(N_("Maybe")), SeatAction.MAYBE, view.code),
        make_seat_button(voice.gettext(N_("I can’t come")), SeatAction.CANNOT_COME, view.code),
    ]
    return [answers, *_open(subject)]


def _say_still_coming(subject: Subject) -> Rows:
    asked = subject.delivery.detail.get("asked")
    return [*([make_moved_row(subject.view, subject.voice)] if asked else []), *_open(subject)]


def _take_offer(subject: Subject) -> Rows:
    return [make_offer_row(subject.view, subject.voice)]


def _take_free_seat(subject: Subject) -> Rows:
    take = make_waitlist_take_button(subject.view, subject.voice)
    return [*([[take]] if take else []), *_open(subject)]


def _keep_seat(subject: Subject) -> Rows:
    [row] = _open(subject)
    if subject.view.mine and subject.view.mine.is_releasing:
        row.append(make_keep_button(subject.view, subject.voice))
    return [row]


def _leave_waitlist(subject: Subject) -> Rows:
    [row] = _open(subject)
    return [[*row, make_leave_button(subject.view, subject.voice)]]


def _open_next(subject: Subject) -> Rows:
    if subject.following is None:
        return []
    return [[make_other_date_button(subject.following, subject.voice, private=True)]]


def _decide(subject: Subject) -> Rows:
    return [make_minimum_row(subject.view, subject.voice), *_open(subject)]


BUTTONS: dict[Choice, Callable[[Subject], Rows]] = {
    Choice.NOTHING: lambda _: [],
    Choice.OPEN: _open,
    Choice.GIVE_UP_SEAT: _give_up_seat,
    Choice.JOIN: _join,
    Choice.ANSWER: _answer,
    Choice.SAY_STILL_COMING: _say_still_coming,
    Choice.TAKE_OFFER: _take_offer,
    Choice.TAKE_FREE_SEAT: _take_free_seat,
    Choice.KEEP_SEAT: _keep_seat,
    Choice.LEAVE_WAITLIST: _leave_waitlist,
    Choice.OPEN_NEXT: _open_next,
    Choice.DECIDE: _decide,
}


# --- what is about something else ---


async def _compose_about_poll(delivery: Delivery) -> RenderedMessage:
    poll_id = delivery.situation.number("poll_id")
    view = await poll_for_card(poll_id)
    if view is None:
        raise SubjectGone(f"the poll {poll_id} is gone")
    return render_about_poll(delivery, view)


def render_about_poll(delivery: Delivery, view: PollView) -> RenderedMessage:
    """The reader's answer to a poll is missing (`P5`)."""
    voice = delivery.voice
    vote = InlineKeyboardButton(
        text=voice.gettext(N_("Vote")), callback_data=ShowPollCallback(code=view.code).pack()
    )
    rows = [[vote], [make_poll_button(view, voice, private=True)]]
    return render(_template(delivery), voice, rows, view=view)


async def _compose_about_card(delivery: Delivery) -> RenderedMessage:
    lost = await card(delivery.situation.number("card"))
    if lost is None:
        raise SubjectGone("the card is gone, with its group")
    return render_about_card(delivery, lost)


def render_about_card(delivery: Delivery, lost: CardView) -> RenderedMessage:
    """What became of a card, and what an organiser can do about it (`C6`)."""
    rows = make_repost_rows(lost.id, delivery.voice)
    others = delivery.situation.number("others")
    return render(_template(delivery), delivery.voice, rows, card=lost, others=others)


async def _compose_about_clocks(delivery: Delivery) -> RenderedMessage:
    return render_about_clocks(delivery)


def render_about_clocks(delivery: Delivery) -> RenderedMessage:
    """A zone has other clocks than was known: what keeps its hour and so comes earlier or later, and what an
    organiser has to look at (`S10`)."""
    voice, detail, zone = delivery.voice, delivery.detail, str(delivery.detail["zone"])

    def when(instant: object) -> str:
        at = datetime.fromisoformat(str(instant))
        return f"{voice.date(at, zone)}, {voice.bare_hour(at, zone)}"

    moves: Any = detail["moves"]
    edits: Any = detail["edits"]
    return render(
        _template(delivery),
        voice,
        title=detail["title"],
        city=voice.city(zone),
        version=detail["version"],
        moves=[
            (
                move["count"],
                move["minutes"] > 0,
                _duration(abs(move["minutes"]), voice),
                [when(at) for at in move["starts"]],
            )
            for move in moves
        ],
        edited=detail["edited"],
        edits=[
            (
                when(edit["at"]),
                voice.bare_hour(datetime.fromisoformat(edit["known"]).replace(tzinfo=UTC), "UTC"),
            )
            for edit in edits
        ],
    )


def _duration(minutes: int, voice: Voice) -> str:
    """`1 h 30 min`."""
    hours, minutes = divmod(minutes, 60)
    parts = [voice.gettext(N_("%(n)s h"), n=hours)] if hours else []
    parts += [voice.gettext(N_("%(n)s min"), n=minutes)] if minutes else []
    return " ".join(parts)


async def _compose_about_group(delivery: Delivery) -> RenderedMessage:
    return render_about_group(delivery)


def render_about_group(delivery: Delivery) -> RenderedMessage:
    """A group was linked to the organiser's club, or taken back (`A6`); by whom, the club's history says. Or its topic for
    cards is gone."""
    names = ("group", "account_name", "topic")
    return render(
        _template(delivery), delivery.voice, **{name: delivery.detail.get(name, "") for name in names}
    )


async def _compose_announcement(delivery: Delivery) -> RenderedMessage:
    found = await announcement(delivery.announcement_id or 0)
    if found is None:
        raise SubjectGone(f"the announcement {delivery.announcement_id} is gone")
    return render_announcement(found, delivery.voice, private=delivery.group is None)


COMPOSERS: dict[About, Callable[[Delivery], Awaitable[RenderedMessage]]] = {
    About.INSTANCE: _compose_about_instance,
    About.CALENDAR_FILE: _compose_calendar_file,
    About.POLL: _compose_about_poll,
    About.CARD: _compose_about_card,
    About.CLOCKS: _compose_about_clocks,
    About.GROUP: _compose_about_group,
    About.ACCOUNT: compose_about_account,
    About.ANNOUNCEMENT: _compose_announcement,
}
