"""Moments as people type them."""

from datetime import datetime

from backend.errors import Invalid
from backend.i18n import N_
from backend.zones import resolve_local


def parse_local(text: str) -> datetime:
    """ISO 8601 without an offset, as a wall clock shows it. Raises `Invalid` on `starts_at`."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is not None:
        raise Invalid(N_("Give the start as 2026-12-01T18:00, in the event’s zone."), field="starts_at")
    return moment


def parse_instant(text: str, zone: str) -> datetime:
    """ISO 8601: with an offset an instant, without one the wall clock of `zone`. Raises `ValueError`,
    `OverflowError`."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is not None else resolve_local(moment, zone)
