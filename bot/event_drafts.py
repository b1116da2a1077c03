"""A new event as it is told to the bot: step by step, or in one line of flags (`/create title="Yoga" date="25/01/2026 18:00"`).
Pure: what was answered goes in, a draft or a refusal comes out."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any

from backend.errors import Invalid, InvalidForm
from backend.events.drafts import CAPACITY_MAX, PLACE_MAX, TITLE_MAX, SeriesDraft, too_far_ahead
from backend.i18n import N_, Voice
from backend.recurrence.rfc5545 import build_rule
from backend.recurrence.rules import Freq, Weekday
from backend.search import named_in_calendar, search_words
from backend.typed_text import clean_line
from bot.card_places import CardPlace

Answers = Mapping[str, Any]


JOINER = "\u2060"  # stands in our own examples, which people copy, so that Telegram makes no links of them
WHICH_DAY = N_("Which day? Send a date like 25.1. or a weekday.")


class Step(StrEnum):
    """What is asked for, in this order, by the name that buttons and the database have."""

    ACCOUNT = "club"
    TITLE = "title"
    REPEAT = "repeat"
    DAY = "day"
    TIME = "time"
    GROUP = "group"
    SEATS = "seats"
    CONFIRM = "confirm"


class Repeat(StrEnum):
    """How often, by the name that buttons have."""

    ONCE = "once"
    WEEKLY = "weekly"
    FORTNIGHTLY = "fortnightly"
    MONTHLY = "monthly"
    MONTHLY_WEEKDAY = "monthly-weekday"  # the 2nd Tuesday, say


REPEATS = {
    Repeat.ONCE: N_("Once"),
    Repeat.WEEKLY: N_("Every week"),
    Repeat.FORTNIGHTLY: N_("Every 2 weeks"),
    Repeat.MONTHLY: N_("Every month"),
    Repeat.MONTHLY_WEEKDAY: N_("Monthly, like 2nd Tuesday"),
}
_RULES = {
    Repeat.ONCE: "",
    Repeat.WEEKLY: build_rule(Freq.WEEKLY),
    Repeat.FORTNIGHTLY: build_rule(Freq.WEEKLY, 2),
    Repeat.MONTHLY: build_rule(Freq.MONTHLY),
}
# Each flag of the one line, and the field of the draft that it sets.
FLAGS = {
    "title": "title",
    "date": "starts_local",
    "rrule": "rule",
    "limit": "capacity",
    "guests": "guests_max",
    "minutes": "duration_minutes",
    "place": "place",
}
_FLAG = re.compile(r"(\w+)\s*=\s*(?:[\"“”„«]([^\"“”»]*)[\"“”»]|(\S+))")
_DATE = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})|(\d{4})-(\d{1,2})-(\d{1,2})")
_SHORT_DATE = re.compile(r"(\d{1,2})[./](\d{1,2})\.?")
_TIME = re.compile(r"(\d{1,2})(?:[:.]?(\d{2}))?")


def next_step(answers: Answers) -> Step:
    """The first step that nobody has answered."""
    return next((step for step in Step if step not in answers), Step.CONFIRM)


def read_answer(step: Step, text: str, today: date, language: str) -> Any:
    """What was typed as the answer to a step, as it is stored. Raises `Invalid`."""
    text = clean_line(text.replace(JOINER, ""))
    match step:
        case Step.TITLE:
            if not text:
                raise Invalid(N_("Give it a title."))
            if len(text) > TITLE_MAX:
                raise Invalid(N_("At most %(most)s characters, please."), most=TITLE_MAX)
            return text
        case Step.DAY:
            day = _read_day(text, today, language)
            if day < today:
                raise Invalid(N_("That day is over. Choose one in the future."))
            if fault := too_far_ahead(day, today):
                raise fault
            return day.isoformat()
        case Step.TIME:
            return f"{_read_time(text):%H:%M}"
        case Step.SEATS:
            return _read_number(text)
    raise Invalid(N_("Tap one of the buttons, please."))


def read_place(text: str) -> str:
    """Where a date is, as it was typed. Raises `Invalid`."""
    text = clean_line(text)
    if not text:
        raise Invalid(N_("Where is it?"))
    if len(text) > PLACE_MAX:
        raise Invalid(N_("At most %(most)s characters, please."), most=PLACE_MAX)
    return text


def _read_day(text: str, today: date, language: str) -> date:
    found = _SHORT_DATE.fullmatch(text)
    if found is not None:
        day = _make_date(today.year, int(found[2]), int(found[1]))
        return day if day >= today else _make_date(today.year + 1, int(found[2]), int(found[1]))
    if _DATE.fullmatch(text):
        return _read_date(text)
    words = search_words(text)
    months = [month for word in words for month in named_in_calendar(word, language)[0]]
    weekdays = [day for word in words for day in named_in_calendar(word, language)[1]]
    numbers = [int(word.rstrip(".")) for word in words if word.rstrip(".").isdecimal() and len(word) < 4]
    if len(set(months)) == 1 and len(numbers) == 1:
        day = _make_date(today.year, months[0], numbers[0])
        return day if day >= today else _make_date(today.year + 1, months[0], numbers[0])
    if len(set(weekdays)) == 1 and not months:
        ahead = (weekdays[0] - today.isoweekday()) % 7
        return date.fromordinal(today.toordinal() + ahead)
    raise Invalid(WHICH_DAY)


def _read_date(text: str) -> date:
    found = _DATE.fullmatch(text)
    if found is None:
        raise Invalid(WHICH_DAY)
    if found[4]:
        return _make_date(int(found[4]), int(found[5]), int(found[6]))
    return _make_date(int(found[3]), int(found[2]), int(found[1]))


def _make_date(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise Invalid(N_("There is no such day.")) from None


def _read_time(text: str) -> time:
    found = _TIME.fullmatch(text)
    try:
        if found is not None:
            return time(int(found[1]), int(found[2] or 0))
    except ValueError:
        pass
    raise Invalid(N_("At what time? Send it like 18:00."))


def _read_number(text: str) -> int:
    if not (text.isdecimal() and len(text) < 7 and 1 <= int(text) <= CAPACITY_MAX):
        raise Invalid(N_("How many seats? Send a number, or tap “No limit”."))
    return int(text)


def _rule_of(repeat: Repeat, first: date) -> str:
    """The rule of a repetition; one by weekday is that of the first day, a fifth one the last of its month."""
    if repeat is not Repeat.MONTHLY_WEEKDAY:
        return _RULES[repeat]
    number = (first.day - 1) // 7 + 1
    return build_rule(Freq.MONTHLY, weekdays=[Weekday(first.weekday())], ordinal=number if number < 5 else -1)


def draft_of(answers: Answers, zone: str, blank: SeriesDraft) -> SeriesDraft:
    """The draft of a conversation in which everything was answered; what was not asked is as in `blank`."""
    place = CardPlace.parse(answers[Step.GROUP])
    return replace(
        blank,
        title=answers[Step.TITLE],
        zone=zone,
        starts_local=datetime.fromisoformat(f"{answers[Step.DAY]}T{answers[Step.TIME]}"),
        rule=_rule_of(Repeat(answers[Step.REPEAT]), date.fromisoformat(answers[Step.DAY])),
        capacity=answers[Step.SEATS] or None,
        group_id=place.group_id,
        topic_id=place.topic_id,
    )


class FlagFaults(Invalid):
    """One line with faults, each with the name of its flag."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__("%(text)s", text="\n".join(f"{flag}= {text}" for flag, text in faults.items()))


def read_line(text: str, zone: str, place: CardPlace, voice: Voice, blank: SeriesDraft) -> SeriesDraft:
    """The draft of one line of flags; what it leaves out is as in `blank`. Raises `FlagFaults` with every fault at once."""
    flags: dict[str, str] = {}
    faults: dict[str, str] = {}
    text = text.replace(JOINER, "")
    for found in _FLAG.finditer(text):
        name = found[1].lower()
        flags[name] = found[2] if found[2] is not None else found[3]
        if name not in FLAGS:
            known = ", ".join(f"{flag}=" for flag in FLAGS)
            faults[name] = voice.gettext(N_("I know these: %(flags)s."), flags=known)
    if rest := _FLAG.sub("", text).strip():
        faults[rest.split()[0][:20]] = voice.gettext(
            N_('Write what it is in front of it, like title="Yoga".')
        )
    fields: dict[str, Any] = {}
    for flag in ("title", "date"):
        if not flags.get(flag):
            faults[flag] = voice.gettext(N_("This is missing."))
    for flag, value in flags.items():
        if flag not in FLAGS or flag in faults:
            continue
        try:
            fields[FLAGS[flag]] = _read_flag(flag, value)
        except Invalid as fault:
            faults[flag] = voice.translate(fault.words)
    if faults:
        raise FlagFaults(faults)
    draft = replace(blank, zone=zone, group_id=place.group_id, topic_id=place.topic_id, **fields)
    try:
        draft.validate()
    except InvalidForm as form:
        names = {field: flag for flag, field in FLAGS.items()}
        said = {names.get(field, field): voice.translate(words) for field, words in form.faults.items()}
        raise FlagFaults(said) from form
    return draft


def _read_flag(flag: str, value: str) -> Any:
    if flag == "date":
        day, _, hour = clean_line(value).partition(" ")
        if not hour:
            raise Invalid(N_("Write it like 25/01/2026 18:00."))
        return datetime.combine(_read_date(day), _read_time(hour))
    if flag in ("limit", "guests", "minutes"):
        if not (value.isdecimal() and len(value) < 7):
            raise Invalid(N_("A number, please."))
        return int(value)
    return value
