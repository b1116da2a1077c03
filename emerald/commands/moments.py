"""Moments as people type them."""

from datetime import datetime

import click

from backend.errors import Invalid
from backend.i18n import N_
from backend.zones import ClockChangeKind, find_clock_change, resolve_local


def parse_local(text: str) -> datetime:
    """ISO 8601 without an offset, as a wall clock shows it. Raises `Invalid` on `starts_at`."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is not None:
        raise Invalid(
            N_("Enter the start like this: 2026-12-01T18:00, in the event’s time zone."), field="starts_at"
        )
    return moment


def parse_instant(text: str, zone: str) -> datetime:
    """ISO 8601: with an offset an instant, without one the wall clock of `zone`. Raises `ValueError`,
    `OverflowError`."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is not None:
        return moment
    warn_of_clock_change(moment, zone)
    return resolve_local(moment, zone)


def warn_of_clock_change(local: datetime, zone: str) -> None:
    """Say on the standard error which moment is used, where this wall clock of the zone does not exist or
    comes twice (`S3`)."""
    change = find_clock_change(local, zone)
    if change is None:
        return
    if change.kind is ClockChangeKind.GAP:
        what = (
            f"does not exist in {zone}, because the clocks go forward then: it becomes {change.wall:%H:%M}."
        )
    else:
        what = f"comes twice in {zone}, because the clocks go back then: the first one counts."
    click.echo(f"{local:%Y-%m-%dT%H:%M} {what}", err=True)
