"""A new poll as it is told to the bot: step by step, or at once (`/poll Tea or coffee? Tea / Coffee`). Pure: what was
answered goes in, a draft or a refusal comes out."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from backend.errors import Invalid, InvalidForm
from backend.i18n import N_, Words
from backend.polls.drafts import OptionDraft, PollDraft
from backend.polls.rules import PollKind
from backend.typed_text import clean_line
from bot.card_places import NOWHERE, CardPlace

Answers = Mapping[str, Any]
_BULLET = re.compile(r"^(?:[-–—•*]|\d{1,2}[.)])\s+")
_SEPARATOR = re.compile(r"\s+/\s+|\s*;\s*")


class PollStep(StrEnum):
    """What is asked for, in this order, by the name that buttons and the database have."""

    ACCOUNT = "club"
    QUESTION = "question"
    OPTIONS = "options"
    GROUP = "group"
    CONFIRM = "confirm"


class PollSwitch(StrEnum):
    """What a button of the summary turns on and off."""

    SEVERAL = "several"
    ANONYMOUS = "anonymous"


def next_step(answers: Answers) -> PollStep:
    """The first step that nobody has answered."""
    return next((step for step in PollStep if step not in answers), PollStep.CONFIRM)


def read_poll(text: str) -> dict[str, Any]:
    """The question and the options of a text: its first line and the others; of a single line what stands up to the
    question mark, and what stands behind it between slashes."""
    first, *others = [line for line in text.splitlines() if clean_line(line)] or [""]
    if not others and "?" in first:
        question, _, rest = first.partition("?")
        first, others = f"{question}?", [rest] if clean_line(rest) else []
    answers: dict[str, Any] = {PollStep.QUESTION: clean_line(first)}
    if others:
        answers[PollStep.OPTIONS] = read_options("\n".join(others))
    return answers


def read_options(text: str) -> list[str]:
    """The options of a text: one a line, or in a single line between slashes or semicolons."""
    lines = text.splitlines()
    parts = lines if len(lines) > 1 else _SEPARATOR.split(text)
    options = [clean_line(_BULLET.sub("", part.strip())) for part in parts]
    return [option for option in options if option]


class PollFault(Invalid):
    """The first fault of a poll, in the words of its form."""

    def __init__(self, words: Words) -> None:
        super().__init__()
        self.words = words


def validate_answers(answers: Answers) -> None:
    """Check the question, and the options if they are there. Raises `PollFault`."""
    options = answers.get(PollStep.OPTIONS, ["1", "2"])
    try:
        PollDraft(question=answers[PollStep.QUESTION], options=tuple(map(OptionDraft, options))).validate()
    except InvalidForm as form:
        raise PollFault(form.first) from form


def draft_of(answers: Answers) -> PollDraft:
    """The draft of a conversation in which everything was answered. Raises `Invalid`."""
    if PollStep.OPTIONS not in answers:
        raise Invalid(N_("Send the options too, one on each line."))
    place = CardPlace.parse(answers.get(PollStep.GROUP, NOWHERE))
    options = tuple(map(OptionDraft, answers[PollStep.OPTIONS]))
    several = bool(answers.get(PollSwitch.SEVERAL))
    return PollDraft(
        question=answers[PollStep.QUESTION],
        options=options,
        kind=PollKind.SEVERAL if several else PollKind.SINGLE,
        choices_max=len(options) if several else 1,
        anonymous=bool(answers.get(PollSwitch.ANONYMOUS)),
        group_id=place.group_id,
        topic_id=place.topic_id,
    )
