"""Priorities and dedupe keys of messages (`M1`), what may wait, be done without, or not be repeated (`M4`, `M5`)."""

from datetime import datetime, timedelta

from backend.zones import end_of_quiet_hours

# The smaller the sooner (HOUSE 4c).
ANSWERS = 0  # what became of one's seat: confirmations, cancellations
OFFERS = 1  # a seat is held, and the time runs
QUESTIONS = 2  # still coming on the other day? what organisers must decide
REMINDERS = 3  # and being asked for an answer
ANNOUNCEMENTS = 5
LAST = ANNOUNCEMENTS

# Which preference of people's/preferences.py spares somebody which kinds. All others always go (`M5`).
SPARED_BY = {
    "reminder": "reminders",
    "unanswered": "nudges",
    "announcement": "announcements",
    "poll-unanswered": "polls",
}
# Of these one too many is worse than one too few: what may have arrived is not sent again.
AT_MOST_ONCE = frozenset({"announcement"})

# What is told in the morning must still be of use: so long before the start.
OF_USE = timedelta(hours=1)


def dedupe(kind: str, subject: int, user_id: int, at: datetime, nth: int = 0) -> str:
    """The key under which something is told once: what, about what, to whom, and which time of it."""
    return f"{kind}:{subject}:{user_id}:{at.isoformat()}:{nth}"


def told_at(priority: int, now: datetime, zone: str, starts_at: datetime | None) -> datetime | None:
    """When something that is due is told instead of now, because it can wait until people are up; None is now.

    Answers and offers never wait, and what is about a date only if an hour is left then. Aware instants.
    """
    if priority < QUESTIONS:
        return None
    morning = end_of_quiet_hours(now, zone)
    if morning is None or (starts_at is not None and morning + OF_USE > starts_at):
        return None
    return morning
