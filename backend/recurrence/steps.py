"""How much work the search for the dates of one recurrence may be (`X8`)."""

from backend import failpoints
from backend.recurrence.faults import InvalidRecurrence, RecurrenceFault

# A step is a day looked at, with its share of what follows some 0.7 microseconds: the whole budget is less than 50 ms,
# which is all that the event loop or a transaction has to give.
STEPS_MAX = 50_000
# A series is saved when its search takes half of that: in other years it may take more.
STEPS_TO_SAVE = STEPS_MAX // 2
A_YEAR = 30  # steps to turn to another year
A_MATCH = 6  # steps to make a wall clock of a day
AN_INSTANT = 10  # steps to find the instant of a wall clock, and to keep it


class Steps:
    """What is left of the steps of one search, shared by all rules of the set."""

    def __init__(self, most: int | None = None) -> None:
        self.left = STEPS_MAX if most is None else most

    def take(self, number: int) -> None:
        """Raises `InvalidRecurrence` when no more are left."""
        self.left -= number
        if self.left < 0 and not failpoints.on("rules.any-work"):
            raise InvalidRecurrence(RecurrenceFault.TOO_MUCH_WORK)
