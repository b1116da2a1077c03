"""Buttons with which an organiser changes a date."""

from collections.abc import Sequence

from aiogram.types import InlineKeyboardButton

from backend.bookings.views import InstanceView
from backend.i18n import N_, Voice
from bot.date_scopes import SCOPE_NAMES, Scope
from bot.keyboards.buttons import make_callback_button
from bot.organiser_callbacks import (
    ChangeDateAction,
    ChangeDateCallback,
    DateStep,
    ManageAction,
    ManageCallback,
)
from bot.rendering import Rows

# Reasons that people read, as the club writes to them; any other is typed.
REASONS = (
    N_("The instructor is ill."),
    N_("The place is not available."),
    N_("The weather is too bad."),
    N_("Too few people are coming."),
)
_DAY = 24 * 60
_SEATS_STEPS = (-2, -1, 1, 2, 5)
STEPS = (-60, -30, 30, 60, _DAY, 7 * _DAY)  # minutes by which a tap moves a date


def _button(
    label: str, code: str, action: ChangeDateAction, value: int = 0, style: str | None = None
) -> InlineKeyboardButton:
    return make_callback_button(label, ChangeDateCallback(action=action, code=code, value=value), style=style)


def _back(code: str, voice: Voice) -> list[InlineKeyboardButton]:
    back = ManageCallback(action=ManageAction.SHOW, code=code)
    return [make_callback_button(voice.gettext(N_("Back")), back)]


def make_change_rows(view: InstanceView, voice: Voice) -> Rows:
    """What can be changed before it is over; of a cancelled date the way back."""
    if view.phase == "ended":
        return []
    if view.phase == "cancelled":
        label = voice.gettext(N_("It takes place after all"))
        return [[_button(label, view.code, ChangeDateAction.RESTORE)]]
    return [
        [
            _button(voice.gettext(N_("Name")), view.code, ChangeDateAction.ASK_FOR_TITLE),
            _button(voice.gettext(N_("Seats")), view.code, ChangeDateAction.ASK_FOR_SEATS),
            _button(voice.gettext(N_("Place")), view.code, ChangeDateAction.ASK_FOR_PLACE),
        ],
        [
            _button(voice.gettext(N_("Move")), view.code, ChangeDateAction.ASK_TO_MOVE),
            _button(voice.gettext(N_("Cancel this date")), view.code, ChangeDateAction.ASK_TO_CANCEL),
        ],
    ]


def make_seats_rows(view: InstanceView, voice: Voice) -> Rows:
    """Numbers of seats near the present one; others are typed."""
    now = view.capacity or view.booked
    near = [now + step for step in _SEATS_STEPS if 0 < now + step != view.capacity]
    numbers = [_button(str(n), view.code, ChangeDateAction.SEATS, n) for n in near]
    no_limit = [_button(voice.gettext(N_("No limit")), view.code, ChangeDateAction.SEATS)]
    return [numbers, *([no_limit] if view.capacity else []), _back(view.code, voice)]


def make_title_rows(code: str, voice: Voice) -> Rows:
    """A title is typed."""
    return [_back(code, voice)]


def make_place_rows(view: InstanceView, voice: Voice) -> Rows:
    """A place is typed; one that there is can be taken away."""
    if not view.place:
        return [_back(view.code, voice)]
    label = voice.gettext(N_("No place"))
    return [[_button(label, view.code, ChangeDateAction.NO_PLACE)], _back(view.code, voice)]


def make_reason_rows(code: str, voice: Voice) -> Rows:
    """The likely reasons of a cancellation."""
    reasons = [
        [_button(voice.gettext(reason), code, ChangeDateAction.REASON, n)] for n, reason in enumerate(REASONS)
    ]
    return [*reasons, _back(code, voice)]


def make_move_rows(code: str, voice: Voice) -> Rows:
    """The likely moves."""
    buttons = [_button(_by(step, voice), code, ChangeDateAction.LATER, step) for step in STEPS]
    return [buttons[:4], buttons[4:], _back(code, voice)]


def _by(minutes: int, voice: Voice) -> str:
    """`−30 min`, `+1 h`, `+1 day`, `+1 week`."""
    if minutes % (7 * _DAY) == 0:
        return voice.gettext(N_("+1 week"))
    if minutes % _DAY == 0:
        return voice.gettext(N_("+1 day"))
    sign = "+" if minutes > 0 else "−"
    if minutes % 60 == 0:
        return voice.gettext(N_("%(hours)s h"), hours=f"{sign}{abs(minutes) // 60}")
    return voice.gettext(N_("%(minutes)s min"), minutes=f"{sign}{abs(minutes)}")


def make_confirm_rows(
    code: str, token: int, voice: Voice, what: DateStep, others: Sequence[Scope] = ()
) -> Rows:
    """What is asked before it is done: of a reason the cancellation, of a start the move, else the change; and what other
    dates it could reach."""
    action, label, style = {
        DateStep.REASON: (ChangeDateAction.CANCEL, N_("Cancel this date"), "danger"),
        DateStep.STARTS: (ChangeDateAction.MOVE, N_("Move it"), "danger"),
    }.get(what, (ChangeDateAction.SAVE, N_("Save"), "primary"))
    scopes = [
        [_button(voice.gettext(SCOPE_NAMES[scope]), code, ChangeDateAction.SCOPE, scope)] for scope in others
    ]
    return [[_button(voice.gettext(label), code, action, token, style=style)], *scopes, _back(code, voice)]
