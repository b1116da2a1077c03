"""Which dates of its series a change in chat reaches, and the series as it would be then (`S4`). Pure."""

from dataclasses import replace
from datetime import datetime, time
from enum import IntEnum
from typing import Any

from backend.events.drafts import SeriesDraft
from backend.i18n import N_
from bot.organiser_callbacks import DateStep


class Scope(IntEnum):
    """The dates that a change reaches, by the number that buttons and the database have."""

    ONLY = 0
    FOLLOWING = 1  # and this one
    ALL = 2


SCOPE_NAMES = {
    Scope.ONLY: N_("This date only"),
    Scope.FOLLOWING: N_("This date and all that follow"),
    Scope.ALL: N_("The whole series"),
}


def scopes_of(draft: SeriesDraft, what: DateStep, starts: datetime | None, was: datetime) -> list[Scope]:
    """What a change of a date of this series can reach; `was` is the local start that its rule gives the date, `starts` its new
    one.

    One date is cancelled. A series moves to another hour as a whole, while another day may not be one of its rule: that is for
    the app. A number of times is counted from the first date on, so the dates of such a series move all or one.
    """
    if not draft.rule or what is DateStep.REASON:
        return [Scope.ONLY]
    if what is not DateStep.STARTS:
        return list(Scope)
    if starts is None or starts.date() != was.date():
        return [Scope.ONLY]
    return [Scope.ONLY, Scope.ALL] if "COUNT=" in draft.rule else list(Scope)


def changed_draft(draft: SeriesDraft, what: DateStep, value: Any, scope: Scope) -> SeriesDraft:
    """The series with this value in all of its dates, or in this one and those that follow."""
    match what:
        case DateStep.TITLE:
            return replace(draft, title=value)
        case DateStep.SEATS:
            return replace(draft, capacity=value or None)
        case DateStep.PLACE:
            return replace(draft, place=value, map_url="")
        case DateStep.STARTS:
            starts = datetime.fromisoformat(value)
            if scope is Scope.ALL:
                starts = datetime.combine(draft.starts_local, time(starts.hour, starts.minute))
            return replace(draft, starts_local=starts)
    raise AssertionError(what)
