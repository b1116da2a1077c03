"""Changing a whole series, or one date of it alone (`S4`)."""

from dataclasses import asdict, dataclass, fields, replace
from datetime import timedelta
from enum import Enum
from typing import Any, Final

from piccolo.columns import Column

from backend import clock, db
from backend.accounts.queries import authorise
from backend.accounts.rules import Act
from backend.audit.actions import note
from backend.bookings import store
from backend.bookings.actions import find
from backend.bookings.queries import InstanceView, drifted
from backend.bookings.rules import Request, Verb, Via
from backend.bookings.series.follow import follow
from backend.bookings.series.seats import (
    ask_desks,
    change_calendars,
    open_date,
    open_series,
    show_anew,
    still_on,
)
from backend.events.actions import check_group
from backend.events.drafts import SeriesDraft
from backend.events.queries import draft_from
from backend.events.rules import start_of_day, timing_of
from backend.events.tables import Series
from backend.people.queries import Person


class Same(Enum):
    """What a change leaves as it is."""

    SAME = "same"


SAME: Final = Same.SAME


@dataclass(frozen=True, slots=True, kw_only=True)
class DateChanges:
    """What is to be different on one date. Of the texts and guests, None is what the series says; capacity None is no limit."""

    title: str | Same | None = SAME
    emoji: str | Same | None = SAME
    description: str | Same | None = SAME
    place: str | Same | None = SAME
    map_url: str | Same | None = SAME
    guests_max: int | Same | None = SAME
    capacity: int | Same | None = SAME
    duration_minutes: int | Same = SAME

    @property
    def given(self) -> dict[str, Any]:
        """Only what is to change."""
        named = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: value for name, value in named.items() if value is not SAME}


async def edit_series(
    person: Person, account_id: int, series_id: int, draft: SeriesDraft
) -> list[InstanceView]:
    """Change a whole series. Dates to come that nobody has touched follow the new rule; the others that it no longer has
    stay as they are and *drift*, until an organiser moves, keeps or cancels them (`S4`); all that drift are returned.

    A changed number of seats reaches the dates that had the old one (`W4`). Raises `InvalidForm`, `Invalid` when it is
    archived, `Forbidden`, `NotFound`, `Busy`.
    """
    club = await authorise(person, account_id, Act.MANAGE_EVENTS)
    draft.check()
    at = clock.now()
    async with db.transaction():
        was = await open_series(club.id, series_id)
        await check_group(club.id, draft.group_id)
        changes: dict[Column | str, Any] = dict(asdict(draft).items())
        changes["updated_at"] = at
        changes.update(_whole_days(was, draft))
        await Series.update(changes, force=True).where(Series.id == series_id)
        await follow(series_id, was, timing_of(was), person, at)
        await note(club.id, person.id, "edit", f"series {series_id}", title=draft.title)
    return await drifted(club.id, series_id)


def _whole_days(was: db.Row, draft: SeriesDraft) -> dict[Column | str, Any]:
    """A series that was split ends with a day, and begins with one, once its rhythm is another than at the split: who
    moves it by an hour does not lose a date at the seam, nor gain one that the other series has."""
    if all(was[name] == getattr(draft, name) for name in ("starts_local", "zone", "rule")):
        return {}
    bounds = {name: was[name] for name in ("dates_from", "dates_before") if was[name] is not None}
    return {name: start_of_day(bound, draft.zone) for name, bound in bounds.items()}


async def edit_date(code: str, person: Person, changes: DateChanges) -> None:
    """Change this date alone (`S4`): from now on it keeps its own values, its number of seats among them, when the
    series changes. Raises `InvalidForm`, `Cancelled`, `Ended`, `Forbidden`, `NotFound`, `Busy`."""
    where = await find(code)
    club = await authorise(person, where.account_id, Act.MANAGE_EVENTS)
    at = clock.now()
    given = changes.given
    async with db.transaction(store.lock(where.id)):
        row = await open_date(where.id, at)
        still_on(row)
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
            request = Request(
                Verb.CAPACITY, Via.DASHBOARD, by=person.id, capacity=given["capacity"]
            )
            await ask_desks([where.id], request)
        if given.keys() & {"title", "description", "place", "map_url", "duration_minutes"}:
            await change_calendars([where.id], at)
        await show_anew([where.id])
        await note(club.id, person.id, "edit", f"instance {where.id}", **given)


async def keep_date(code: str, person: Person) -> None:
    """Keep a date that its series' rule no longer has: it is one by hand from now on (`S4`).

    Raises `Cancelled`, `Ended`, `Forbidden`, `NotFound`, `Busy`.
    """
    where = await find(code)
    club = await authorise(person, where.account_id, Act.MANAGE_EVENTS)
    at = clock.now()
    async with db.transaction(store.lock(where.id)):
        row = await open_date(where.id, at)
        still_on(row)
        if row["drifted_at"] is None:
            return
        await db.execute(
            "UPDATE event_instances SET drifted_at = NULL, edited_at = $2 WHERE id = $1",
            where.id,
            at,
        )
        await show_anew([where.id])
        await note(club.id, person.id, "keep", f"instance {where.id}")
