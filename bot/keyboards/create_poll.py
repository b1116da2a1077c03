"""Rows of buttons of the conversation that makes a poll."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiogram.types import InlineKeyboardButton

from backend.accounts.queries import AccountView
from backend.groups.queries import LinkedGroup
from backend.i18n import N_, Voice
from bot.card_places import NOWHERE, list_places
from bot.keyboards.buttons import MAX_LABEL_LENGTH, make_callback_button
from bot.keyboards.create_event import PLACES_MAX
from bot.organiser_callbacks import CreatePollCallback
from bot.poll_drafts import PollStep, PollSwitch
from bot.rendering import Rows, shorten

_SWITCHES = {
    PollSwitch.SEVERAL: N_("Several answers"),
    PollSwitch.ANONYMOUS: N_("Without names"),
}


def _button(label: str, what: str, value: str = "", style: str | None = None) -> InlineKeyboardButton:
    return make_callback_button(label, CreatePollCallback(what=what, value=value), style=style)


def make_poll_step_rows(
    step: PollStep, accounts: Sequence[AccountView], linked: Sequence[LinkedGroup], voice: Voice
) -> Rows:
    """The answers to a step that are tapped; the others are typed."""
    answers: list[tuple[str, str]] = []
    if step is PollStep.ACCOUNT:
        answers = [(str(account.id), account.name) for account in accounts[:PLACES_MAX]]
    elif step is PollStep.GROUP:
        answers = [*list_places(linked)[:PLACES_MAX], (NOWHERE, voice.gettext(N_("No group")))]
    rows = [[_button(shorten(label, MAX_LABEL_LENGTH), step, value)] for value, label in answers]
    return [*rows, [_button(voice.gettext(N_("Stop")), "cancel")]]


def make_poll_summary_rows(token: int, answers: Mapping[str, Any], voice: Voice) -> Rows:
    """Create it, turn something on or off, write it anew, or stop."""
    switches = [
        _button(f"{'✓ ' if answers.get(switch) else ''}{voice.gettext(label)}", switch)
        for switch, label in _SWITCHES.items()
    ]
    return [
        [_button(voice.gettext(N_("Create it")), PollStep.CONFIRM, str(token), style="primary")],
        switches,
        [
            _button(voice.gettext(N_("Write it again")), PollStep.QUESTION),
            _button(voice.gettext(N_("Stop")), "cancel"),
        ],
    ]
