"""Moving one date, and the question to who is booked (`S6`)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from backend import clock, db
from backend.accounts.queries import authorize
from backend.accounts.rules import Permission
from backend.audit.actions import record_audit
from backend.errors import Invalid
from backend.events.locking import (
    bump_sequence,
    load_instance,
    require_scheduled,
    submit_locked,
)
from backend.events.notifications import participants
from backend.events.queries import find_instance
from backend.i18n import N_
from backend.outbox.enqueue import Recipient, enqueue
from backend.outbox.kinds import Kind
from backend.people.queries import Person
from backend.people.sql import DISPLAY_NAME
from backend.seats import store
from backend.seats.requests import Request, Verb, Via
from backend.seats.rows import ask_booked_again, bump_versions
from backend.zones import resolve_local, wall_clock

MINUTES_MAX = 14 * 24 * 60


@dataclass(frozen=True, slots=True)
class MoveResponses:
    """What came of the question whether they still come: names, in the order in which they booked (`S6`)."""

    stay: list[str]
    left: list[str]
    silent: list[str]

    @property
    def asked(self) -> int:
        return len(self.stay) + len(self.left) + len(self.silent)


async def move_instance(
    code: str, person: Person, starts_local: datetime, *, duration_minutes: int | None = None
) -> None:
    """Let a date take place at another time: a wall clock in its zone (naive), which becomes an instant as `S3` says.

    Its bookings, its code and its place in the series stay; who is booked is asked once for each move whether they still
    come, who waits or said maybe is told. To where it is already, nothing changes. Raises `InvalidForm` faults as
    `Invalid`, `Cancelled`, `Ended`, `Forbidden`, `NotFound`, `Busy`.
    """
    where = await find_instance(code)
    club = await authorize(person, where.account_id, Permission.MANAGE_EVENTS)
    at = clock.now()
    async with db.transaction(store.lock(where.id)):
        row = await load_instance(where.id, at)
        require_scheduled(row)
        was = row["ends_at"] - row["starts_at"]
        starts_at, length = resolve_new_time(row["zone"], was, starts_local, duration_minutes, at)
        moved = starts_at != row["starts_at"]
        if not moved and was == length:
            return
        await db.execute(
            "UPDATE event_instances SET starts_at = $2, ends_at = $3, edited_at = $4, drifted_at = NULL"
            " WHERE id = $1",
            where.id,
            starts_at,
            starts_at + length,
            at,
        )
        await bump_sequence([where.id], at)
        if moved:
            await _ask_again(row, starts_at, at)
        await bump_versions([where.id])
        # Free seats move by the new start's clock.
        await submit_locked([where.id], Request(Verb.FILL, Via.SYSTEM))
        await record_audit(
            club.id,
            person.id,
            "move",
            f"instance {where.id}",
            was=wall_clock(row["starts_at"], row["zone"]).isoformat(),
            now=str(starts_local),
        )


def resolve_new_time(
    zone: str,
    was: timedelta,
    starts_local: datetime,
    duration_minutes: int | None,
    at: datetime,
) -> tuple[datetime, timedelta]:
    """When a date that took `was` long would begin, and how long it would take, moved to this wall clock in its zone.

    Raises `Invalid` for what it cannot be moved to.
    """
    if starts_local.tzinfo is not None or not 2000 <= starts_local.year < 2200:
        raise Invalid(N_("Choose a date in this century."), field="starts_local")
    starts_at = resolve_local(starts_local.replace(second=0, microsecond=0), zone)
    if starts_at <= at:
        raise Invalid(N_("That is in the past. Choose a time to come."), field="starts_local")
    if duration_minutes is None:
        return starts_at, was
    if not 5 <= duration_minutes <= MINUTES_MAX:
        raise Invalid(
            N_("Between %(least)s and %(most)s, please."),
            field="duration_minutes",
            least=5,
            most=MINUTES_MAX,
        )
    return starts_at, timedelta(minutes=duration_minutes)


async def _ask_again(row: db.Row, starts_at: datetime, at: datetime) -> None:
    """Everything that hangs on the start begins again; who is booked is asked, and the others are told.

    Whoever was not yet told of an earlier move is told of both as one; who would be told that nothing changed, is not.
    """
    instance_id = row["id"]
    unheard = {
        one["user_id"]: datetime.fromisoformat(one["was"])
        for one in await db.rows(
            "UPDATE messages SET state = 'dropped', error = 'moved again'"
            f" WHERE instance_id = $1 AND kind = '{Kind.MOVED}' AND state = 'due' RETURNING user_id, detail->>'was' AS was",
            instance_id,
        )
    }
    await db.execute(
        "UPDATE event_instances SET moved_from = $2, moved_at = $3, warned_at = NULL, decision_asked_at = NULL"
        " WHERE id = $1",
        instance_id,
        row["starts_at"],
        at,
    )
    whom: list[Recipient] = []
    spared = []
    for one in await participants(instance_id):
        was = unheard.get(one["user_id"], row["starts_at"])
        if was == starts_at:
            spared.append(one["id"])
        else:
            detail = {"was": was.isoformat(), "asked": one["seats"] > 0}
            whom.append((one["user_id"], detail))
    await ask_booked_again(instance_id, at, spared=spared)
    await enqueue(Kind.MOVED, whom, account_id=row["account_id"], instance_id=instance_id, at=at)


# Who took a seat after they were asked knew the new time.
MOVE_RESPONSES = f"""
SELECT {DISPLAY_NAME} AS name,
    CASE WHEN b.seats = 0 THEN 'left'
        WHEN b.move_stays_at IS NOT NULL OR b.seated_at > b.move_asked_at THEN 'stay' ELSE 'silent' END AS said
FROM bookings b JOIN event_instances i ON i.id = b.instance_id JOIN memberships m ON m.id = b.membership_id
LEFT JOIN telegram_users u ON u.id = m.user_id
WHERE b.instance_id = $1 AND b.move_asked_at = i.moved_at
ORDER BY b.id
"""


async def move_responses(code: str, person: Person) -> MoveResponses:
    """How many of those who were asked stay, left, or are silent (`S6`). Raises `Forbidden`, `NotFound`."""
    where = await find_instance(code)
    await authorize(person, where.account_id, Permission.SEE_PEOPLE)
    said: dict[str, list[str]] = {"stay": [], "left": [], "silent": []}
    for row in await db.rows(MOVE_RESPONSES, where.id):
        said[row["said"]].append(row["name"])
    return MoveResponses(**said)
