"""The next dates of a series while its form is being filled in, with notes about clock changes (`S3`)."""

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from babel.dates import format_date

from backend import clock
from backend.events.drafts import SeriesDraft
from backend.i18n import N_, Voice, Words
from backend.recurrence.occurrences import Occurrence
from backend.recurrence.rfc5545 import parse_recurrence
from backend.recurrence.rule_description import describe_recurrence
from backend.recurrence.rules import Freq, Recurrence
from backend.recurrence.steps import Steps
from backend.recurrence.timing import UNBOUNDED, SeriesBounds
from backend.rule_sentences import describe_in_full, long_date
from backend.zones import ClockChangeKind, find_clock_change, resolve_local, utc_offset_minutes, wall_clock

SHOWN_MAX = 8
MONTHS, MONTH_DAYS_MAX = 12, 31
_MONTHS = re.compile(r";BYMONTH=[\d,]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class NextDate:
    """A row of the preview: a date, or a whole month that is left out, which has no `key`. `key` is the day in the syntax
    of RFC 5545; `note` is about a clock change."""

    key: str
    day: str
    hour: str
    note: str
    left_out: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """What a draft describes: the rule as a sentence, and its next dates."""

    sentence: str
    city: str  # of the zone of all the hours
    dates: list[NextDate]
    none: Words  # why, where there are no dates
    more: bool
    can_leave_out: bool


def preview(
    voice: Voice, draft: SeriesDraft, *, can_leave_out: bool, bounds: SeriesBounds = UNBOUNDED
) -> Preview:
    """The preview of a draft whose start and rule are valid; its other fields may still be empty. `bounds` are
    those of a series that was split."""
    draft = SeriesDraft(
        title="-",
        zone=draft.zone,
        starts_local=draft.starts_local,
        rule=draft.rule,
        duration_minutes=draft.duration_minutes,
    )
    recurrence = parse_recurrence(draft.rule)
    description = describe_recurrence(recurrence, draft.starts_local)
    now = clock.now()
    steps = Steps()
    coming = draft.next_occurrences(now, limit=SHOWN_MAX + 1, bounds=bounds, steps=steps)
    rows = [(one, False) for one in coming]
    if can_leave_out and recurrence.exdates:
        without_exdates = "\n".join(line for line in draft.rule.splitlines() if not line.startswith("EXDATE"))
        coming_starts = {one.original_start for one in coming}
        everything = replace(draft, rule=without_exdates).next_occurrences(
            now, limit=SHOWN_MAX + 1, bounds=bounds, steps=steps
        )
        rows = [(one, one.original_start not in coming_starts) for one in everything]
    without = _dates_of_months_out(draft, recurrence, now, bounds, steps) if can_leave_out else []
    before: Occurrence | None = None
    dates = []
    for one, left_out in rows[:SHOWN_MAX]:
        dates += _months_out(voice, draft.zone, without, before, one)
        dates.append(
            NextDate(
                key=one.local.strftime("%Y%m%d"),
                day=voice.date(one.original_start, draft.zone),
                hour=voice.bare_hour(one.original_start, draft.zone),
                note=_note(voice, draft, one, before),
                left_out=left_out,
            )
        )
        before = one
    return Preview(
        sentence=describe_in_full(voice, description, draft.starts_local, draft.zone),
        city=voice.city(draft.zone),
        dates=dates,
        none=draft.explain_no_dates(now).words,
        more=len(rows) > SHOWN_MAX,
        can_leave_out=can_leave_out,
    )


def _dates_of_months_out(
    draft: SeriesDraft, recurrence: Recurrence, now: datetime, bounds: SeriesBounds, steps: Steps
) -> list[Occurrence]:
    """The dates that a rule of the form would have in the months it leaves out, as far as the preview may reach."""
    rule = recurrence.rules[0] if len(recurrence.rules) == 1 else None
    if rule is None or not rule.by_month or rule.freq is Freq.YEARLY:
        return []
    every_month = replace(draft, rule=_MONTHS.sub("", draft.rule))
    most = SHOWN_MAX + MONTH_DAYS_MAX * (MONTHS - len(rule.by_month))
    found = every_month.next_occurrences(now, limit=most, bounds=bounds, steps=steps)
    return [one for one in found if one.local.month not in rule.by_month]


def _months_out(
    voice: Voice, zone: str, without: list[Occurrence], before: Occurrence | None, one: Occurrence
) -> list[NextDate]:
    """A row for each month that is left out between two dates."""
    months: dict[tuple[int, int], Occurrence] = {}
    for gone in without:
        if gone.original_start < one.original_start and (
            before is None or gone.original_start > before.original_start
        ):
            months.setdefault((gone.local.year, gone.local.month), gone)
    return [NextDate("", voice.month(gone.original_start, zone), "", "", True) for gone in months.values()]


def _note(voice: Voice, draft: SeriesDraft, one: Occurrence, before: Occurrence | None) -> str:
    """The clock change on that day, or since the date before; "" without one."""
    change = find_clock_change(one.local, draft.zone)
    if change is not None and change.kind is ClockChangeKind.FOLD:
        return clock_change_note(voice, one.local, draft.zone)
    if not draft.rule:
        return clock_change_note(voice, draft.starts_local, draft.zone)
    if one.local.time() != draft.starts_local.time() and "BYHOUR" not in draft.rule:
        wanted = datetime.combine(one.local.date(), draft.starts_local.time())
        gap = find_clock_change(wanted, draft.zone)
        if gap is not None and gap.kind is ClockChangeKind.GAP:
            return voice.gettext(N_("The clocks go forward that night and skip the usual hour."))
    if before is not None and one.utc_offset != before.utc_offset:
        return _offset_note(voice, draft.zone, before, one)
    return ""


def _offset_note(voice: Voice, zone: str, before: Occurrence, after: Occurrence) -> str:
    """The last clock change between two occurrences whose UTC offsets differ: by how much, and on which day.

    By the offsets alone: what a zone's data call daylight saving time is no season. Dublin's is in winter,
    Casablanca's was in Ramadan, and Vancouver gave it up without changing its clocks.
    """
    early, late = after.original_start, after.original_start
    while early > before.original_start and _offset(early, zone) == after.utc_offset:
        early = max(before.original_start, early - timedelta(days=1))
    while late - early > timedelta(minutes=1):
        middle = early + (late - early) / 2
        if _offset(middle, zone) == after.utc_offset:
            late = middle
        else:
            early = middle
    day = wall_clock(late, zone)
    date = (
        format_date(day, "d MMM", locale=voice.locale)
        if day.year == clock.now().year
        else long_date(voice, day)
    )
    step = after.utc_offset - _offset(early, zone)
    minutes = abs(step) // timedelta(minutes=1)
    if minutes == 60:
        forward, back = (
            N_("The clocks go forward an hour on %(date)s"),
            N_("The clocks go back an hour on %(date)s"),
        )
        return voice.gettext(forward if step > timedelta() else back, date=date)
    if step > timedelta():
        return voice.ngettext(
            N_("The clocks go forward %(n)s minute on %(date)s"),
            N_("The clocks go forward %(n)s minutes on %(date)s"),
            minutes,
            date=date,
        )
    return voice.ngettext(
        N_("The clocks go back %(n)s minute on %(date)s"),
        N_("The clocks go back %(n)s minutes on %(date)s"),
        minutes,
        date=date,
    )


def _offset(instant: datetime, zone: str) -> timedelta:
    return timedelta(minutes=utc_offset_minutes(instant, zone))


def clock_change_note(voice: Voice, local: datetime, zone: str) -> str:
    """What a clock change does to this naive wall-clock time, as a sentence; "" without one (`S3`)."""
    change = find_clock_change(local, zone)
    if change is None:
        return ""
    if change.kind is ClockChangeKind.FOLD:
        return voice.gettext(N_("This hour comes twice that night; the first one counts."))
    hour = voice.hour(resolve_local(local, zone), zone)
    return voice.gettext(
        N_("The clocks go forward that night and skip this hour: it becomes %(hour)s."), hour=hour
    )
