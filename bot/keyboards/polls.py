"""Rows of buttons under a poll: its options, and the actions of its organisers (`P3`, `P4`)."""

from aiogram.types import InlineKeyboardButton

from backend.i18n import N_, Voice
from backend.polls.rules import Answer
from backend.polls.views import OptionView, PollView
from bot.callbacks import CreateInstanceCallback, PollAction, PollActionCallback, VoteCallback
from bot.keyboards.buttons import MAX_LABEL_LENGTH, arrange_in_rows, make_callback_button
from bot.keyboards.links import make_app_button
from bot.rendering import Rows, shorten

MAX_NAMED_OPTIONS = 8  # with more options, buttons have numbers instead of names (decision 0010)
ANSWER_MARKS = {Answer.YES: "✓", Answer.IF_NEED_BE: "?", Answer.NO: "–"}
# Of an instance created by a tap; the dashboard takes any number of seats.
_OFFERED_CAPACITIES = (4, 6, 8, 10, 12, 15, 16, 20, 25, 30)


def make_poll_rows(view: PollView, voice: Voice, *, private: bool) -> Rows:
    """Buttons for the options while the poll is open, for organisers, for the instance, and for the app.

    An option's button has its name, and its votes when they are visible; with many options, its number in the
    list.
    """
    rows: Rows = []
    if view.open and has_numbered_options(view):
        rows = _make_numbered_options(view)
    elif view.open:
        rows = _make_named_options(view, voice)
    if private:
        rows += _make_organiser_rows(view, voice)
    if view.event_option is not None and view.event_option.starts_at is not None:
        label = voice.gettext(N_("See %(date)s"), date=voice.date(view.event_option.starts_at, view.zone))
        code = view.event_option.made
        rows.append([make_app_button(label, f"e_{code}", f"events/{code}", private=private)])
    return [*rows, [make_poll_button(view, voice, private=private)]]


def make_poll_button(view: PollView, voice: Voice, *, private: bool) -> InlineKeyboardButton:
    """Opens the Mini App on the poll."""
    label = voice.gettext(N_("Open in Emerald"))
    return make_app_button(label, f"p_{view.code}", f"polls/{view.code}", private=private)


def has_numbered_options(view: PollView) -> bool:
    """Whether the poll has too many options for buttons with their names."""
    return len(view.options) > MAX_NAMED_OPTIONS


def _make_named_options(view: PollView, voice: Voice) -> Rows:
    rows: Rows = []
    for option in view.options:
        name = shorten(option.name(voice, view.zone), MAX_LABEL_LENGTH)
        votes = f" · {option.votes}" if view.visible else ""
        rows.append([_make_vote_button(view, option, f"{_answer_mark(option)}{name}{votes}")])
    return rows


def _make_numbered_options(view: PollView) -> Rows:
    buttons = [
        _make_vote_button(view, option, f"{_answer_mark(option)}{number}")
        for number, option in enumerate(view.options, 1)
    ]
    return arrange_in_rows(buttons)


def _make_vote_button(view: PollView, option: OptionView, label: str) -> InlineKeyboardButton:
    return make_callback_button(label, VoteCallback(code=view.code, option=option.id))


def _answer_mark(option: OptionView) -> str:
    """The mark of the reader's own answer."""
    return "" if option.answer is None else f"{ANSWER_MARKS[option.answer]} "


def _make_organiser_rows(view: PollView, voice: Voice) -> Rows:
    """The actions that the reader has permission for."""
    actions = []
    if view.open and view.can_manage:
        actions.append((N_("Close the poll"), PollAction.ASK_TO_CLOSE))
    if view.can_create_event:
        label = N_("Close and set the date") if view.open else N_("Set the date")
        actions.append((label, PollAction.CREATE_INSTANCE))
    if view.open and view.can_manage:
        actions.append((N_("Remind those who haven’t voted"), PollAction.REMIND))
    return [[make_poll_action_button(voice.gettext(label), action, view.code)] for label, action in actions]


def make_poll_action_button(label: str, action: PollAction, code: str) -> InlineKeyboardButton:
    """A button of an organiser under a poll."""
    return make_callback_button(label, PollActionCallback(action=action, code=code))


def make_closing_rows(code: str, voice: Voice) -> Rows:
    """Close the poll for good, or go back."""
    yes = make_poll_action_button(voice.gettext(N_("Yes, close it")), PollAction.CLOSE, code)
    return [[yes], [make_poll_action_button(voice.gettext(N_("Back")), PollAction.BACK, code)]]


def make_capacity_rows(code: str, option: int, voice: Voice) -> Rows:
    """The number of seats of the new instance; each button creates it."""

    def make_button(label: str, seats: int) -> InlineKeyboardButton:
        return make_callback_button(label, CreateInstanceCallback(code=code, option=option, seats=seats))

    return [
        *arrange_in_rows([make_button(str(seats), seats) for seats in _OFFERED_CAPACITIES]),
        [make_button(voice.gettext(N_("Room for all")), 0)],
        [make_poll_action_button(voice.gettext(N_("Back")), PollAction.BACK, code)],
    ]
