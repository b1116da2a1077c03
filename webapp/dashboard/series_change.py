"""A change of a series or of one of its dates, as the form describes it: what it showed, what was typed, how far it reaches,
and the act that saves it (`S4`)."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, time
from enum import StrEnum
from itertools import takewhile
from typing import Any, Protocol

from backend.bookings.views import InstanceView
from backend.errors import Invalid, InvalidForm
from backend.events.drafts import SeriesDraft
from backend.events.edit import InstanceChanges, edit_series
from backend.events.queries import SeriesView
from backend.events.reschedule import change_instance
from backend.events.split import edit_following
from backend.events.versions import instance_version
from backend.i18n import N_
from backend.people.queries import Person
from backend.recurrence.expansion import wall_times
from backend.recurrence.rfc5545 import parse_recurrence
from backend.zones import wall_clock
from webapp.forms import Faults
from webapp.series_form import SeriesForm, draft_from_form, form_from_draft

# What a date may have of its own, by the names of the form; beside these its start.
OWN_TEXTS = ("title", "emoji", "description", "place", "map_url")
OWN_NUMBERS = ("guests_max", "capacity", "duration_minutes")
START = ("starts_on", "starts_time")
# Fields of the form whose fault stands beside the rule.
RULE = (
    "repeats",
    "interval",
    "weekday",
    "ordinal",
    "ends",
    "until",
    "count",
    "months_out",
    "left_out",
    "extra",
)


class Scope(StrEnum):
    """How far a change reaches (`S4`)."""

    ONLY = "only"  # this date
    FOLLOWING = "following"  # this date and those after it
    ALL = "all"  # the whole series


@dataclass(frozen=True, slots=True)
class LimitsForm:
    """What only the dashboard's form asks for: waitlist, minimum, reminders. Without `limits` it was not asked."""

    limits: str = ""
    offers_before_minutes: str = ""
    offer_minutes: str = ""
    first_tap_before_minutes: str = ""
    min_to_run: str = ""
    decide_before_minutes: str = ""
    decide_by_itself: str = ""
    warn_before_minutes: str = ""
    remind_before_minutes: tuple[str, ...] = ()
    remind_unanswered: str = ""


@dataclass(frozen=True, slots=True)
class ScopeForm:
    """The date from which the form was opened, how far the change reaches, and the versions of the series and of the
    date that the form showed (`backend.editing`)."""

    date: str = ""
    scope: str = Scope.ALL
    version: str = ""
    date_version: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """What was typed as an act, which returns the id of the series that has the dates then; valid only without faults."""

    draft: SeriesDraft
    act: Callable[[], Awaitable[int]]
    faults: Faults


class Shown(Protocol):
    """What a page has filled its form with."""

    @property
    def form(self) -> SeriesForm: ...

    @property
    def limits(self) -> LimitsForm: ...


@dataclass(frozen=True, slots=True)
class Opened:
    """A series as its form shows it, opened from one of its dates or not."""

    view: SeriesView
    date: InstanceView | None = None

    @property
    def form(self) -> SeriesForm:
        """The fields as they are now: the date's own where it has some."""
        form = form_from_draft(self.view.draft)
        if self.date is None:
            return form
        one = self.date
        starts = wall_clock(one.starts_at, one.zone)
        return replace(
            form,
            **{name: getattr(one, name) for name in OWN_TEXTS},
            starts_on=starts.date().isoformat(),
            starts_time=starts.strftime("%H:%M"),
            guests_max=str(one.guests_max),
            capacity="" if one.capacity is None else str(one.capacity),
            duration_minutes=str(int((one.ends_at - one.starts_at).total_seconds() // 60)),
        )

    @property
    def limits(self) -> LimitsForm:
        """The other fields as they are now."""
        return limits_from_draft(self.view.draft)

    @property
    def versions(self) -> dict[str, str]:
        """What identifies what the form shows, as fields of `ScopeForm`."""
        return {
            "version": self.view.draft.version,
            "date_version": instance_version(self.date) if self.date else "",
        }


def limits_from_draft(draft: SeriesDraft) -> LimitsForm:
    """The fields filled with this draft."""
    return LimitsForm(
        limits="1",
        offers_before_minutes=str(draft.offers_before_minutes),
        offer_minutes=str(draft.offer_minutes),
        first_tap_before_minutes=str(draft.first_tap_before_minutes),
        min_to_run="" if draft.min_to_run is None else str(draft.min_to_run),
        decide_before_minutes=str(draft.decide_before_minutes),
        decide_by_itself="1" if draft.decide_by_itself else "",
        warn_before_minutes=str(draft.warn_before_minutes),
        remind_before_minutes=tuple(str(lead) for lead in draft.remind_before_minutes),
        remind_unanswered="1" if draft.remind_unanswered else "",
    )


def with_limits(draft: SeriesDraft, form: LimitsForm, faults: Faults) -> SeriesDraft:
    """The draft with what was typed, as far as it was asked for; it is not validated."""
    if not form.limits:
        return draft
    numbers: dict[str, Any] = {}
    for name in (
        *("offers_before_minutes", "offer_minutes", "first_tap_before_minutes"),
        *("decide_before_minutes", "warn_before_minutes"),
    ):
        numbers[name] = faults.whole_number(name, getattr(form, name), empty=getattr(draft, name))
    leads = draft.remind_before_minutes
    if set(form.remind_before_minutes) != {str(lead) for lead in leads}:
        typed = [
            faults.whole_number("remind_before_minutes", text, empty=0) or 0
            for text in form.remind_before_minutes
        ]
        leads = tuple(sorted(set(typed), reverse=True))
    return replace(
        draft,
        **numbers,
        min_to_run=faults.whole_number("min_to_run", form.min_to_run),
        decide_by_itself=bool(form.decide_by_itself),
        remind_before_minutes=leads,
        remind_unanswered=bool(form.remind_unanswered),
    )


def new_draft(form: SeriesForm, limits: LimitsForm, blank: SeriesDraft) -> tuple[SeriesDraft, Faults]:
    """The draft of a new series, and the faults of both forms. What was not asked for is as in `blank`."""
    draft, faults = draft_from_form(form, blank=blank)
    if limits.limits:
        draft = with_limits(draft, limits, faults)
        try:
            draft.validate()
        except InvalidForm as refused:
            faults.add(refused)
    return draft, faults


def changed_fields(opened: Shown, form: SeriesForm, limits: LimitsForm) -> list[str]:
    """The names of the fields that differ from what is stored."""
    shown, more = opened.form, opened.limits
    changed = [one.name for one in fields(form) if getattr(form, one.name) != getattr(shown, one.name)]
    if limits.limits:
        changed += [
            one.name
            for one in fields(limits)
            if _in_any_order(getattr(limits, one.name)) != _in_any_order(getattr(more, one.name))
        ]
    return changed


def _in_any_order(value: str | tuple[str, ...]) -> str | frozenset[str]:
    return value if isinstance(value, str) else frozenset(value)


def read_change(
    person: Person, opened: Opened, form: SeriesForm, limits: LimitsForm, asked: ScopeForm
) -> Change:
    """The change that was typed, for the whole series where no date is known. Its act raises `ChangedMeanwhile` when
    what it would overwrite is no longer what the form showed."""
    scope = asked.scope
    if opened.date is not None and scope == Scope.ONLY:
        return _of_one_date(person, opened, opened.date, form, limits, asked.date_version)
    faults, view = Faults(), opened.view
    was = with_limits(view.draft, limits, faults)
    draft, found = draft_from_form(for_series(opened, form, scope), was)
    for name, words in found.by_field.items():
        faults.by_field.setdefault(name, words)

    async def save() -> int:
        if opened.date is not None and scope == Scope.FOLLOWING:
            return await edit_following(opened.date.code, person, draft, seen=asked.version)
        await edit_series(person, view.account_id, view.id, draft, seen=asked.version)
        return view.id

    return Change(draft, save, faults)


def for_series(opened: Opened, form: SeriesForm, scope: str) -> SeriesForm:
    """The form as it is about the series: what is as the date has it keeps the series' own value. Another start of the
    date moves the start of the whole series by as many days, to the hour that was typed; those that follow begin
    there, and of a number of times those are left that had not been."""
    if opened.date is None:
        return form
    stored, shown = form_from_draft(opened.view.draft), opened.form
    kept = {
        name: getattr(stored, name)
        for name in (*OWN_TEXTS, *OWN_NUMBERS, *START)
        if getattr(form, name) == getattr(shown, name)
    }
    if set(START) <= kept.keys():
        return replace(form, **kept)
    if scope == Scope.FOLLOWING:
        kept.pop("starts_on", None)
        kept.pop("starts_time", None)
        if form.ends == "after" and form.count == stored.count:
            kept["count"] = str(int(stored.count) - _number_before(opened.view.draft, opened.date))
    elif form.starts_on != shown.starts_on:
        with suppress(ValueError, OverflowError):  # the form says what is wrong with it
            days = date.fromisoformat(form.starts_on) - date.fromisoformat(shown.starts_on)
            kept["starts_on"] = (date.fromisoformat(stored.starts_on) + days).isoformat()
    return replace(form, **kept)


def _number_before(draft: SeriesDraft, one: InstanceView) -> int:
    """How many times the rule has been before this date, those left out too."""
    until = wall_clock(one.original_start, draft.zone)
    times = wall_times(parse_recurrence(draft.rule).rules[0], draft.starts_local)
    return sum(1 for _ in takewhile(lambda at: at < until, times))


def _of_one_date(
    person: Person, opened: Opened, one: InstanceView, form: SeriesForm, limits: LimitsForm, seen: str
) -> Change:
    faults, draft = Faults(), opened.view.draft
    changed = changed_fields(opened, form, limits)
    values: dict[str, Any] = {}
    for name in changed:
        typed = getattr(form, name, "")
        if name in OWN_TEXTS:
            values[name] = None if typed == getattr(draft, name) else typed
        elif name in OWN_NUMBERS:
            number = faults.whole_number(name, typed)
            if number is None and name != "capacity":
                faults.add(Invalid(N_("A whole number, please."), field=name))
            values[name] = None if name == "guests_max" and number == draft.guests_max else number
        elif name not in START:
            field = "rule" if name in RULE else name
            faults.add(
                Invalid(N_("One date cannot have this of its own. Choose more dates below."), field=field)
            )
    starts = _typed_start(form, faults) if set(changed) & set(START) else None

    async def save() -> int:
        if values or starts:
            await change_instance(one.code, person, InstanceChanges(**values), starts_local=starts, seen=seen)
        return one.series_id

    return Change(draft, save, faults)


def _typed_start(form: SeriesForm, faults: Faults) -> datetime | None:
    try:
        return datetime.combine(
            date.fromisoformat(form.starts_on), time.fromisoformat(form.starts_time)
        ).replace(tzinfo=None, second=0, microsecond=0)
    except ValueError:
        faults.add(Invalid(N_("Choose a day and a time."), field="starts_local"))
        return None
