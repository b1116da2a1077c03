"""The one clock. All code reads the time here, so that a test can stop it and move it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

_stopped_at: datetime | None = None


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return _stopped_at if _stopped_at is not None else datetime.now(UTC)  # noqa: TID251


def runs() -> bool:
    """Whether time passes by itself. A clock that a test has stopped never reaches a later moment while
    something waits."""
    return _stopped_at is None


@contextmanager
def stopped(at: datetime) -> Iterator[None]:
    """Stop this process's clock at an aware instant, for tests and simulations only."""
    global _stopped_at
    before, _stopped_at = _stopped_at, at.astimezone(UTC)
    try:
        yield
    finally:
        _stopped_at = before


def advance(by: timedelta) -> None:
    """Move a stopped clock forward. Raises `RuntimeError` when the clock runs."""
    global _stopped_at
    if _stopped_at is None:
        raise RuntimeError("the clock is not stopped")
    _stopped_at += by
