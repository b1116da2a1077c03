"""Moving one instance to another time, and asking everyone who is booked whether they still come (`S6`)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from backend import clock, db
from backend.accounts.queries import authorize
from backend.accounts.rules import Permission
from backend.addresses import Address
from backend.audit.actions import record_audit
from backend.errors import Invalid
from backend.events.edit import InstanceChanges, edit_instance_locked
from backend.events.locking import (
    bump_sequence,
    load_instance,
    lock_series_of,
    require_scheduled,
    submit_locked,
)
from backend.events.merging import others_at, take_start
from backend.events.notifications import participants
from backend.events.queries import find_instance
from backend.events.versions import require_instance_version
from backend.events.zone_changes import follow_zone_data
from backend.i18n import N_
from backend.known_zones import first_known
from backend.outbox.enqueue import Recipient, enqueue
from backend.outbox.kinds import Kind
from backend.outbox.withdraw import drop_superseded
from backend.people.queries import Person
from backend.people.sql import DISPLAY_NAME
from backend.seats import store
from backend.seats.requests import Request, Verb, Via
from backend.seats.rows import ask_booked_again, bump_versions
from backend.zones import resolve_local, wall_clock

DURATION_MAX = 14 * 24 * 60  # minutes


@dataclass(frozen=True, slots=True)
class MoveResponses:
    """The names of those who were asked whether they still come, in the order in which they booked (`S6`).

    The command line prints it as JSON: these names stay.
    """

    stay: list[str]
    left: list[str]
    silent: list[str]

    @property
    def asked(self) -> int:
        """How many were asked."""
        return len(self.stay) + len(self.left) + len(self.silent)


async def move_instance(
    code: str, person: Person, starts_local: datetime, *, duration_minutes: int | None = None
) -> None:
    """Move an instance to another start: a naive wall clock in its zone, resolved as `S3` says.

    It keeps its bookings, its code and its identity. With each move everyone who is booked is asked once
    whether they still come; those who wait or said maybe are notified. Without `duration_minutes` the
    duration stays. Moving it to where it is changes nothing.

    A series has one instance per start (`S11`): `take_start` says what becomes of another at the new one.

    Raises `Invalid`, `Cancelled`, `Ended`, `Forbidden`, `NotFound`, `Busy`.
    """
    address = await find_instance(code)
    await authorize(person, address.account_id, Permission.MANAGE_EVENTS)
    async with db.transaction():
        await move_locking(address, person, starts_local, duration_minutes, clock.now())


async def change_instance(
    code: str,
    person: Person,
    changes: InstanceChanges,
    *,
    starts_local: datetime | None = None,
    seen: str = "",
) -> None:
    """Move an instance and change what it has of its own, both or neither: `edit_instance` and, with
    `starts_local`, `move_instance`. `seen` is its version that was edited. Raises what they raise, and
    `ChangedMeanwhile`."""
    address = await find_instance(code)
    await authorize(person, address.account_id, Permission.MANAGE_EVENTS)
    now = clock.now()
    async with db.transaction():
        if starts_local is not None:
            minutes = changes.given.get("duration_minutes")
            await move_locking(address, person, starts_local, minutes, now, seen=seen)
        else:
            await db.execute(store.lock_rows([address.id]))
            await require_instance_version(seen, address.id)
        if changes.given:
            await edit_instance_locked(address.id, person, changes, now)


async def move_locking(
    address: Address,
    person: Person,
    starts_local: datetime,
    duration_minutes: int | None,
    now: datetime,
    *,
    seen: str = "",
) -> None:
    """`move_instance` inside the caller's transaction, which has locked nothing yet, or the series and all its instances."""
    account_id = address.account_id
    series = await follow_zone_data(await lock_series_of(address.id, account_id), now)
    zone = first_known(series["zone"])
    others = await others_at(series["id"], address.id, starts_local, zone)
    await db.execute(store.lock_rows([address.id, *others]))
    await require_instance_version(seen, address.id)
    row = await load_instance(address.id, now)
    require_scheduled(row)
    old_duration = row["ends_at"] - row["starts_at"]
    starts_at, duration = resolve_new_time(zone, old_duration, starts_local, duration_minutes, now)
    is_moved = starts_at != row["starts_at"]
    if not is_moved and duration == old_duration:
        return
    if is_moved:
        await take_start(row, others, person, now)
    await db.execute(
        "UPDATE event_instances SET starts_at = $2, ends_at = $3, starts_local = $4, edited_at = $5,"
        " drifted_at = NULL WHERE id = $1",
        address.id,
        starts_at,
        starts_at + duration,
        starts_local.replace(second=0, microsecond=0),
        now,
    )
    await bump_sequence([address.id], now)
    if is_moved:
        await _ask_participants(row, starts_at, now)
    await bump_versions([address.id])
    # How free seats move depends on the time until the start, which is another now (W3).
    await submit_locked([address.id], Request(Verb.FILL, Via.SYSTEM))
    was = wall_clock(row["starts_at"], zone).isoformat()
    await record_audit(
        account_id, person.id, "move", f"instance {address.id}", was=was, now=str(starts_local)
    )


def resolve_new_time(
    zone: str,
    old_duration: timedelta,
    starts_local: datetime,
    duration_minutes: int | None,
    now: datetime,
) -> tuple[datetime, timedelta]:
    """The start (aware, UTC) and duration of an instance that is moved to a naive wall clock in its zone.

    Raises `Invalid` when it cannot be moved there.
    """
    if starts_local.tzinfo is not None or not 2000 <= starts_local.year < 2200:
        raise Invalid(N_("Choose a date in this century."), field="starts_local")
    starts_at = resolve_local(starts_local.replace(second=0, microsecond=0), zone)
    if starts_at <= now:
        raise Invalid(N_("That is in the past. Choose a time in the future."), field="starts_local")
    if duration_minutes is None:
        return starts_at, old_duration
    if not 5 <= duration_minutes <= DURATION_MAX:
        raise Invalid(
            N_("Between %(least)s and %(most)s, please."),
            field="duration_minutes",
            least=5,
            most=DURATION_MAX,
        )
    return starts_at, timedelta(minutes=duration_minutes)


async def _ask_participants(row: db.Row, starts_at: datetime, now: datetime) -> None:
    """Restart what depends on the start, ask everyone who is booked, and notify the other participants.

    A participant whose message about an earlier move has not been sent yet gets one message about both moves,
    or none when the instance is back where they know it to be.
    """
    instance_id = row["id"]
    known_starts = {
        user_id: datetime.fromisoformat(str(detail["was"]))
        for user_id, detail in (await drop_superseded(instance_id, Kind.MOVED, "moved again")).items()
    }
    await db.execute(
        "UPDATE event_instances SET moved_from = $2, moved_at = $3, warned_at = NULL,"
        " decision_asked_at = NULL WHERE id = $1",
        instance_id,
        row["starts_at"],
        now,
    )
    recipients: list[Recipient] = []
    unaffected = []
    for participant in await participants(instance_id):
        known_start = known_starts.get(participant["user_id"], row["starts_at"])
        if known_start == starts_at:
            unaffected.append(participant["id"])
        else:
            detail = {"was": known_start.isoformat(), "asked": participant["seats"] > 0}
            recipients.append((participant["user_id"], detail))
    await ask_booked_again(instance_id, now, spared=unaffected)
    await enqueue(Kind.MOVED, recipients, account_id=row["account_id"], instance_id=instance_id, at=now)


# A seat taken after the question counts as staying: its holder saw the new time.
MOVE_RESPONSES = f"""
SELECT {DISPLAY_NAME} AS name,
    CASE WHEN b.seats = 0 THEN 'left'
        WHEN b.move_stays_at IS NOT NULL OR b.seated_at > b.move_asked_at THEN 'stay'
        ELSE 'silent' END AS response
FROM bookings b JOIN event_instances i ON i.id = b.instance_id JOIN memberships m ON m.id = b.membership_id
LEFT JOIN telegram_users u ON u.id = m.user_id
WHERE b.instance_id = $1 AND b.move_asked_at = i.moved_at
ORDER BY b.id
"""


async def move_responses(code: str, person: Person) -> MoveResponses:
    """Who stays, left or is silent after the last move (`S6`). Raises `Forbidden`, `NotFound`."""
    address = await find_instance(code)
    await authorize(person, address.account_id, Permission.SEE_PEOPLE)
    return await move_responses_of(address.id)


async def move_responses_of(instance_id: int) -> MoveResponses:
    """The same of an instance whose people the reader may see."""
    responses = MoveResponses([], [], [])
    names = {"stay": responses.stay, "left": responses.left, "silent": responses.silent}
    for row in await db.rows(MOVE_RESPONSES, instance_id):
        names[row["response"]].append(row["name"])
    return responses
