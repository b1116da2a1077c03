"""Creating a series together with its first instances, and duplicating one (`S1`, `S2`, `S9`)."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime

from backend import clock, db, zone_data
from backend.accounts.queries import authorize
from backend.accounts.rules import Permission
from backend.audit.actions import record_audit
from backend.errors import Invalid, InvalidForm, NotFound
from backend.events.drafts import SeriesDraft
from backend.events.materialization import materialize_series
from backend.events.queries import series_by_id
from backend.events.tables import EventSeries
from backend.i18n import N_
from backend.people.queries import Person
from backend.recurrence.retiming import copy_rule


@dataclass(frozen=True, slots=True)
class NewSeries:
    """A series that was just created, and the public code of its first instance that is not over.

    The command line prints it as JSON: these names stay.
    """

    series_id: int
    first_code: str


async def create_series(person: Person, account_id: int, draft: SeriesDraft) -> NewSeries:
    """Create a series and at once its instances of the weeks ahead (`S2`).

    Raises `InvalidForm`, `Forbidden`, `NotFound`.
    """
    account = await authorize(person, account_id, Permission.MANAGE_EVENTS)
    return await create_series_for_account(account.id, person.id, draft)


async def create_series_for_account(account_id: int, user_id: int | None, draft: SeriesDraft) -> NewSeries:
    """Create a series for a caller who has authorized it: another action, or a script of the account's own.

    `user_id` is its author, None for a script. Raises `InvalidForm`.
    """
    draft.validate()
    async with db.transaction():
        return await insert_series(account_id, user_id, draft, clock.now())


async def insert_series(account_id: int, user_id: int | None, draft: SeriesDraft, now: datetime) -> NewSeries:
    """Write a series with its instances inside the caller's transaction; the draft has been validated.

    Raises `InvalidForm` when the group is another account's, or all its dates are past or too far ahead.
    """
    await validate_group(account_id, draft.group_id)
    row = EventSeries(
        account_id=account_id,
        created_by=user_id,
        created_at=now,
        updated_at=now,
        zone_data=zone_data.current().version,
        **asdict(draft),
    )
    await row.save()
    series_id = int(row.id)
    await materialize_series(series_id, now)
    first_code = await db.value(
        "SELECT code FROM event_instances WHERE series_id = $1 AND ends_at > $2 ORDER BY starts_at LIMIT 1",
        series_id,
        now,
    )
    if first_code is None:
        raise InvalidForm([draft.explain_no_dates(now)])
    await record_audit(account_id, user_id, "create", f"series {series_id}", title=draft.title)
    return NewSeries(series_id, first_code)


async def validate_group(account_id: int, group_id: int | None) -> None:
    """Raises `InvalidForm` when the group is not one of the account's (`A1`); None is no group."""
    if group_id is not None and not await db.value(
        "SELECT true FROM groups WHERE id = $1 AND account_id = $2", group_id, account_id
    ):
        raise InvalidForm([Invalid(N_("Choose one of the club’s groups."), field="group_id")])


async def duplicate_series(
    person: Person, account_id: int, series_id: int, starts_local: datetime
) -> NewSeries:
    """Create another series with the same rhythm and settings and nobody booked (`S9`).

    `starts_local` is its start: a naive wall clock in the zone of the series. A copy of a series that ends
    has as many dates. Raises `InvalidForm`, `Forbidden`, `NotFound`.
    """
    account = await authorize(person, account_id, Permission.MANAGE_EVENTS)
    original = await series_by_id(account.id, series_id)
    if original is None:
        raise NotFound()
    was = original.draft
    draft = replace(was, starts_local=starts_local)
    draft.validate()  # before anything is computed with its start
    draft = replace(draft, rule=copy_rule(replace(was.timing, bounds=original.part), starts_local))
    return await create_series_for_account(account.id, person.id, draft)
