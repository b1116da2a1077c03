"""Changing a whole series, or one instance alone (`S4`)."""

from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Final

from piccolo.columns import Column

from backend import clock, db
from backend.accounts.queries import authorize
from backend.accounts.rules import Permission
from backend.audit.actions import record_audit
from backend.editing import require_version
from backend.events.create import validate_group
from backend.events.drafts import SeriesDraft
from backend.events.locking import (
    bump_sequence,
    load_instance,
    lock_series,
    require_scheduled,
    require_unarchived,
    submit_locked,
)
from backend.events.queries import draft_from_row, find_instance
from backend.events.sync import SHOWN_IN_CALENDARS, sync_instances
from backend.events.tables import EventSeries
from backend.events.zone_changes import follow_zone_data
from backend.people.queries import Person
from backend.recurrence.timing import changed_bounds, timing_from_row
from backend.seats import store
from backend.seats.requests import Request, Verb, Via
from backend.seats.rows import bump_versions
from backend.typed_text import clean_line, clean_lines, clean_link
from backend.zones import exact_wall_clock


class Unchanged(Enum):
    """The type of `UNCHANGED`, which marks a field that keeps its value; None is a value of its own."""

    SAME = "same"


UNCHANGED: Final = Unchanged.SAME

_CLEANED = {
    "title": clean_line,
    "emoji": clean_line,
    "description": clean_lines,
    "place": clean_line,
    "map_url": clean_link,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceChanges:
    """The fields to change on one instance.

    None gives the texts and `guests_max` back to the series; as `capacity` it is no limit. Texts are cleaned
    (`X10`).
    """

    title: str | Unchanged | None = UNCHANGED
    emoji: str | Unchanged | None = UNCHANGED
    description: str | Unchanged | None = UNCHANGED
    place: str | Unchanged | None = UNCHANGED
    map_url: str | Unchanged | None = UNCHANGED
    guests_max: int | Unchanged | None = UNCHANGED
    capacity: int | Unchanged | None = UNCHANGED
    duration_minutes: int | Unchanged = UNCHANGED

    def __post_init__(self) -> None:
        for name, clean in _CLEANED.items():
            if isinstance(typed := getattr(self, name), str):
                object.__setattr__(self, name, clean(typed))

    @property
    def given(self) -> dict[str, Any]:
        """The fields to change with their new values."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not UNCHANGED}


async def edit_series(
    person: Person, account_id: int, series_id: int, draft: SeriesDraft, *, seen: str = ""
) -> None:
    """Change a whole series (`S4`); `seen` is the version of the draft that was edited.

    Future instances that nobody has touched follow a new rule. Others that are no longer in it stay as they
    are and *drift* until an organiser moves, keeps or cancels them. A new capacity reaches the instances that
    had the old one (`W4`).

    Raises `InvalidForm`, `Invalid` when the series is archived, `ChangedMeanwhile`, `Forbidden`, `NotFound`, `Busy`.
    """
    account = await authorize(person, account_id, Permission.MANAGE_EVENTS)
    draft.validate()
    async with db.transaction():
        series = await lock_series(series_id, account.id)
        require_version(seen, draft_from_row(series).version)
        await edit_series_locked(series, draft, person, clock.now())


async def edit_series_locked(series: db.Row, draft: SeriesDraft, person: Person, now: datetime) -> None:
    """The same inside the transaction that has locked the series; the draft has been validated."""
    require_unarchived(series)
    series = await follow_zone_data(series, now)
    account_id, series_id = series["account_id"], series["id"]
    await validate_group(account_id, draft.group_id)
    changes: dict[Column | str, Any] = dict(asdict(draft).items())
    changes["updated_at"] = now
    changes.update(_bound_columns(series, draft))
    await EventSeries.update(changes, force=True).where(EventSeries.id == series_id)
    await sync_instances(series_id, series, timing_from_row(series), person, now)
    await record_audit(account_id, person.id, "edit", f"series {series_id}", title=draft.title)


def _bound_columns(old_series: db.Row, draft: SeriesDraft) -> dict[Column | str, Any]:
    """The bounds of a split series whose timing changes, as columns."""
    old_timing = timing_from_row(old_series)
    bounds = changed_bounds(old_timing, draft.timing)
    if bounds == old_timing.bounds:
        return {}
    changes: dict[Column | str, Any] = {}
    for name, bound in (("dates_from", bounds.since), ("dates_before", bounds.before)):
        if bound is not None:
            changes[name] = bound
            changes[f"{name}_local"] = exact_wall_clock(bound, draft.zone)
    return changes


async def edit_instance(code: str, person: Person, changes: InstanceChanges) -> None:
    """Change one instance alone (`S4`): it keeps its values, capacity included, when the series changes.

    Raises `InvalidForm`, `Cancelled`, `Ended`, `Forbidden`, `NotFound`, `Busy`.
    """
    address = await find_instance(code)
    await authorize(person, address.account_id, Permission.MANAGE_EVENTS)
    async with db.transaction(store.lock(address.id)):
        await edit_instance_locked(address.id, person, changes, clock.now())


async def edit_instance_locked(
    instance_id: int, person: Person, changes: InstanceChanges, now: datetime
) -> None:
    """The same inside the transaction that has locked the seats row."""
    given = changes.given
    row = await load_instance(instance_id, now)
    require_scheduled(row)
    series = await db.row("SELECT * FROM event_series WHERE id = $1", row["series_id"])
    assert series is not None
    # The series' own values were validated when it was saved; its minimum need not fit this capacity.
    overrides = {name: value for name, value in given.items() if value is not None or name == "capacity"}
    replace(draft_from_row(series), min_to_run=None, **overrides).validate()
    columns = {name: value for name, value in given.items() if name not in ("capacity", "duration_minutes")}
    duration = row["ends_at"] - row["starts_at"]
    if "duration_minutes" in given:
        duration = timedelta(minutes=given["duration_minutes"])
    assignments = "".join(f", {name} = ${number}" for number, name in enumerate(columns, 4))
    await db.execute(
        "UPDATE event_instances SET edited_at = $2, ends_at = starts_at + $3::interval"
        f"{assignments} WHERE id = $1",
        instance_id,
        now,
        duration,
        *columns.values(),
    )
    if "capacity" in given:
        request = Request(Verb.CAPACITY, Via.DASHBOARD, by=person.id, capacity=given["capacity"])
        await submit_locked([instance_id], request)
    if given.keys() & set(SHOWN_IN_CALENDARS):
        await bump_sequence([instance_id], now)
    await bump_versions([instance_id])
    await record_audit(row["account_id"], person.id, "edit", f"instance {instance_id}", **given)


async def keep_drifted(code: str, person: Person) -> None:
    """Keep an instance that is no longer in the rule of its series, as one edited by hand (`S4`).

    An instance that has not drifted stays as it is. Raises `Cancelled`, `Ended`, `Forbidden`, `NotFound`,
    `Busy`.
    """
    address = await find_instance(code)
    account = await authorize(person, address.account_id, Permission.MANAGE_EVENTS)
    now = clock.now()
    async with db.transaction(store.lock(address.id)):
        row = await load_instance(address.id, now)
        require_scheduled(row)
        if row["drifted_at"] is None:
            return
        await keep_locked([address.id], account.id, person, now)


async def keep_locked(instance_ids: list[int], account_id: int, person: Person, now: datetime) -> None:
    """The same for several inside the transaction that holds their seats rows."""
    await db.execute(
        "UPDATE event_instances SET drifted_at = NULL, edited_at = $2 WHERE id = ANY($1::bigint[])",
        instance_ids,
        now,
    )
    await bump_versions(instance_ids)
    for instance_id in instance_ids:
        await record_audit(account_id, person.id, "keep", f"instance {instance_id}")
