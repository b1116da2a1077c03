"""Changing a whole series, or one date of it alone (`S4`)."""

from dataclasses import asdict, dataclass, fields, replace
from datetime import timedelta
from enum import Enum
from typing import Any, Final

from piccolo.columns import Column

from backend import clock, db
from backend.accounts.queries import authorize
from backend.accounts.rules import Permission
from backend.audit.actions import note
from backend.events.actions import check_group
from backend.events.drafts import SeriesDraft
from backend.events.locking import (
    bump_sequence,
    load_instance,
    load_series,
    require_scheduled,
    submit_locked,
)
from backend.events.queries import draft_from, find_instance
from backend.events.rules import timing_of
from backend.events.sync import sync_instances
from backend.events.tables import Series
from backend.people.queries import Person
from backend.seats import store
from backend.seats.state import Request, Verb, Via
from backend.seats.store import bump_versions
from backend.zones import start_of_day


class Unchanged(Enum):
    """What a change leaves as it is."""

    SAME = "same"


UNCHANGED: Final = Unchanged.SAME


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceChanges:
    """What is to be different on one date. Of the texts and guests, None is what the series says; capacity None is no limit."""

    title: str | Unchanged | None = UNCHANGED
    emoji: str | Unchanged | None = UNCHANGED
    description: str | Unchanged | None = UNCHANGED
    place: str | Unchanged | None = UNCHANGED
    map_url: str | Unchanged | None = UNCHANGED
    guests_max: int | Unchanged | None = UNCHANGED
    capacity: int | Unchanged | None = UNCHANGED
    duration_minutes: int | Unchanged = UNCHANGED

    @property
    def given(self) -> dict[str, Any]:
        """Only what is to change."""
        named = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: value for name, value in named.items() if value is not UNCHANGED}


async def edit_series(person: Person, account_id: int, series_id: int, draft: SeriesDraft) -> None:
    """Change a whole series. Dates to come that nobody has touched follow the new rule; the others that it no longer has
    stay as they are and *drift*, until an organiser moves, keeps or cancels them (`S4`).

    A changed number of seats reaches the dates that had the old one (`W4`). Raises `InvalidForm`, `Invalid` when it is
    archived, `Forbidden`, `NotFound`, `Busy`.
    """
    club = await authorize(person, account_id, Permission.MANAGE_EVENTS)
    draft.check()
    at = clock.now()
    async with db.transaction():
        was = await load_series(club.id, series_id)
        await check_group(club.id, draft.group_id)
        changes: dict[Column | str, Any] = dict(asdict(draft).items())
        changes["updated_at"] = at
        changes.update(_whole_days(was, draft))
        await Series.update(changes, force=True).where(Series.id == series_id)
        await sync_instances(series_id, was, timing_of(was), person, at)
        await note(club.id, person.id, "edit", f"series {series_id}", title=draft.title)


def _whole_days(was: db.Row, draft: SeriesDraft) -> dict[Column | str, Any]:
    """A series that was split ends with a day, and begins with one, once its rhythm is another than at the split: who
    moves it by an hour does not lose a date at the seam, nor gain one that the other series has."""
    if all(was[name] == getattr(draft, name) for name in ("starts_local", "zone", "rule")):
        return {}
    bounds = {name: was[name] for name in ("dates_from", "dates_before") if was[name] is not None}
    return {name: start_of_day(bound, draft.zone) for name, bound in bounds.items()}


async def edit_instance(code: str, person: Person, changes: InstanceChanges) -> None:
    """Change this date alone (`S4`): from now on it keeps its own values, its number of seats among them, when the
    series changes. Raises `InvalidForm`, `Cancelled`, `Ended`, `Forbidden`, `NotFound`, `Busy`."""
    where = await find_instance(code)
    club = await authorize(person, where.account_id, Permission.MANAGE_EVENTS)
    at = clock.now()
    given = changes.given
    async with db.transaction(store.lock(where.id)):
        row = await load_instance(where.id, at)
        require_scheduled(row)
        series = await db.row("SELECT * FROM event_series WHERE id = $1", row["series_id"])
        assert series is not None
        wanted = {n: v for n, v in given.items() if v is not None or n == "capacity"}
        # Only what is given is held against the bounds: what the series itself says has been.
        replace(draft_from(series), min_to_run=None, **wanted).check()
        own = {n: v for n, v in given.items() if n not in ("capacity", "duration_minutes")}
        length = row["ends_at"] - row["starts_at"]
        if "duration_minutes" in given:
            length = timedelta(minutes=given["duration_minutes"])
        named = "".join(f", {name} = ${n}" for n, name in enumerate(own, 4))
        await db.execute(
            f"UPDATE event_instances SET edited_at = $2, ends_at = starts_at + $3::interval{named} WHERE id = $1",
            where.id,
            at,
            length,
            *own.values(),
        )
        if "capacity" in given:
            request = Request(Verb.CAPACITY, Via.DASHBOARD, by=person.id, capacity=given["capacity"])
            await submit_locked([where.id], request)
        if given.keys() & {"title", "description", "place", "map_url", "duration_minutes"}:
            await bump_sequence([where.id], at)
        await bump_versions([where.id])
        await note(club.id, person.id, "edit", f"instance {where.id}", **given)


async def keep_drifted(code: str, person: Person) -> None:
    """Keep a date that its series' rule no longer has: it is one by hand from now on (`S4`).

    Raises `Cancelled`, `Ended`, `Forbidden`, `NotFound`, `Busy`.
    """
    where = await find_instance(code)
    club = await authorize(person, where.account_id, Permission.MANAGE_EVENTS)
    at = clock.now()
    async with db.transaction(store.lock(where.id)):
        row = await load_instance(where.id, at)
        require_scheduled(row)
        if row["drifted_at"] is None:
            return
        await db.execute(
            "UPDATE event_instances SET drifted_at = NULL, edited_at = $2 WHERE id = $1",
            where.id,
            at,
        )
        await bump_versions([where.id])
        await note(club.id, person.id, "keep", f"instance {where.id}")
