"""The forms of a poll, and what they mean to the core (`P1`, `P4`)."""

from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest

from backend.errors import Invalid, InvalidForm
from backend.events.drafts import SeriesDraft
from backend.i18n import N_, Voice, Words
from backend.polls.drafts import OptionDraft, PollDraft
from backend.polls.event_creation import EventDetails
from backend.zones import resolve_local
from webapp.forms import Faults
from webapp.series_preview import clock_change_note

EMPTY_OPTIONS = 3  # lines a new form begins with; the last filled one brings another


@dataclass(frozen=True, slots=True)
class PollForm:
    """Every field as text. `option` and `limit` go together by their place; empty options are left out."""

    question: str = ""
    option: tuple[str, ...] = ("",) * EMPTY_OPTIONS
    limit: tuple[str, ...] = ("",) * EMPTY_OPTIONS
    kind: str = "single"
    choices_max: str = "2"
    anonymous: str = ""
    results: str = "live"
    closes: str = ""
    group: str = ""

    @property
    def lines(self) -> list[tuple[str, str]]:
        """The options with their limits, line by line."""
        return list(zip_longest(self.option, self.limit, fillvalue=""))


@dataclass(frozen=True, slots=True)
class EventForm:
    """The event that a date poll makes, every field as text; `option` "" is the best date, `duration_minutes` "" the
    club's own length."""

    option: str = ""
    capacity: str = ""
    duration_minutes: str = ""
    place: str = ""
    claim_hours: str = "24"


def poll_draft_of(form: PollForm, zone: str) -> tuple[PollDraft, dict[str, Words]]:
    """The poll that the form describes, and its faults. Faults of options are named after their line in the
    form."""
    faults = Faults()
    options, lines = [], []
    for number, (text, limit) in enumerate(form.lines):
        if text or limit:
            votes_max = faults.whole_number(f"option-{number}", limit)
            if form.kind == "dates":
                at = _instant(text, zone, faults, f"option-{number}")
                options.append(OptionDraft("", votes_max, at))
            else:
                options.append(OptionDraft(text, votes_max))
            lines.append(number)
    group, _, topic = form.group.partition(":")
    draft = PollDraft(
        question=form.question,
        options=tuple(options),
        kind=form.kind,
        choices_max=faults.whole_number("choices_max", form.choices_max, empty=1) or 0,
        anonymous=bool(form.anonymous),
        results=form.results,
        closes_at=_instant(form.closes, zone, faults, "closes_at"),
        group_id=faults.whole_number("group", group),
        topic_id=faults.whole_number("group", topic),
    )
    try:
        draft.validate()
    except InvalidForm as refusal:
        for field, words in refusal.faults.items():
            name, _, place = field.partition("-")
            line = f"option-{lines[int(place)]}" if name == "option" else field
            faults.by_field.setdefault(line, words)
    return draft, faults.by_field


def clock_change_notes(form: PollForm, voice: Voice, zone: str) -> str:
    """What clock changes do to the moments of a form without faults, as sentences (`S3`)."""
    moments = [*(form.option if form.kind == "dates" else ()), form.closes]
    notes = [clock_change_note(voice, datetime.fromisoformat(text), zone) for text in moments if text]
    return " ".join(dict.fromkeys(note for note in notes if note))


def first_event_form(blank: SeriesDraft) -> EventForm:
    """The form as the club's new events begin (`S12`)."""
    capacity = "" if blank.capacity is None else str(blank.capacity)
    return EventForm(capacity=capacity, duration_minutes=str(blank.duration_minutes))


def event_details_of(form: EventForm) -> tuple[EventDetails, Faults]:
    """The event that the form describes, and its faults."""
    faults = Faults()
    hours = faults.whole_number("claim_minutes", form.claim_hours, empty=0) or 0
    details = EventDetails(
        option_id=faults.whole_number("option", form.option),
        capacity=faults.whole_number("capacity", form.capacity),
        duration_minutes=faults.whole_number("duration_minutes", form.duration_minutes),
        place=form.place,
        claim_minutes=hours * 60,
    )
    return details, faults


def _instant(text: str, zone: str, faults: Faults, field: str) -> datetime | None:
    """A wall-clock time in the club's zone as an aware instant; None without one."""
    if not text:
        return None
    try:
        return resolve_local(datetime.fromisoformat(text).replace(tzinfo=None), zone)
    except (ValueError, OverflowError):
        faults.add(Invalid(N_("Choose a day and a time."), field=field))
        return None
