"""Rows of buttons under an instance, in groups and in private chats (`C3`)."""

from aiogram.types import InlineKeyboardButton

from backend.bookings.views import InstanceView
from backend.i18n import N_, Voice
from bot.callbacks import MinimumCallback, SeatAction, StayCallback
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
    """Opens the Mini App on this date."""
    label = voice.say(N_("Open in Emerald"))
    return make_app_button(label, f"e_{view.code}", f"events/{view.code}", private=private)


def make_other_date_button(view: InstanceView, voice: Voice, *, private: bool) -> InlineKeyboardButton:
    """Opens the Mini App on another date than the one the sheet is about."""
    label = voice.say(N_("See %(date)s"), date=voice.date(view.starts_at, view.zone))
    return make_app_button(label, f"e_{view.code}", f"events/{view.code}", private=private)


def make_event_rows(
    view: InstanceView,
    following: InstanceView | None,
    voice: Voice,
    *,
    private: bool,
    regular: bool = False,
) -> Rows:
    """Only the buttons that make sense (`C3`), the last row opens the app. In private they are the reader's own;
    a `regular` has a standing seat on the series."""
    phase = view.phase
    if phase in ("ended", "cancelled"):
        on = following or view
        opens = make_other_date_button if following else make_event_button
        return [[opens(on, voice, private=private)]]
    rows = make_personal_rows(view, voice, regular=regular) if private else _make_group_rows(view, voice)
    return [*rows, [make_event_button(view, voice, private=private)]]


def _make_group_rows(view: InstanceView, voice: Voice) -> Rows:
    """What anybody in the group may tap; who looks for a replacement does that in private (`B6`)."""
    if view.phase == "open" and view.up_for_grabs:
        row = [make_take_button(1 if view.free == 1 or view.is_full else 2, view, voice)]
        if view.can_leave_freely:
            row.append(make_leave_button(view, voice))
        return [row]
    row = _joining(view, voice)
    # Who waits may always leave the line; a seat only until its deadline (B6).
    if view.waiting or (view.booked and view.can_leave_freely):
        row.append(make_leave_button(view, voice))
    return [row] if row else []


def make_personal_rows(view: InstanceView, voice: Voice, *, regular: bool = False) -> Rows:
    """What the reader may do about this date, as they stand: no more, no less."""
    mine = view.mine
    cannot = N_("Not this week") if regular else N_("I can’t come")
    if mine is None or mine.answer != "in":
        return _make_answer_rows(view, voice, mine.answer if mine else "", cannot)
    rows: Rows = []
    if mine.needs_move_answer:
        rows.append(make_moved_row(view, voice))
    if mine.held:
        rows.append(make_offer_row(view, voice))
    elif mine.waiting and (taking := make_waitlist_take_button(view, voice)):
        rows.append([taking])
    if mine.is_releasing:
        rows.append(
            [
                make_keep_button(view, voice),
                *([make_leave_button(view, voice)] if view.can_leave_freely else []),
            ]
        )
        return rows
    if mine.needs_move_answer:  # "not this time" is leaving, and free until they have answered
        return rows
    if mine.seats and mine.waiting:
        rows.append(
            [make_seat_button(voice.say(N_("Stop waiting for more")), SeatAction.STOP_WAITING, view.code)]
        )
    row = []
    if view.phase == "open" and mine.guests < view.guests_max:
        row.append(make_seat_button("+1", SeatAction.ADD_GUEST, view.code))
    if not mine.seats:
        row.append(make_leave_button(view, voice))
    elif view.can_leave_freely:
        not_this_week = make_seat_button(voice.say(cannot), SeatAction.CANNOT_COME, view.code)
        row.append(not_this_week if regular else make_leave_button(view, voice))
    elif view.now < view.starts_at:
        row.append(
            make_seat_button(voice.say(N_("Find my replacement")), SeatAction.FIND_REPLACEMENT, view.code)
        )
    return [*rows, row] if row else rows


def _make_answer_rows(view: InstanceView, voice: Voice, given: str, cannot: str) -> Rows:
    """Joining and the other answers, without the one that was given; nothing while booking is not open."""
    joining = _joining(view, voice)
    if not joining:
        return []
    answers = [(SeatAction.MAYBE, N_("Maybe"), "maybe"), (SeatAction.CANNOT_COME, cannot, "declined")]
    return [
        joining,
        [make_seat_button(voice.say(label), do, view.code) for do, label, so in answers if so != given],
    ]


def _joining(view: InstanceView, voice: Voice) -> list[InlineKeyboardButton]:
    """Joining, or the line, while booking is open."""
    if view.phase != "open":
        return []
    if view.up_for_grabs and not view.joins_waitlist:
        return [make_take_button(1 if view.free == 1 or view.is_full else 2, view, voice)]
    label = N_("Wait for a seat") if view.joins_waitlist else N_("Join")
    row = [make_seat_button(voice.say(label), SeatAction.JOIN, view.code)]
    if view.guests_max:
        row.append(make_seat_button("+1", SeatAction.ADD_GUEST, view.code))
    return row


def make_moved_row(view: InstanceView, voice: Voice) -> list[InlineKeyboardButton]:
    """The answers to whether one still comes, now that the date has moved (`S6`)."""
    still = StayCallback(code=view.code).pack()
    return [
        InlineKeyboardButton(text=voice.say(N_("Still coming")), callback_data=still),
        make_seat_button(voice.say(N_("Not this time")), SeatAction.LEAVE, view.code),
    ]


def make_minimum_row(view: InstanceView, voice: Voice) -> list[InlineKeyboardButton]:
    """What an organiser may say of a date to which too few come (`S7`)."""
    run, off = (MinimumCallback(code=view.code, run=run).pack() for run in (True, False))
    return [
        InlineKeyboardButton(text=voice.say(N_("Run it")), callback_data=run),
        InlineKeyboardButton(text=voice.say(N_("Call it off")), callback_data=off),
    ]
