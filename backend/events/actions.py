"""Making series and their instances (`S1`–`S3`, `S8`)."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from backend import clock, codes, db
from backend.accounts.queries import authorise
from backend.accounts.rules import Act
from backend.audit.actions import note
from backend.errors import Invalid, InvalidForm
from backend.events.drafts import SeriesDraft
from backend.events.rules import Occurrence, occurrences, parse_recurrence
from backend.events.tables import Series
from backend.i18n import N_
from backend.people.queries import Person
from backend.settings import settings

MOST_AT_ONCE = (
    400  # instances of one series made by one run: more than a daily series has in 52 weeks
)


@dataclass(frozen=True, slots=True)
class NewSeries:
    """A series just made, and the public code of its first date to come."""

    series_id: int
    first_code: str


async def create_series(person: Person, account_id: int, draft: SeriesDraft) -> NewSeries:
    """Make a series and at once its instances of the weeks ahead (`S2`).

    Raises `InvalidForm`, `Forbidden`, `NotFound`.
    """
    club = await authorise(person, account_id, Act.MANAGE_EVENTS)
    return await plan_series(club.id, person.id, draft)


async def plan_series(account_id: int, user_id: int | None, draft: SeriesDraft) -> NewSeries:
    """The same for a script that has the account's own authority. Raises `InvalidForm`."""
    draft.check()
    async with db.transaction():
        return await add_series(account_id, user_id, draft, clock.now())


async def add_series(
    account_id: int, user_id: int | None, draft: SeriesDraft, at: datetime
) -> NewSeries:
    """The same inside the caller's transaction, with a draft that was checked. Raises `InvalidForm`."""
    await check_group(account_id, draft.group_id)
    row = Series(
        account_id=account_id, created_by=user_id, created_at=at, updated_at=at, **asdict(draft)
    )
    await row.save()
    series_id = int(row.id)
    await materialise(series_id, at)
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


def dates_ahead(draft: SeriesDraft, at: datetime, *, limit: int) -> list[Occurrence]:
    """The next dates the draft would have, as a preview: no more than `limit`. Raises `InvalidForm`."""
    return occurrences(
        draft.starts_local,
        draft.zone,
        draft.check(),
        after=at,
        until=at + timedelta(days=3660),
        limit=limit,
    )


async def materialise(series_id: int, at: datetime) -> list[int]:
    """Make the instances of the weeks ahead that are missing; the ids of the new ones. Called inside a transaction.

    Making them twice changes nothing: (series, original start) is unique (`S2`). The first date is made however far
    ahead it lies, so that a new series is never empty.
    """
    row = await db.row("SELECT * FROM event_series WHERE id = $1 FOR NO KEY UPDATE", series_id)
    assert row is not None
    recurrence = parse_recurrence(row["rule"])
    until = at + timedelta(weeks=settings.weeks_ahead)
    length = timedelta(minutes=row["duration_minutes"])
    span = (row["starts_local"], row["zone"], recurrence)
    dates = occurrences(*span, after=at - length, until=until, limit=MOST_AT_ONCE)
    if not dates and row["made_until"] is None:
        dates = occurrences(*span, after=at - length, until=at + timedelta(days=3660), limit=1)
    made = await _insert(row, dates, length, at)
    await db.execute("UPDATE event_series SET made_until = $2 WHERE id = $1", series_id, until)
    return made


async def _insert(
    series: db.Row, dates: Sequence[Occurrence], length: timedelta, at: datetime
) -> list[int]:
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
    await db.execute(
        "INSERT INTO instance_seats (instance_id, account_id, capacity) SELECT unnest($1::bigint[]), $2, $3",
        ids,
        series["account_id"],
        series["capacity"],
    )
    return ids


async def materialise_all() -> int:
    """The daily job (`S2`): every series gets its instances of the weeks ahead; how many were made."""
    at = clock.now()
    made = 0
    for row in await db.rows("SELECT id FROM event_series ORDER BY id"):
        async with db.transaction():
            made += len(await materialise(row["id"], at))
    return made
