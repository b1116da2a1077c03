"""Rows of buttons of the conversation that makes an event."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from aiogram.types import InlineKeyboardButton

from backend.accounts.queries import AccountView
from backend.groups.queries import LinkedGroup
from backend.i18n import N_, Voice
from bot.card_places import NOWHERE, list_places
from bot.event_drafts import REPEATS, Step
from bot.keyboards.buttons import MAX_LABEL_LENGTH, make_callback_button
from bot.organiser_callbacks import CreateCallback
from bot.rendering import Rows, shorten

_DAYS = 14
_TIMES = ("0800", "0900", "1000", "1200", "1600", "1700", "1730", "1800", "1830", "1900", "1930", "2000")
_SEATS = (4, 6, 8, 10, 12, 15, 16, 20, 25, 30)
PLACES_MAX = 30
STEP_NAMES = {
    Step.TITLE: N_("Name"),
    Step.REPEAT: N_("Repetition"),
    Step.DAY: N_("First day"),
    Step.TIME: N_("Time"),
    Step.GROUP: N_("Group"),
    Step.SEATS: N_("Seats"),
}


def make_step_rows(
    step: Step, accounts: Sequence[AccountView], linked: Sequence[LinkedGroup], today: date, voice: Voice
) -> Rows:
    """The likely answers to a step; the others are typed."""
    answers: list[tuple[str, str]] = []
    across = 1
    match step:
        case Step.ACCOUNT:
            answers = [(str(account.id), account.name) for account in accounts[:PLACES_MAX]]
        case Step.REPEAT:
            answers, across = [(repeat, voice.gettext(label)) for repeat, label in REPEATS.items()], 2
        case Step.DAY:
            answers, across = [_day(today + timedelta(days=n), voice) for n in range(_DAYS)], 2
        case Step.TIME:
            answers, across = [(each, _hour(each, voice)) for each in _TIMES], 4
        case Step.GROUP:
            answers = [*list_places(linked)[:PLACES_MAX], (NOWHERE, voice.gettext(N_("No group")))]
        case Step.SEATS:
            seats = [(str(each), str(each)) for each in _SEATS]
            answers, across = [*seats, ("0", voice.gettext(N_("No limit")))], 5
    buttons = [_button(shorten(label, MAX_LABEL_LENGTH), step, value) for value, label in answers]
    rows = [buttons[at : at + across] for at in range(0, len(buttons), across)]
    return [*rows, [_button(voice.gettext(N_("Stop")), "cancel")]]


def _day(day: date, voice: Voice) -> tuple[str, str]:
    at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    return day.isoformat(), voice.date(at, "UTC")


def _hour(value: str, voice: Voice) -> str:
    at = datetime(2000, 1, 1, int(value[:2]), int(value[2:]), tzinfo=UTC)
    return voice.bare_hour(at, "UTC")


def _button(label: str, what: str, value: str = "", style: str | None = None) -> InlineKeyboardButton:
    return make_callback_button(label, CreateCallback(what=what, value=value), style=style)


def make_summary_rows(token: int, voice: Voice) -> Rows:
    """Create it, change something, or stop."""
    return [
        [_button(voice.gettext(N_("Create it")), Step.CONFIRM, str(token), style="primary")],
        [_button(voice.gettext(N_("Edit")), "edit"), _button(voice.gettext(N_("Stop")), "cancel")],
    ]


def make_edit_rows(voice: Voice) -> Rows:
    """What to change: back to one step."""
    buttons = [_button(voice.gettext(label), "edit", step) for step, label in STEP_NAMES.items()]
    return [buttons[at : at + 2] for at in range(0, len(buttons), 2)]
