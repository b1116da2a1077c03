"""A calendar entry pasted where the rule of a series is typed fills the whole form; nothing is saved by it."""

import re
from dataclasses import dataclass, replace

from babel.lists import format_list

from backend.i18n import N_, Voice
from backend.recurrence.calendar_entry import CalendarEntry, is_calendar_entry, parse_calendar_entry
from backend.zones import resolve_local, wall_clock, zone_names
from webapp.series_form import SeriesForm, draft_from_form, form_from_draft

# The fields in which a form says what its rule is.
_RULE_FIELDS = (
    *("repeats", "interval", "weekday", "ordinal", "ends", "until", "count", "left_out", "extra", "rule"),
)
NAMED_MAX = 5  # parts of an entry that are named as left


@dataclass(frozen=True, slots=True)
class FilledForm:
    """A form as an entry filled it, and the entry."""

    form: SeriesForm
    entry: CalendarEntry


def has_pasted_entry(form: SeriesForm) -> bool:
    """Whether a calendar entry stands where a rule is typed."""
    return form.repeats == "own" and is_calendar_entry(form.rule)


def fill_form(form: SeriesForm) -> FilledForm:
    """The form with everything the pasted entry says; the rest stays. Raises `InvalidRecurrence`."""
    entry = parse_calendar_entry(form.rule)
    starts, zone = entry.starts_local, entry.zone
    if starts is not None and zone == "UTC" and not entry.rule and form.zone in zone_names():
        # One instant is the same in any zone.
        starts, zone = wall_clock(resolve_local(starts, "UTC"), form.zone), None
    filled = replace(
        form,
        title=entry.title or form.title,
        description=entry.description or form.description,
        place=entry.place or form.place,
        zone=zone or form.zone,
        starts_on=starts.date().isoformat() if starts else form.starts_on,
        starts_time=starts.strftime("%H:%M") if starts else form.starts_time,
        duration_minutes=str(entry.duration_minutes or form.duration_minutes),
        repeats="own" if entry.rule else "once",
        rule=entry.rule,
        left_out=(),
        extra=(),
    )
    return FilledForm(_with_choices(filled), entry)


def _with_choices(form: SeriesForm) -> SeriesForm:
    """The form with its rule as choices, where they can say it."""
    draft, faults = draft_from_form(replace(form, title="-"))
    if {"rule", "starts_local", "zone"} & faults.by_field.keys():
        return form
    opened = form_from_draft(draft)
    return replace(form, **{name: getattr(opened, name) for name in _RULE_FIELDS})


def taken_parts(voice: Voice, entry: CalendarEntry) -> str:
    """What was taken from an entry, as a list in words."""
    names = {re.split("[;:]", line, maxsplit=1)[0].upper() for line in entry.rule.splitlines()}
    parts = [
        (entry.title, N_("the title")),
        (entry.starts_local, N_("the first date")),
        (entry.zone, N_("the time zone")),
        (entry.duration_minutes, N_("the length")),
        (entry.place, N_("the place")),
        (entry.description, N_("the description")),
        ("RRULE" in names, N_("how often it repeats")),
        ("RDATE" in names, N_("extra dates")),
        (names & {"EXDATE", "EXRULE"}, N_("dates left out")),
    ]
    return format_list([voice.gettext(words) for value, words in parts if value], locale=voice.locale)


def left_parts(voice: Voice, entry: CalendarEntry) -> list[str]:
    """What was not taken, in sentences."""
    sentences = []
    if entry.moved:
        sentences.append(
            voice.ngettext(
                N_("%(n)s date was changed separately there and was not used. Change it here after saving."),
                N_(
                    "%(n)s dates were changed separately there and were not used. Change them here after saving."
                ),
                entry.moved,
            )
        )
    if entry.others:
        sentences.append(
            voice.ngettext(
                N_("Only the first event was used; the text has %(n)s more."),
                N_("Only the first event was used; the text has %(n)s more."),
                entry.others,
            )
        )
    if entry.left:
        names = format_list(list(entry.left[:NAMED_MAX]), locale=voice.locale)
        sentences.append(voice.gettext(N_("Not used: %(names)s."), names=names))
    return sentences
