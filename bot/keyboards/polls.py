"""Rows of buttons under a poll: its options, and the actions of its organisers (`P3`, `P4`)."""

from aiogram.types import InlineKeyboardButton

from backend.i18n import N_, Voice
from backend.polls.rules import Answer
from backend.polls.views import OptionView, PollView
from bot.callbacks import CreateInstanceCallback, PollAction, PollActionCallback, VoteCallback
from bot.keyboards.buttons import MAX_LABEL_LENGTH, arrange_in_rows
from bot.keyboards.links import make_app_button
from bot.rendering import Rows, shorten

MAX_NAMED_OPTIONS = 8  # options that have buttons with their names; more have numbers (docs/decisions/0010)
ANSWER_MARKS = {Answer.YES: "✓", Answer.IF_NEED_BE: "?", Answer.NO: "–"}
_OFFERED_CAPACITIES = (
    4,
    6,
    8,
    10,
    12,
    15,
    16,
    20,
    25,
    30,
)  # of a date made by a tap; the dashboard takes any number


def make_poll_rows(view: PollView, voice: Voice, *, private: bool) -> Rows:
    """A button for each option while the poll is open: named, with its count when that is shown; when they are many,
    by the number it has in the list. Then what an organiser can do, the date that was made, and the app."""
    rows: Rows = []
    if view.open:
        rows = (
            _make_numbered_options(view) if has_numbered_options(view) else _make_named_options(view, voice)
        )
    if private:
        rows += _make_organiser_rows(view, voice)
    if view.event_option is not None and view.event_option.starts_at is not None:
        label = voice.say(N_("See %(date)s"), date=voice.date(view.event_option.starts_at, view.zone))
        code = view.event_option.made
        rows.append([make_app_button(label, f"e_{code}", f"events/{code}", private=private)])
    return [*rows, [make_poll_button(view, voice, private=private)]]


def make_poll_button(view: PollView, voice: Voice, *, private: bool) -> InlineKeyboardButton:
    """Opens the Mini App on this poll."""
    label = voice.say(N_("Open in Emerald"))
    return make_app_button(label, f"p_{view.code}", f"polls/{view.code}", private=private)


def has_numbered_options(view: PollView) -> bool:
    """Whether a poll has more options than buttons with their names would be bearable."""
    return len(view.options) > MAX_NAMED_OPTIONS


def _make_named_options(view: PollView, voice: Voice) -> Rows:
    count = {option.id: f" · {option.votes}" if view.visible else "" for option in view.options}
    return [
        [
            _make_vote_button(
                view,
                option,
                f"{_answer_mark(option)}{shorten(option.name(voice, view.zone), MAX_LABEL_LENGTH)}{count[option.id]}",
            )
        ]
        for option in view.options
    ]


def _make_numbered_options(view: PollView) -> Rows:
    buttons = [
        _make_vote_button(view, option, f"{_answer_mark(option)}{number}")
        for number, option in enumerate(view.options, 1)
    ]
    return arrange_in_rows(buttons)


def _make_vote_button(view: PollView, option: OptionView, label: str) -> InlineKeyboardButton:
    data = VoteCallback(code=view.code, option=option.id).pack()
    return InlineKeyboardButton(text=label, callback_data=data)


def _answer_mark(option: OptionView) -> str:
    """The reader's own answer, as /vote writes it too."""
    return "" if option.answer is None else f"{ANSWER_MARKS[option.answer]} "


def _make_organiser_rows(view: PollView, voice: Voice) -> Rows:
    """Closing, making the date, and reminding who is missing; for who may."""
    does = []
    if view.open and view.can_manage:
        does.append((N_("Close the poll"), PollAction.ASK_TO_CLOSE))
    if view.can_create_event:
        does.append(
            (N_("Close and make the date") if view.open else N_("Make the date"), PollAction.CREATE_INSTANCE)
        )
    if view.open and view.can_manage:
        does.append((N_("Remind who is missing"), PollAction.REMIND))
    return [[make_poll_action_button(voice.say(label), do, view.code)] for label, do in does]


def make_poll_action_button(label: str, action: PollAction, code: str) -> InlineKeyboardButton:
    """A button of an organiser's about a poll."""
    return InlineKeyboardButton(text=label, callback_data=PollActionCallback(action=action, code=code).pack())


def make_closing_rows(code: str, voice: Voice) -> Rows:
    """Close it for good, or not."""
    yes = make_poll_action_button(voice.say(N_("Yes, close it")), PollAction.CLOSE, code)
    return [[yes], [make_poll_action_button(voice.say(N_("Back")), PollAction.BACK, code)]]


def make_capacity_rows(code: str, option: int, voice: Voice) -> Rows:
    """With how many seats the date is made; each makes it."""

    def make(label: str, seats: int) -> InlineKeyboardButton:
        data = CreateInstanceCallback(code=code, option=option, seats=seats).pack()
        return InlineKeyboardButton(text=label, callback_data=data)

    return [
        *arrange_in_rows([make(str(seats), seats) for seats in _OFFERED_CAPACITIES]),
        [make(voice.say(N_("Room for all")), 0)],
        [make_poll_action_button(voice.say(N_("Back")), PollAction.BACK, code)],
    ]
