"""Every expected "no" of the domain, with the sentence a person reads.

A `Refusal` carries a message (an English sentence with `%(name)s` holes, the key of the gettext catalogues) and its
values; the doors translate it in one place each. Values may be text, numbers or aware datetimes, which the door words
in the reader's language and the event's zone.
"""

from collections.abc import Sequence
from datetime import datetime

from backend.i18n import N_, Ordinal, Words

Value = str | int | datetime | Ordinal


class Refusal(Exception):
    """An expected no. `outcome` is the word the screens and tests know it by (`data-outcome`).

    `field` names the form field it is about; `zone` is the zone its times are told in; with `plural`, `n` chooses.
    """

    outcome = "refused"
    message = N_("That is not possible.")

    def __init__(
        self,
        message: str | None = None,
        /,
        *,
        plural: str = "",
        n: int = 0,
        field: str = "",
        zone: str | None = None,
        **values: Value,
    ) -> None:
        self.field = field
        self.words = Words(message or type(self).message, values, plural, n, zone)
        super().__init__(self.words.message)


class NotFound(Refusal):
    """The object does not exist for this person: absent, or another club's (`A1`)."""

    outcome = "not-found"
    message = N_("This does not exist, or it is not for you to see.")


class Forbidden(Refusal):
    """The person is a member, but their role does not reach this (`A2`, `X4`)."""

    outcome = "forbidden"
    message = N_("Only organisers can do this.")


class NotAMember(NotFound):
    """The object exists in a club this person does not belong to, and the door may say so (a tapped card)."""

    outcome = "not-a-member"
    message = N_("This is for members of %(club)s. Ask an organiser for an invite.")


class Invalid(Refusal):
    """What was entered cannot be taken; `field` names where (`X5`)."""

    outcome = "invalid"


class InvalidForm(Refusal):
    """A form with one or more faults, all told at once: a sentence for each field (`X5`)."""

    outcome = "invalid"
    message = N_("Please look at what is marked.")

    def __init__(self, faults: Sequence[Invalid]) -> None:
        super().__init__()
        self.faults = {fault.field: fault.words for fault in faults}


class Busy(Refusal):
    """Too many at once, or the database took too long: nothing happened, trying again is right."""

    outcome = "busy"
    message = N_("Many people tap right now. Nothing is lost; try again in a moment.")


class Unavailable(Exception):
    """The database cannot be reached. The doors answer 503 with Retry-After."""


class OutcomeUnknown(Unavailable):
    """The connection was lost while committing: it may have happened. Ask again; never report it as a failure."""
