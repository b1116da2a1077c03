"""What the empty form of an event is filled with."""

from dataclasses import replace

from backend.accounts.queries import AccountView
from backend.events.drafts import SeriesDraft
from backend.people.queries import Person
from webapp.series_form import SeriesForm, form_from_draft

_UNCHOSEN_ZONE = "UTC"  # of a club for which nobody has chosen one


def zone_of_new_event(account: AccountView, organiser: Person) -> str:
    """The zone that an empty form has: the club's. Of a club for which nobody has chosen one, its organiser's,
    which their browser said, is the better guess; the form shows it."""
    return (organiser.zone or account.zone) if account.zone == _UNCHOSEN_ZONE else account.zone


def empty_form(blank: SeriesDraft) -> SeriesForm:
    """The form of a new series, filled with what the series of its club begin with."""
    return replace(form_from_draft(blank), zone="", starts_on="", starts_time="")
