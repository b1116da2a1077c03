"""Rows of buttons under an instance, in groups and in private chats (`C3`)."""

from aiogram.types import InlineKeyboardButton

from backend.bookings.views import InstanceView
from backend.i18n import N_, Voice
from backend.seats.requests import Answer
from bot.callbacks import MinimumCallback, SeatAction, StayCallback
from bot.keyboards.buttons import make_callback_button
from bot.keyboards.links import make_app_button
from bot.keyboards.seats import (
    make_keep_button,
    make_leave_button,
    make_offer_row,
    make_seat_button,
    make_take_button,
    make_waitlist_take_button,
)
from bot.rendering import Rows


def make_event_button(view: InstanceView, voice: Voice, *, private: bool) -> InlineKeyboardButton:
    """Opens the Mini App on this instance."""
    label = voice.gettext(N_("Open in Emerald"))
    return make_app_button(label, f"e_{view.code}", f"events/{view.code}", private=private)


def make_other_date_button(view: InstanceView, voice: Voice, *, private: bool) -> InlineKeyboardButton:
    """Opens the Mini App on another instance than the one the message is about; names its date."""
    label = voice.gettext(N_("See %(date)s"), date=voice.date(view.starts_at, view.zone))
    return make_app_button(label, f"e_{view.code}", f"events/{view.code}", private=private)


def make_event_rows(
    view: InstanceView,
    following: InstanceView | None,
    voice: Voice,
    *,
    private: bool,
    regular: bool = False,
) -> Rows:
    """Only the buttons that make sense now (`C3`); the last row opens the app.

    In the private chat they are those of the reader; `regular` says that they have a standing seat in the
    series.
    """
    if view.phase in ("ended", "cancelled"):
        if following:
            return [[make_other_date_button(following, voice, private=private)]]
        return [[make_event_button(view, voice, private=private)]]
    rows = make_personal_rows(view, voice, regular=regular) if private else _make_group_rows(view, voice)
    return [*rows, [make_event_button(view, voice, private=private)]]


def _make_group_rows(view: InstanceView, voice: Voice) -> Rows:
    """The buttons for everyone in the group. To look for a replacement is possible in private only (`B6`)."""
    if view.phase == "open" and view.up_for_grabs:
        row = [make_take_button(1 if view.free == 1 or view.is_full else 2, view, voice)]
        if view.can_leave_freely:
            row.append(make_leave_button(view, voice))
        return [row]
    row = _make_join_row(view, voice)
    # A waitlisted party may leave at any time, a seated one until the deadline (B6).
    # While booking is open a tap by mistake can be undone.
    if view.waiting or (view.booked and (view.can_leave_freely or view.phase == "open")):
        row.append(make_leave_button(view, voice))
    return [row] if row else []


def make_personal_rows(view: InstanceView, voice: Voice, *, regular: bool = False) -> Rows:
    """The actions that are open to the reader in this instance, and no others."""
    mine = view.mine
    cannot = N_("Not this week") if regular else N_("I can’t come")
    if mine is None or mine.answer != Answer.IN:
        return _make_answer_rows(view, voice, mine.answer if mine else "", cannot)
    rows: Rows = []
    if mine.needs_move_answer:
        rows.append(make_moved_row(view, voice))
    if mine.held:
        rows.append(make_offer_row(view, voice))
    elif mine.waiting and (take := make_waitlist_take_button(view, voice)):
        rows.append([take])
    if mine.is_releasing:
        rows.append(
            [
                make_keep_button(view, voice),
                *([make_leave_button(view, voice)] if view.can_leave_freely else []),
            ]
        )
        return rows
    if mine.needs_move_answer:  # "Not this time" leaves, and is free until they have answered
        return rows
    if mine.seats and mine.waiting:
        rows.append(
            [make_seat_button(voice.gettext(N_("Stop waiting for more")), SeatAction.STOP_WAITING, view.code)]
        )
    row = []
    if view.phase == "open" and mine.guests < view.guest_limit:
        row.append(make_seat_button("+1", SeatAction.ADD_GUEST, view.code))
    if not mine.seats:
        row.append(make_leave_button(view, voice))
    elif view.can_leave_freely:
        cannot_come = make_seat_button(voice.gettext(cannot), SeatAction.CANNOT_COME, view.code)
        row.append(cannot_come if regular else make_leave_button(view, voice))
    elif view.now < view.starts_at:
        row.append(
            make_seat_button(voice.gettext(N_("Find my replacement")), SeatAction.FIND_REPLACEMENT, view.code)
        )
    return [*rows, row] if row else rows


def _make_answer_rows(view: InstanceView, voice: Voice, given: str, cannot: str) -> Rows:
    """To join and the other answers, without the `given` one; nothing while booking is not open."""
    join_row = _make_join_row(view, voice)
    if not join_row:
        return []
    answers = {
        Answer.MAYBE: (SeatAction.MAYBE, N_("Maybe")),
        Answer.DECLINED: (SeatAction.CANNOT_COME, cannot),
    }
    return [
        join_row,
        [
            make_seat_button(voice.gettext(label), action, view.code)
            for answer, (action, label) in answers.items()
            if answer != given
        ],
    ]


def _make_join_row(view: InstanceView, voice: Voice) -> list[InlineKeyboardButton]:
    """To join the instance, or its waitlist, while booking is open."""
    if view.phase != "open":
        return []
    if view.up_for_grabs and not view.joins_waitlist:
        return [make_take_button(1 if view.free == 1 or view.is_full else 2, view, voice)]
    label = N_("Wait for a seat") if view.joins_waitlist else N_("Join")
    row = [make_seat_button(voice.gettext(label), SeatAction.JOIN, view.code)]
    if view.guest_limit:
        row.append(make_seat_button("+1", SeatAction.ADD_GUEST, view.code))
    return row


def make_moved_row(view: InstanceView, voice: Voice) -> list[InlineKeyboardButton]:
    """The answers to the question whether one still comes to the rescheduled instance (`S6`)."""
    return [
        make_callback_button(voice.gettext(N_("Still coming")), StayCallback(code=view.code)),
        make_seat_button(voice.gettext(N_("Not this time")), SeatAction.LEAVE, view.code),
    ]


def make_minimum_row(view: InstanceView, voice: Voice) -> list[InlineKeyboardButton]:
    """An organiser's decision about an instance with too few people (`S7`)."""
    return [
        make_callback_button(voice.gettext(N_("Go ahead")), MinimumCallback(code=view.code, run=True)),
        make_callback_button(voice.gettext(N_("Call it off")), MinimumCallback(code=view.code, run=False)),
    ]
