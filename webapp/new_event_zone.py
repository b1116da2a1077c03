"""The zone that the empty form of an event has."""

from backend.accounts.queries import AccountView
from backend.people.queries import Person

_UNCHOSEN_ZONE = "UTC"  # of a club for which nobody has chosen one


def zone_of_new_event(account: AccountView, organiser: Person) -> str:
    """The zone that an empty form has: the club's. Of a club for which nobody has chosen one, its organiser's,
    which their browser said, is the better guess; the form shows it."""
    return (organiser.zone or account.zone) if account.zone == _UNCHOSEN_ZONE else account.zone
