"""Every expected refusal of the domain, with the sentence that a person reads.

A `Refusal` carries a message (an English sentence with placeholders such as `%(name)s`, which is the key of
the gettext catalogues) and its values. Each door translates all refusals in one place. Values are text,
numbers or aware datetimes, which are formatted in the reader's language and in the event's zone.
"""

from collections.abc import Sequence
from datetime import datetime

from backend.i18n import N_, Ordinal, Words

Value = str | int | datetime | Ordinal


class Refusal(Exception):
    """An expected refusal. `outcome` is its name on screens and in tests (`data-outcome`).

    `field` is the form field it is about, `zone` the zone in which its times are shown. With `plural`, the
    number `n` chooses the form of the sentence.
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
    """There is no such object, or it belongs to another account (`A1`)."""

    outcome = "not-found"
    message = N_("Not found, or you don’t have access.")


class Forbidden(Refusal):
    """The person is a member, but their role does not permit this (`A2`, `X4`)."""

    outcome = "forbidden"
    message = N_("Only organisers can do this.")


class NotAMember(NotFound):
    """The object belongs to a club of which the person is no member, and the door may show that (a tapped
    card)."""

    outcome = "not-a-member"
    message = N_("This is for members of %(club)s. Ask an organiser for an invite.")


class Invalid(Refusal):
    """The input of a form is not valid; `field` says which (`X5`)."""

    outcome = "invalid"


class InvalidForm(Refusal):
    """A form with one or more faults, each with its field and its sentence, all at once (`X5`)."""

    outcome = "invalid"
    message = N_("Please look at what is marked.")

    def __init__(self, faults: Sequence[Invalid]) -> None:
        super().__init__()
        self.faults = {fault.field: fault.words for fault in faults}

    @property
    def first(self) -> Words:
        """One of the sentences, for where there is no field to put them beside."""
        return next(iter(self.faults.values()))


class Busy(Refusal):
    """Too many requests at once, or the database took too long. Nothing has happened; it is safe to try
    again."""

    outcome = "busy"
    message = N_("Many people are tapping right now. Nothing is lost; try again in a moment.")


class TooOften(Refusal):
    """Somebody has done this too often (`X7`); it is possible again after `retry_after` seconds. `is_first` is whether
    they are refused for the first time since it last was."""

    outcome = "too-often"
    message = N_("That was too often. Please try again in %(minutes)s min.")

    def __init__(self, retry_after: int, *, is_first: bool = True) -> None:
        super().__init__(minutes=-(-retry_after // 60))
        self.retry_after, self.is_first = retry_after, is_first


class Unavailable(Exception):
    """The database cannot be reached. The doors answer 503 with Retry-After."""


class OutcomeUnknown(Unavailable):
    """The connection was lost while committing, so the change may have happened. Try again; never report it
    as a failure."""
