"""Priorities and dedupe keys of messages (`M1`)."""

from datetime import datetime

# The smaller the sooner (HOUSE 4c): answers and confirmations come first.
ANSWERS = 0
OFFERS = 1
QUESTIONS = 2  # what asks for an answer, and is no offer


def dedupe(kind: str, subject: int, user_id: int, at: datetime, nth: int = 0) -> str:
    """The key under which something is told once: what, about what, to whom, and which time of it."""
    return f"{kind}:{subject}:{user_id}:{at.isoformat()}:{nth}"
