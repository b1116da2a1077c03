"""The form of a series: parsed into a draft, and filled from the draft of an existing series (`S1`, `X5`)."""

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, time

from backend.errors import Invalid, InvalidForm
from backend.events.drafts import SeriesDraft, Visibility
from backend.i18n import N_
from backend.recurrence.calendar_entry import is_calendar_entry
from backend.recurrence.expansion import wall_times
from backend.recurrence.faults import InvalidRecurrence, RecurrenceFault
from backend.recurrence.occurrences import last_day
from backend.recurrence.retiming import day_at_own_time, extra_dates, rdate_wall, retime
from backend.recurrence.rfc5545 import build_rule, parse_recurrence
from backend.recurrence.rule_description import RuleDescription, describe_recurrence
from backend.recurrence.rules import Freq, Recurrence, Weekday
from backend.recurrence.timing import SeriesTiming
from backend.series_defaults.rules import BLANK
from backend.zones import resolve_local, wall_clock, zone_names
from webapp.forms import Faults

Moment = date | datetime
REPEAT_CHOICES = ("once", "daily", "weekly", "monthly", "nth", "own")
MONTHS = range(1, 13)
END_CHOICES = ("never", "on", "after")
_FREQS = {"daily": Freq.DAILY, "weekly": Freq.WEEKLY, "monthly": Freq.MONTHLY, "nth": Freq.MONTHLY}


@dataclass(frozen=True, slots=True)
class SeriesForm:
    """Every field as text. `repeats` is one of `REPEAT_CHOICES`: `nth` is a weekday of the month, `own` the
    text in `rule`.

    `group` is a group's id, or a group's and a topic's with `:` between. `left_out` (EXDATE) and `extra`
    (RDATE) are dates in the syntax of RFC 5545, `months_out` numbers of months.
    """

    title: str = ""
    emoji: str = ""
    description: str = ""
    place: str = ""
    map_url: str = ""
    zone: str = ""
    starts_on: str = ""
    starts_time: str = ""
    duration_minutes: str = "60"
    repeats: str = "once"
    interval: str = "1"
    weekday: tuple[str, ...] = ()
    ordinal: str = "1"
    ends: str = "never"
    until: str = ""
    count: str = ""
    months_out: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    rule: str = ""
    capacity: str = ""
    guests_max: str = "0"
    opens_before_minutes: str = ""
    closes_before_minutes: str = "0"
    cancel_before_minutes: str = ""
    announce_before_minutes: str = "2880"
    queue: str = "strict"
    group: str = ""
    visibility: str = Visibility.GROUP


def form_from_draft(draft: SeriesDraft) -> SeriesForm:
    """The form filled with this draft."""
    form = _form_with_own_rule(draft)
    recurrence = parse_recurrence(draft.rule)
    rule = describe_recurrence(recurrence, draft.starts_local).builder_rule
    if rule is None or first_match(draft.rule, draft.starts_local) != draft.starts_local:
        return form
    left_out, extra = _left_out(recurrence, draft.timing), extra_dates(recurrence, draft.timing)
    if not {rdate_wall(value, draft.timing).date() for value in extra}.isdisjoint(left_out):
        return form
    fields = _builder_fields(rule, draft)
    if not recurrence.rules[0].by_day:  # the rule follows the weekday of its first date
        fields["weekday"] = ()
    fields["left_out"] = tuple(_format_moment(day) for day in left_out)
    fields["extra"] = tuple(_format_moment(moment) for moment in extra)
    built = replace(form, **fields)  # type: ignore[arg-type]
    return built if _makes(built, rule, draft.starts_local) else form


def _makes(form: SeriesForm, rule: RuleDescription, starts_local: datetime) -> bool:
    """Whether the choices of the form make a rule with this description; both end on the same day."""
    faults = Faults()
    text = _parse_rule(form, starts_local, faults)
    if faults.by_field:
        return False
    made = describe_recurrence(parse_recurrence(text), starts_local).rules
    return [replace(one, until=None) for one in made] == [replace(rule, until=None)]


def _form_with_own_rule(draft: SeriesDraft) -> SeriesForm:
    """The form filled with this draft, whose rule stands there as text."""
    group = "" if draft.group_id is None else str(draft.group_id)
    return SeriesForm(
        title=draft.title,
        emoji=draft.emoji,
        description=draft.description,
        place=draft.place,
        map_url=draft.map_url,
        zone=draft.zone,
        starts_on=draft.starts_local.date().isoformat(),
        starts_time=draft.starts_local.strftime("%H:%M"),
        duration_minutes=str(draft.duration_minutes),
        capacity=_text(draft.capacity),
        guests_max=str(draft.guests_max),
        opens_before_minutes=_text(draft.opens_before_minutes),
        closes_before_minutes=str(draft.closes_before_minutes),
        cancel_before_minutes=_text(draft.cancel_before_minutes),
        announce_before_minutes=str(draft.announce_before_minutes),
        queue="gaps" if draft.fill_gaps else "strict",
        group=group if draft.topic_id is None else f"{group}:{draft.topic_id}",
        visibility=draft.visibility,
        repeats="own" if draft.rule else "once",
        rule=draft.rule,
    )


def _left_out(recurrence: Recurrence, timing: SeriesTiming) -> list[date]:
    """The days that EXDATEs leave out; those that name an hour of no date leave out none."""
    days = {day_at_own_time(value, timing) for value in recurrence.exdates}
    return sorted(day for day in days if day is not None)


def _builder_fields(rule: RuleDescription, draft: SeriesDraft) -> dict[str, str | tuple[str, ...]]:
    repeats = {Freq.DAILY: "daily", Freq.WEEKLY: "weekly"}.get(rule.freq)
    if repeats is None:
        repeats = "own" if rule.freq is Freq.YEARLY else "nth" if rule.days else "monthly"
    ends = "on" if rule.until is not None else "after" if rule.count is not None else "never"
    until = ""
    if rule.until is not None:
        last = last_day(rule.until, draft.starts_local.time(), draft.zone)
        until = max(last, draft.starts_local.date()).isoformat()
    return {
        "repeats": repeats,
        "interval": str(rule.interval),
        "weekday": tuple(day.name for day in rule.weekdays),
        "ordinal": str(rule.ordinal or 1),
        "ends": ends,
        "until": until,
        "count": _text(rule.count),
        "months_out": tuple(str(month) for month in MONTHS if rule.months and month not in rule.months),
    }


def draft_from_form(
    form: SeriesForm, was: SeriesDraft | None = None, *, blank: SeriesDraft = BLANK
) -> tuple[SeriesDraft, Faults]:
    """The draft the form describes, and the faults of both. The draft is valid only when there are none.

    Fields that the form does not show keep their value in `was`, and so does the rule while the form's choices
    mean the same as when it was opened (`S11`). Those of a new series have their value in `blank`.
    """
    faults = Faults()
    starts = _parse_start(form, faults)
    if was is not None and starts is not None and _has_same_dates(form, form_from_draft(was)):
        starts, rule = was.starts_local, was.rule
    elif was is not None and starts is not None and _keeps_own_rule(form, was):
        rule = retime(was.timing, starts, form.zone)
    else:
        rule = _parse_rule(form, starts, faults)
    group_id, topic_id = _parse_group(form.group, faults)
    draft = replace(
        was or blank,
        title=form.title,
        emoji=form.emoji,
        description=form.description,
        place=form.place,
        map_url=form.map_url,
        zone=form.zone,
        starts_local=starts or datetime(2100, 1, 1),  # noqa: DTZ001
        duration_minutes=_required(faults, "duration_minutes", form.duration_minutes, 60),
        rule=rule,
        capacity=faults.whole_number("capacity", form.capacity),
        guests_max=_required(faults, "guests_max", form.guests_max, 0, empty=0),
        opens_before_minutes=faults.whole_number("opens_before_minutes", form.opens_before_minutes),
        closes_before_minutes=_required(
            faults, "closes_before_minutes", form.closes_before_minutes, 0, empty=0
        ),
        cancel_before_minutes=faults.whole_number("cancel_before_minutes", form.cancel_before_minutes),
        announce_before_minutes=_required(
            faults, "announce_before_minutes", form.announce_before_minutes, 2880
        ),
        fill_gaps=form.queue == "gaps",
        group_id=group_id,
        topic_id=topic_id,
        visibility=form.visibility,
    )
    try:
        draft.validate()
    except InvalidForm as refused:
        faults.add(refused)
    return draft, faults


def _has_same_dates(form: SeriesForm, opened: SeriesForm) -> bool:
    """Whether everything that decides about the dates is as it was when the form was opened."""
    return _date_choices(form) == _date_choices(opened)


def _date_choices(form: SeriesForm) -> tuple[object, ...]:
    """The start, the zone, and the rule that the choices of a form make, whatever faults it has."""
    starts = _parse_start(form, Faults())
    return starts, form.zone, _parse_rule(form, starts, Faults()).split()


def _keeps_own_rule(form: SeriesForm, was: SeriesDraft) -> bool:
    """Whether the text of a rule is as it was, while another start or zone may have been chosen."""
    return form.repeats == "own" and form.rule.split() == was.rule.split()


def _required(faults: Faults, field: str, text: str, placeholder: int, *, empty: int | None = None) -> int:
    """A required number. Without one there is a fault, and the invalid draft gets the placeholder."""
    number = faults.whole_number(field, text, empty=empty)
    if number is None:
        faults.add(Invalid(N_("A whole number, please."), field=field))
        return placeholder
    return number


def _parse_start(form: SeriesForm, faults: Faults) -> datetime | None:
    try:
        return datetime.combine(
            date.fromisoformat(form.starts_on), time.fromisoformat(form.starts_time)
        ).replace(tzinfo=None, microsecond=0)
    except ValueError:
        faults.add(Invalid(N_("Choose a day and a time."), field="starts_local"))
        return None


def _parse_rule(form: SeriesForm, starts: datetime | None, faults: Faults) -> str:
    """The recurrence as RFC 5545 text: built from the choices of the form, or as it was typed."""
    if form.repeats == "own":
        if not form.rule:
            faults.add(Invalid(N_("Write the rule, or choose how often it repeats."), field="rule"))
        if is_calendar_entry(form.rule):
            faults.add(
                Invalid(N_("This is a whole calendar entry: fill the form with it first."), field="rule")
            )
            return ""
        return form.rule
    if form.repeats not in _FREQS:
        return ""
    interval = faults.whole_number("interval", form.interval, empty=1) or 1
    until, count = _parse_end(form, starts, faults)
    months = [month for month in MONTHS if str(month) not in form.months_out]
    if not months:
        faults.add(Invalid(N_("Choose at least one month."), field="rule"))
    try:
        rule = build_rule(
            _FREQS[form.repeats],
            interval,
            _weekdays(form, starts),
            _ordinal(form, faults) if form.repeats == "nth" else None,
            until,
            count,
            rdates=[_parse_moment(text) for text in form.extra],
            exdates=sorted({_parse_moment(text) for text in form.left_out}, key=_format_moment),
            months=months if len(months) < len(MONTHS) else (),
        )
    except InvalidRecurrence as bad:
        faults.add(bad)
        return ""
    # Other years are a fault of the draft, and too near the limits of `datetime` to compute with.
    if starts is not None and 2000 <= starts.year < 2200 and form.zone in zone_names():
        first = first_match(rule, starts)
        # RFC 5545 makes the start an occurrence even when the rule does not match it; "every Tuesday" must
        # not add a Monday.
        if first is not None and first != starts:
            message = N_("This day does not fit the rule. The next one that does: %(date)s.")
            at = resolve_local(first, form.zone)
            faults.add(Invalid(message, field="starts_local", zone=form.zone, date=at))
    return rule


def first_match(rule: str, starts: datetime) -> datetime | None:
    """The first wall-clock time from the start on that the first rule of the text matches, or None."""
    return next(wall_times(parse_recurrence(rule).rules[0], starts), None)


def _weekdays(form: SeriesForm, starts: datetime | None) -> list[Weekday]:
    if form.repeats not in ("weekly", "nth"):
        return []
    chosen = [Weekday[name] for name in form.weekday if name in Weekday.__members__]
    if not chosen and form.repeats == "nth" and starts is not None:
        return [Weekday(starts.weekday())]
    return chosen


def _ordinal(form: SeriesForm, faults: Faults) -> int:
    if form.ordinal == "-1":
        return -1
    return faults.whole_number("rule", form.ordinal, empty=1) or 1


def _parse_end(form: SeriesForm, starts: datetime | None, faults: Faults) -> tuple[date | None, int | None]:
    if form.ends == "on":
        try:
            until = date.fromisoformat(form.until)
        except ValueError:
            faults.add(Invalid(N_("Choose the last day."), field="until"))
            return None, None
        if starts is not None and until < starts.date():
            faults.add(Invalid(N_("It can’t end before it begins."), field="until"))
        return until, None
    if form.ends == "after":
        count = faults.whole_number("count", form.count)
        if not count:
            faults.add(Invalid(N_("Say how many times."), field="count"))
        return None, count or None
    return None, None


def _parse_group(text: str, faults: Faults) -> tuple[int | None, int | None]:
    if not text:
        return None, None
    match = re.fullmatch(r"(\d{1,18})(?::(\d{1,18}))?", text)
    if match is None:
        faults.add(Invalid(N_("Choose one of the club’s groups."), field="group"))
        return None, None
    return int(match[1]), int(match[2]) if match[2] else None


def _parse_moment(text: str) -> Moment:
    """A date in the syntax of RFC 5545. Raises `InvalidRecurrence`."""
    moments = parse_recurrence(f"RDATE:{text}").rdates
    if len(moments) != 1:
        raise InvalidRecurrence(RecurrenceFault.SYNTAX, text)
    return moments[0]


def _format_moment(moment: Moment) -> str:
    if not isinstance(moment, datetime):
        return moment.strftime("%Y%m%d")
    if moment.tzinfo is None:
        return moment.strftime("%Y%m%dT%H%M%S")
    return wall_clock(moment, "UTC").strftime("%Y%m%dT%H%M%SZ")


def _text(number: int | None) -> str:
    return "" if number is None else str(number)
