"""Editing a series and cancelling a date, when people may have booked (`S4`, `S5`, `W4`).

It stands here and not with the events, because who sits is touched: every seats row is locked before anything else.
"""

import json
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from piccolo.columns import Column

from backend import clock, db
from backend.accounts.queries import authorise
from backend.accounts.rules import Act
from backend.audit.actions import note
from backend.bookings import store
from backend.bookings.actions import find
from backend.bookings.desk import settle_here
from backend.bookings.queries import InstanceView, series_dates
from backend.bookings.rules import Request, Verb, Via
from backend.bookings.words import Ended
from backend.errors import Invalid, NotFound
from backend.events.actions import MOST_AT_ONCE, check_group, materialise
from backend.events.drafts import SeriesDraft
from backend.events.rules import Occurrence, occurrences
from backend.events.tables import Series
from backend.i18n import N_
from backend.messages.rules import ANSWERS, dedupe
from backend.people.queries import Person

REASON_MAX = 300


async def edit_series(
    person: Person, account_id: int, series_id: int, draft: SeriesDraft
) -> list[InstanceView]:
    """Change a whole series. Dates to come that nobody has touched follow the new rule; those with a booking or a card
    stay as they are (`S4`), and are returned when the rule no longer has them, for the organiser to decide.

    A changed number of seats reaches every date to come (`W4`). Raises `InvalidForm`, `Forbidden`, `NotFound`, `Busy`.
    """
    club = await authorise(person, account_id, Act.MANAGE_EVENTS)
    draft.check()
    at = clock.now()
    async with db.transaction():
        was = await db.row(
            "SELECT * FROM event_series WHERE id = $1 AND account_id = $2 FOR NO KEY UPDATE",
            series_id,
            club.id,
        )
        if was is None:
            raise NotFound()
        await check_group(club.id, draft.group_id)
        changes: dict[Column | str, Any] = dict(asdict(draft).items())
        changes["updated_at"] = at
        await Series.update(changes, force=True).where(Series.id == series_id)
        timing = ("starts_local", "zone", "rule", "duration_minutes")
        if any(was[name] != getattr(draft, name) for name in timing):
            await _drop_untouched(series_id, draft, at)
            await materialise(series_id, at)
        await _resize(series_id, draft.capacity, person, at)
        await note(club.id, person.id, "edit", f"series {series_id}", title=draft.title)
    kept = await series_dates(series_id, person)
    wanted = {date.original_start for date in _dates(draft, at)}
    return [view for view in kept if view.original_start not in wanted]


def _dates(draft: SeriesDraft, at: datetime) -> list[Occurrence]:
    return occurrences(
        draft.starts_local,
        draft.zone,
        draft.check(),
        after=at - timedelta(minutes=draft.duration_minutes),
        until=at + timedelta(days=3660),
        limit=MOST_AT_ONCE,
    )


async def _drop_untouched(series_id: int, draft: SeriesDraft, at: datetime) -> None:
    """Delete the dates to come that nobody ever booked, and that no card shows; the seats rows are locked first."""
    length = timedelta(minutes=draft.duration_minutes)
    await db.execute(
        "SELECT 1 FROM instance_seats s JOIN event_instances i ON i.id = s.instance_id"
        " WHERE i.series_id = $1 AND i.starts_at > $2 ORDER BY s.instance_id FOR NO KEY UPDATE OF s",
        series_id,
        at,
    )
    wanted = [date.original_start for date in _dates(draft, at)]
    await db.execute(
        "DELETE FROM event_instances i WHERE i.series_id = $1 AND i.starts_at > $2 AND i.state = 'SCHEDULED'"
        " AND NOT (i.original_start = ANY($3::timestamptz[]))"
        " AND NOT EXISTS (SELECT 1 FROM bookings b WHERE b.instance_id = i.id)"
        " AND NOT EXISTS (SELECT 1 FROM cards c WHERE c.instance_id = i.id)",
        series_id,
        at,
        wanted,
    )
    await db.execute(
        "UPDATE event_instances SET ends_at = starts_at + $3::interval, sequence = sequence + 1"
        " WHERE series_id = $1 AND starts_at > $2 AND state = 'SCHEDULED' AND ends_at <> starts_at + $3::interval",
        series_id,
        at,
        length,
    )


async def _resize(series_id: int, capacity: int | None, person: Person, at: datetime) -> None:
    """Give every date to come this number of seats, in the order of their ids, as all who lock several do (`W4`)."""
    rows = await db.rows(
        "SELECT i.id, s.capacity FROM event_instances i JOIN instance_seats s ON s.instance_id = i.id"
        " WHERE i.series_id = $1 AND i.ends_at > $2 AND i.state = 'SCHEDULED' ORDER BY i.id",
        series_id,
        at,
    )
    if not rows:
        return
    ids = [row["id"] for row in rows]
    await db.execute(store.lock_rows(ids))
    request = Request(Verb.CAPACITY, Via.DASHBOARD, by=person.id, capacity=capacity)
    await settle_here([(instance_id, request) for instance_id in ids])
    # Also where nothing else changed: titles, places and times are on the cards and screens too.
    await db.execute(
        "UPDATE instance_seats SET version = version + 1 WHERE instance_id = ANY($1::bigint[])", ids
    )


async def cancel_date(code: str, person: Person, reason: str) -> None:
    """Cancel one date (`S5`): bookings stay as they are, so that it can be undone; who is booked, waits or said maybe is
    told. Doing it again changes nothing. Raises `Invalid`, `Ended`, `Forbidden`, `NotFound`, `Busy`."""
    reason = " ".join(reason.split())
    if not reason:
        raise Invalid(N_("Say why, in a few words: it is what people read."), field="reason")
    if len(reason) > REASON_MAX:
        raise Invalid(N_("At most %(most)s characters, please."), field="reason", most=REASON_MAX)
    where = await find(code)
    club = await authorise(person, where.account_id, Act.MANAGE_EVENTS)
    at = clock.now()
    async with db.transaction(store.lock(where.id)):
        state = await _state(where.id, at)
        if state == "CANCELLED":
            return
        await db.execute(
            "UPDATE event_instances SET state = 'CANCELLED', cancelled_at = $2, cancelled_by = $3, cancel_reason = $4,"
            " sequence = sequence + 1 WHERE id = $1",
            where.id,
            at,
            person.id,
            reason,
        )
        await _tell_everyone(where.id, "cancelled", at, reason=reason)
        # Opening the desk ends the offers of what is off.
        await settle_here([(where.id, Request(Verb.FILL, Via.SYSTEM))])
        await note(club.id, person.id, "cancel", f"instance {where.id}", reason=reason)


async def restore_date(code: str, person: Person) -> None:
    """Undo a cancellation, until its start (`S5`): everybody has the seat or the place in line they had, and is told.

    Raises `Ended`, `Forbidden`, `NotFound`, `Busy`.
    """
    where = await find(code)
    club = await authorise(person, where.account_id, Act.MANAGE_EVENTS)
    at = clock.now()
    async with db.transaction(store.lock(where.id)):
        if await _state(where.id, at) != "CANCELLED":
            return
        await db.execute(
            "UPDATE event_instances SET state = 'SCHEDULED', cancelled_at = NULL, cancelled_by = NULL, cancel_reason = '',"
            " sequence = sequence + 1 WHERE id = $1",
            where.id,
        )
        await _tell_everyone(where.id, "restored", at)
        # Seats given back while it was cancelled go to who waits.
        await settle_here([(where.id, Request(Verb.FILL, Via.SYSTEM))])
        await note(club.id, person.id, "restore", f"instance {where.id}")


async def _state(instance_id: int, at: datetime) -> str:
    row = await db.row("SELECT state, starts_at FROM event_instances WHERE id = $1", instance_id)
    if row is None:
        raise NotFound()
    if row["state"] == "COMPLETED" or row["starts_at"] <= at:
        raise Ended(N_("This date has begun; it can no longer be changed."))
    return str(row["state"])


async def _tell_everyone(instance_id: int, kind: str, at: datetime, **detail: str) -> None:
    """One message for each who is booked, waits or said maybe; and a new version for cards and screens."""
    who = await db.rows(
        "SELECT b.account_id, m.user_id, b.seats FROM bookings b JOIN memberships m ON m.id = b.membership_id"
        " WHERE b.instance_id = $1 AND b.answer IN ('in', 'maybe') AND m.user_id IS NOT NULL",
        instance_id,
    )
    await db.execute(
        "INSERT INTO messages (account_id, instance_id, user_id, kind, detail, dedupe, priority, due_at, created_at)"
        " SELECT t.account_id, $1, t.user_id, $2, t.detail::jsonb, t.dedupe, $3, $4, $4"
        " FROM unnest($5::bigint[], $6::bigint[], $7::text[], $8::text[]) AS t (account_id, user_id, detail, dedupe)",
        instance_id,
        kind,
        ANSWERS,
        at,
        [row["account_id"] for row in who],
        [row["user_id"] for row in who],
        [json.dumps({"seats": row["seats"], **detail}) for row in who],
        [dedupe(kind, instance_id, row["user_id"], at) for row in who],
    )
    await db.execute(
        "UPDATE instance_seats SET version = version + 1 WHERE instance_id = $1", instance_id
    )
