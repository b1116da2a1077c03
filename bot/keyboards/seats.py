"""Buttons about the reader's own seat."""

from aiogram.types import InlineKeyboardButton

from backend.bookings.standing_seats import StandingSeat
from backend.bookings.views import InstanceView
from backend.i18n import N_, Voice
from backend.seats.promotion import Stage
from bot.callbacks import EndStandingSeatCallback, SeatAction, SeatCallback
from bot.keyboards.buttons import make_callback_button
from bot.rendering import Rows

_PRIMARY_ACTIONS = frozenset({SeatAction.JOIN, SeatAction.TAKE, SeatAction.TAKE_FREE})


def make_seat_button(label: str, action: SeatAction, code: str) -> InlineKeyboardButton:
    """A button about one's own seat. Buttons that give a seat stand out; none is red."""
    style = "primary" if action in _PRIMARY_ACTIONS else None
    return make_callback_button(label, SeatCallback(action=action, code=code), style=style)


def make_leave_button(view: InstanceView, voice: Voice) -> InlineKeyboardButton:
    """Give the seat, or the place on the waitlist, back."""
    return make_seat_button(voice.gettext(N_("Leave")), SeatAction.LEAVE, view.code)


def make_take_button(seats: int, view: InstanceView, voice: Voice) -> InlineKeyboardButton:
    """Take the offer, or the seats that go to the first tap (`W3`)."""
    label = N_("Take the seat") if seats == 1 else N_("Take the seats")
    return make_seat_button(voice.gettext(label), SeatAction.TAKE, view.code)


def make_keep_button(view: InstanceView, voice: Voice) -> InlineKeyboardButton:
    """Look for a replacement no longer (`B6`)."""
    return make_seat_button(voice.gettext(N_("Keep my seat")), SeatAction.KEEP_SEAT, view.code)


def make_offer_row(view: InstanceView, voice: Voice) -> list[InlineKeyboardButton]:
    """Take or decline the reader's offer (`W3`)."""
    decline = make_seat_button(voice.gettext(N_("Pass on")), SeatAction.DECLINE_OFFER, view.code)
    return [make_take_button(view.mine.held if view.mine else 1, view, voice), decline]


def make_waitlist_take_button(view: InstanceView, voice: Voice) -> InlineKeyboardButton | None:
    """The button by which a waiting party takes seats: its whole party's seats, else what is free now (`W1`, `W3`)."""
    wanted = view.mine.waiting if view.mine else 0
    seats = view.takeable
    if not wanted or not seats:
        return None
    if seats >= wanted and view.stage is not Stage.AUTOMATIC:
        return make_take_button(wanted, view, voice)
    return make_seat_button(
        voice.gettext(N_("Take %(n)s now"), n=min(seats, wanted)), SeatAction.TAKE_FREE, view.code
    )


def make_standing_seat_rows(standing: StandingSeat, voice: Voice) -> Rows:
    """The actions on a standing seat (`B11`)."""
    end = EndStandingSeatCallback(series_id=standing.series_id)
    rows: Rows = [[make_callback_button(voice.gettext(N_("Give it up")), end)]]
    if standing.next_code:
        rows.insert(
            0,
            [
                make_seat_button(
                    voice.gettext(N_("Not this week")), SeatAction.CANNOT_COME, standing.next_code
                )
            ],
        )
    return rows
