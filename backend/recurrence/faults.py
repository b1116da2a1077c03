"""Why a text is no recurrence that a series can have, in words."""

from enum import StrEnum
from typing import Final

from backend.errors import Invalid
from backend.i18n import N_


class RecurrenceFault(StrEnum):
    """Why a text is refused as a recurrence."""

    SYNTAX = "rule.syntax"
    VALUE = "rule.value"
    TOGETHER = "rule.together"
    ENDS_TWICE = "rule.ends-twice"
    TOO_OFTEN = "rule.too-often"
    TOO_LONG = "rule.too-long"
    TOO_MUCH_WORK = "rule.too-much-work"
    NEVER = "rule.never"
    ZONE = "rule.zone"
    PERIOD = "rule.period"
    NO_EVENT = "rule.no-event"


_SENTENCES: Final = {
    RecurrenceFault.SYNTAX: N_("We don’t understand this part of the rule: %(part)s"),
    RecurrenceFault.VALUE: N_("This value is out of range: %(part)s"),
    RecurrenceFault.TOGETHER: N_("These parts of the rule don’t go together: %(part)s"),
    RecurrenceFault.ENDS_TWICE: N_("A repetition ends on a date or after a number of times, not both."),
    RecurrenceFault.TOO_OFTEN: N_("An event can repeat daily or more rarely, at most 12 times a day."),
    RecurrenceFault.TOO_LONG: N_("The repetition is too long: at most 8 rules and 500 single dates."),
    RecurrenceFault.TOO_MUCH_WORK: N_(
        "These rules take too long to work out together. Leave some out, or make two events of them."
    ),
    RecurrenceFault.NEVER: N_("No day ever fits this repetition: %(part)s"),
    RecurrenceFault.ZONE: N_("There is no such time zone: %(part)s"),
    RecurrenceFault.NO_EVENT: N_("This calendar text contains no event."),
    RecurrenceFault.PERIOD: N_("An extra date is as long as the event, so leave out its end: %(part)s"),
}


class InvalidRecurrence(Invalid):
    """The text is no recurrence, or not one that a series can have: a fault of the field of the rule.

    `message` is the fault's sentence in the catalogues; `part` is the part of the text that is at fault.
    """

    def __init__(self, fault: RecurrenceFault, part: str = "") -> None:
        self.fault = fault
        self.message = _SENTENCES[fault]
        self.part = part if len(part) <= 80 else part[:79] + "…"
        super().__init__(self.message, field="rule", part=self.part)

    def __str__(self) -> str:
        return self.message % {"part": self.part}
