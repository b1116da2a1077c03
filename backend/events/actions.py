"""Making series and their instances, pausing and resuming them (`S1`–`S3`, `S8`, `S9`)."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

import structlog

from backend import clock, codes, db
from backend.accounts.queries import authorize
from backend.accounts.rules import Permission
from backend.audit.actions import note
from backend.errors import Invalid, InvalidForm, NotFound
from backend.events.drafts import SeriesDraft
from backend.events.queries import series
from backend.events.rules import WHOLE, Occurrence, Part, Timing, timing_of
from backend.events.tables import Series
from backend.i18n import N_
from backend.people.queries import Person
from backend.seats.regulars import seat_regulars_of_new
from backend.seats.store import open_seats
from backend.settings import settings

log = structlog.get_logger()

MOST_AT_ONCE = 400  # instances of one series made by one run: more than a daily series has in 52 weeks

DISTANT = timedelta(days=3660)  # further ahead nobody looks


@dataclass(frozen=True, slots=True)
class NewSeries:
    """A series just made, and the public code of its first date to come."""

    series_id: int
    first_code: str


async def create_series(person: Person, account_id: int, draft: SeriesDraft) -> NewSeries:
    """Make a series and at once its instances of the weeks ahead (`S2`).

    Raises `InvalidForm`, `Forbidden`, `NotFound`.
    """
    club = await authorize(person, account_id, Permission.MANAGE_EVENTS)
    return await plan_series(club.id, person.id, draft)


async def plan_series(account_id: int, user_id: int | None, draft: SeriesDraft) -> NewSeries:
    """The same for a script that has the account's own authority. Raises `InvalidForm`."""
    draft.check()
    async with db.transaction():
        return await add_series(account_id, user_id, draft, clock.now())


async def add_series(account_id: int, user_id: int | None, draft: SeriesDraft, at: datetime) -> NewSeries:
    """The same inside the caller's transaction, with a draft that was checked. Raises `InvalidForm`."""
    await check_group(account_id, draft.group_id)
    row = Series(account_id=account_id, created_by=user_id, created_at=at, updated_at=at, **asdict(draft))
    await row.save()
    series_id = int(row.id)
    await materialize(series_id, at)
    first = await db.value(
        "SELECT code FROM event_instances WHERE series_id = $1 AND ends_at > $2 ORDER BY starts_at LIMIT 1",
        series_id,
        at,
    )
    if first is None:
        raise InvalidForm([Invalid(N_("All its dates are past."), field="starts_local")])
    await note(account_id, user_id, "create", f"series {series_id}", title=draft.title)
    return NewSeries(series_id, first)


async def check_group(account_id: int, group_id: int | None) -> None:
    """Raises `InvalidForm` when the group is not the club's (`A1`)."""
    if group_id is not None and not await db.value(
        "SELECT true FROM groups WHERE id = $1 AND account_id = $2", group_id, account_id
    ):
        raise InvalidForm([Invalid(N_("Choose one of the club’s groups."), field="group_id")])


async def duplicate_series(
    person: Person, account_id: int, series_id: int, starts_local: datetime
) -> NewSeries:
    """Make another series like this one that starts then (naive, in its zone): same rhythm and settings, nobody booked
    (`S9`).

    Raises `InvalidForm`, `Forbidden`, `NotFound`.
    """
    club = await authorize(person, account_id, Permission.MANAGE_EVENTS)
    was = await series(club.id, series_id)
    if was is None:
        raise NotFound()
    return await plan_series(club.id, person.id, replace(was.draft, starts_local=starts_local))


async def pause_series(person: Person, account_id: int, series_id: int) -> None:
    """From now on it gets no new dates, and none is announced; those that are there can be booked as before (`S9`).

    Doing it again changes nothing. Raises `Forbidden`, `NotFound`.
    """
    club = await authorize(person, account_id, Permission.MANAGE_EVENTS)
    async with db.transaction():
        was = await _paused_at(club.id, series_id)
        if was is None:
            at = clock.now()
            await db.execute(
                "UPDATE event_series SET paused_at = $2, updated_at = $2 WHERE id = $1",
                series_id,
                at,
            )
            await note(club.id, person.id, "pause", f"series {series_id}")


async def resume_series(person: Person, account_id: int, series_id: int) -> int:
    """It goes on: the dates of the weeks ahead appear; how many did (`S9`). Raises `Forbidden`, `NotFound`."""
    club = await authorize(person, account_id, Permission.MANAGE_EVENTS)
    async with db.transaction():
        was = await _paused_at(club.id, series_id)
        if was is None:
            return 0
        at = clock.now()
        await db.execute(
            "UPDATE event_series SET paused_at = NULL, updated_at = $2 WHERE id = $1", series_id, at
        )
        made = await materialize(series_id, at)
        await note(club.id, person.id, "resume", f"series {series_id}")
    return len(made)


async def _paused_at(account_id: int, series_id: int) -> datetime | None:
    row = await db.row(
        "SELECT paused_at FROM event_series WHERE id = $1 AND account_id = $2 FOR NO KEY UPDATE",
        series_id,
        account_id,
    )
    if row is None:
        raise NotFound()
    paused_at: datetime | None = row["paused_at"]
    return paused_at


def dates_ahead(draft: SeriesDraft, at: datetime, *, limit: int, part: Part = WHOLE) -> list[Occurrence]:
    """The next dates the draft would have, as a preview: no more than `limit`. Raises `InvalidForm`."""
    draft.check()
    timing = Timing(draft.starts_local, draft.zone, draft.rule, draft.duration_minutes, part)
    return timing.dates(after=at, until=at + DISTANT, limit=limit)


async def materialize(series_id: int, at: datetime, *, onward: bool = False) -> list[int]:
    """Make the instances of the weeks ahead that are missing, with the regulars of the series seated in them (`B11`); the
    ids of the new ones. Called inside a transaction.

    Making them twice changes nothing: (series, original start) is unique (`S2`). The first date is made however far
    ahead it lies, so that a new series is never empty. One that is paused or archived gets none (`S9`). `onward` goes on
    from where it was made to: when a state changes its clocks, and with them the instants of dates that are there
    already, nothing is made a second time.
    """
    row = await db.row("SELECT * FROM event_series WHERE id = $1 FOR NO KEY UPDATE", series_id)
    assert row is not None
    if row["paused_at"] is not None or row["archived_at"] is not None:
        return []
    timing = timing_of(row)
    until = at + timedelta(weeks=settings.weeks_ahead)
    since = at - timing.length
    if onward and row["made_until"] is not None:
        since = max(since, row["made_until"])
    dates = timing.dates(after=since, until=until, limit=MOST_AT_ONCE)
    if not dates and row["made_until"] is None:
        dates = timing.dates(after=since, until=at + DISTANT, limit=1)
    made = await _insert(row, dates, timing.length, at) if dates else []
    if len(dates) == MOST_AT_ONCE:  # the rest follows from here
        until = dates[-1].original_start
    await db.execute("UPDATE event_series SET made_until = $2 WHERE id = $1", series_id, until)
    if made:
        await seat_regulars_of_new(made)
    return made


async def _insert(series: db.Row, dates: Sequence[Occurrence], length: timedelta, at: datetime) -> list[int]:
    rows = await db.rows(
        "INSERT INTO event_instances (account_id, series_id, code, original_start, starts_at, ends_at, created_at)"
        " SELECT $1, $2, t.code, t.start, t.start, t.finish, $6"
        " FROM unnest($3::text[], $4::timestamptz[], $5::timestamptz[]) AS t (code, start, finish)"
        " ON CONFLICT ON CONSTRAINT event_instances_series_id_original_start_key DO NOTHING RETURNING id",
        series["account_id"],
        series["id"],
        [codes.new_code() for _ in dates],
        [date.original_start for date in dates],
        [date.original_start + length for date in dates],
        at,
    )
    ids = [int(row["id"]) for row in rows]
    await open_seats(ids, series["account_id"], series["capacity"])
    return ids


# What has one date only has it from the start; a series that was split ends where the other begins.
BEHIND = """
SELECT id FROM event_series WHERE paused_at IS NULL AND archived_at IS NULL
    AND (made_until IS NULL OR made_until < $1 AND rule <> '' AND (dates_before IS NULL OR dates_before > made_until))
ORDER BY id
"""


async def materialize_all() -> int:
    """The daily job (`S2`): every series that is behind gets its instances of the weeks ahead; how many were made.

    One whose rule or zone can no longer be read is written down and holds up no other.
    """
    at = clock.now()
    made = 0
    for row in await db.rows(BEHIND, at + timedelta(weeks=settings.weeks_ahead)):
        try:
            async with db.transaction():
                made += len(await materialize(row["id"], at, onward=True))
        except ValueError as error:  # `BadRule`, `UnknownZone`
            log.error("series without dates", series=row["id"], error=str(error))
    return made
