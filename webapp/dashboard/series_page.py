"""The form of a series with everything beside it: the next dates, the consequences, what follows the rule and what does not."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date
from typing import Any

from litestar import Response

from backend.bookings.queries.lists import drifted_instances, series_instances
from backend.events.drafts import SeriesDraft
from backend.events.queries import SeriesView
from backend.groups.queries import groups
from backend.i18n import N_, Words
from backend.recurrence.calendar_entry import CalendarEntry
from backend.recurrence.rules import Weekday
from backend.recurrence.timing import UNBOUNDED, SeriesBounds, changed_bounds
from backend.rule_sentences import month_names, weekday_names
from backend.series_defaults.rules import BLANK
from backend.zones import zone_names
from webapp import series_preview
from webapp.calendar_paste import has_pasted_entry, left_parts, taken_parts
from webapp.computing import compute
from webapp.dashboard.conflicts import Difference
from webapp.dashboard.followed import own_rows
from webapp.dashboard.lead_times import (
    ANNOUNCE,
    CLOSES,
    DECIDE,
    LEAVE,
    OFFERS,
    OPENS,
    REMIND,
    lead_time_choices,
)
from webapp.dashboard.responses import render_page
from webapp.dashboard.series_change import (
    LimitsForm,
    Opened,
    Scope,
    Shown,
    changed_fields,
    for_series,
    new_draft,
)
from webapp.dashboard.session import Visit
from webapp.dashboard.what_if import WhatIf
from webapp.forms import Faults
from webapp.respond import AnyRequest
from webapp.series_form import SeriesForm, draft_from_form

# The fields that the preview needs; others may still be empty.
_TIMING = ("starts_local", "zone", "rule", "until", "count", "interval", "duration_minutes")
_DATES_SHOWN = 60
# What the fields are called where somebody else has changed them.
_NAMES = {
    "title": N_("Title"),
    "emoji": N_("Emoji"),
    "description": N_("Description"),
    "place": N_("Place"),
    "map_url": N_("Link to a map"),
    "starts_on": N_("First date"),
    "starts_time": N_("Time"),
    "duration_minutes": N_("Length in minutes"),
    "capacity": N_("Seats"),
    "guests_max": N_("Guests per booking"),
    "min_to_run": N_("Minimum to take place"),
    "zone": N_("Time zone"),
    "until": N_("Last day"),
    "rule": N_("The rule (RRULE)"),
}


def differences(visit: Visit, opened: Shown, form: SeriesForm, limits: LimitsForm) -> list[Difference]:
    """Where the form and what is stored by now differ; choices without a name of their own are one line."""
    found, others = [], False
    for name in changed_fields(opened, form, limits):
        label = _NAMES.get(name)
        if label is None:
            others = True
            continue
        source, typed = (opened.form, form) if hasattr(form, name) else (opened.limits, limits)
        found.append(
            Difference(visit.voice.gettext(label), str(getattr(typed, name)), str(getattr(source, name)))
        )
    if others:
        found.append(Difference(visit.voice.gettext(N_("Other choices")), "", ""))
    return found


async def render_form(
    request: AnyRequest,
    visit: Visit,
    form: SeriesForm,
    limits: LimitsForm,
    *,
    opened: Opened | None = None,
    scope: str = Scope.ALL,
    faults: Faults | None = None,
    entry: CalendarEntry | None = None,
    shown: WhatIf | None = None,
    conflict: list[Difference] | None = None,
    status: int = 200,
) -> Response[str]:
    """The page; `conflict` where somebody has changed meanwhile what the form showed."""
    view = opened.view if opened else None
    return render_page(
        request,
        visit,
        "series/form.html",
        status=status,
        view=view,
        date=opened.date if opened else None,
        scope=scope,
        versions=opened.versions if opened else {},
        limits=limits,
        what_if=shown or WhatIf(),
        conflict=conflict,
        faults=beside(faults.by_field) if faults else {},
        taken=taken_parts(visit.voice, entry) if entry else "",
        left=left_parts(visit.voice, entry) if entry else [],
        groups=await groups(visit.account.id),
        zones=sorted(zone_names()),
        usual_intervals=[str(n) for n in range(1, 13)],
        **choices(visit, form, limits),
        own=await own_rows(visit.voice, view) if view else [],
        drifted=await drifted_instances(view.account_id, view.id) if view else [],
        dates=await series_instances(view.id, visit.person, limit=_DATES_SHOWN) if view else [],
        **await compute(preview_of, visit, form, limits, opened, scope),
    )


def choices(visit: Visit, form: SeriesForm, limits: LimitsForm) -> dict[str, Any]:
    """What the selects of the form offer."""
    voice = visit.voice
    leads = [*(str(lead) for lead in REMIND), *limits.remind_before_minutes]
    return {
        "opens": lead_time_choices(voice, OPENS, form.opens_before_minutes),
        "closes": lead_time_choices(voice, CLOSES, form.closes_before_minutes),
        "leave": lead_time_choices(voice, LEAVE, form.cancel_before_minutes),
        "announce": lead_time_choices(voice, ANNOUNCE, form.announce_before_minutes),
        "offers": lead_time_choices(voice, OFFERS, limits.offers_before_minutes),
        "first_taps": lead_time_choices(voice, CLOSES, limits.first_tap_before_minutes),
        "decides": lead_time_choices(voice, DECIDE, limits.decide_before_minutes),
        "warns": lead_time_choices(voice, DECIDE, limits.warn_before_minutes),
        "reminders": lead_time_choices(
            voice, sorted({int(lead) for lead in leads if lead.isascii() and lead.isdigit()}), ""
        ),
        "months": [(str(n), name) for n, name in enumerate(month_names(voice, "abbreviated"), 1)],
        "weekdays": list(
            zip(("MO", "TU", "WE", "TH", "FR", "SA", "SU"), weekday_names(voice, "abbreviated"), strict=True)
        ),
    }


def beside(faults: Mapping[str, Words]) -> dict[str, Words]:
    """The faults under the form's names of the fields."""
    return {"group" if field == "group_id" else field: words for field, words in faults.items()}


def preview_of(
    visit: Visit, form: SeriesForm, limits: LimitsForm, opened: Opened | None, scope: str = Scope.ALL
) -> dict[str, Any]:
    """The rule in words and the next dates, as the template wants them."""
    view = opened.view if opened else None
    if opened is None:
        draft, faults = new_draft(form, limits, BLANK)  # dates follow from neither
    elif opened.date is not None and scope == Scope.ONLY:  # the rule stays as it is
        draft, faults = opened.view.draft, Faults()
    else:
        draft, faults = draft_from_form(for_series(opened, form, scope), opened.view.draft)
    wrong = [words for field, words in faults.by_field.items() if field in _TIMING]
    untouched = not form.starts_on and not form.starts_time
    good = None
    if not wrong:
        good = series_preview.preview(
            visit.voice, draft, can_leave_out=form.repeats not in ("own", "once"), bounds=_bounds(view, draft)
        )
    pasted = has_pasted_entry(form)
    return {
        "preview": good,
        "preview_faults": [] if untouched or pasted else wrong,
        "pasted": pasted,
        "form": form,
        "first_weekday": _first_weekday(form),
    }


def _first_weekday(form: SeriesForm) -> str:
    """The weekday of the first date, which a rule without weekdays follows, as RFC 5545 writes it; "" before one is chosen."""
    with suppress(ValueError):
        return Weekday(date.fromisoformat(form.starts_on).weekday()).name
    return ""


def _bounds(view: SeriesView | None, draft: SeriesDraft) -> SeriesBounds:
    if view is None:
        return UNBOUNDED
    return changed_bounds(replace(view.draft.timing, bounds=view.part), draft.timing)
