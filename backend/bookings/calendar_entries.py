"""What goes into a reader's calendar (`S5`, `S6`)."""

from collections.abc import Callable
from datetime import datetime, timedelta

from backend import clock, db
from backend.bookings.actions import admit_to_event
from backend.bookings.queries.event import event
from backend.errors import Refusal
from backend.events.ical import CalendarEvent, EventStatus
from backend.i18n import N_, Voice
from backend.outbox.enqueue import enqueue
from backend.outbox.kinds import Kind
from backend.people.queries import Person
from backend.seats.state import InstanceState

BACK = timedelta(weeks=6)  # so long a date stays in a calendar that follows
MOST = 300  # dates in it; the soonest

DATES = """
SELECT i.code, i.starts_at, i.ends_at, i.state, i.cancel_reason, i.sequence, r.zone,
    coalesce(i.title, r.title) AS title, coalesce(i.emoji, r.emoji) AS emoji,
    coalesce(i.description, r.description) AS description, coalesce(i.place, r.place) AS place,
    coalesce(i.map_url, r.map_url) AS map_url, coalesce(b.answer, '') AS answer, coalesce(b.seats, 0) AS seats,
    greatest(coalesce(i.changed_at, i.created_at), b.answered_at) AS changed_at
FROM event_instances i
JOIN event_series r ON r.id = i.series_id
LEFT JOIN memberships m ON m.account_id = i.account_id AND m.user_id = $1 AND m.left_at IS NULL
LEFT JOIN bookings b ON b.instance_id = i.id AND b.membership_id = m.id
"""

Link = Callable[[str], str]  # a date's code to an address that opens it


async def calendar_entry(code: str, person: Person, *, url: str = "") -> CalendarEvent:
    """A date as its reader's calendar holds it, with a link to it. Raises `NotFound`."""
    view = await event(code, person)
    row = await db.row(f"{DATES} WHERE i.id = $2", person.id, view.id)
    assert row is not None
    return _date(row, person.voice, url)


class CannotWrite(Refusal):
    """The bot may not write to the person, so nothing can be sent to them (`M3`)."""

    outcome = "unreachable"
    message = N_("We can’t write to you yet. Let the bot send you a message, then tap once more.")


async def send_calendar_entry(code: str, person: Person) -> None:
    """Let the bot send the person this date as a file, for whom nothing can be saved where they are; taps within a minute
    are one. Raises `CannotWrite`, `NotFound`."""
    await admit_to_event(code, person)
    view = await event(code, person)
    if not person.reachable:
        raise CannotWrite()
    at = clock.now()
    async with db.transaction():
        await enqueue(
            Kind.CALENDAR,
            [(person.id, {})],
            account_id=view.account_id,
            instance_id=view.id,
            at=at,
            once_per=at.replace(second=0, microsecond=0),
        )


async def calendar_entries(person: Person, link: Link) -> list[CalendarEvent]:
    """What a calendar that follows the person holds: every date over all their clubs that they are in or wait for, and
    those of them that are cancelled, from six weeks back on. What they have left is not in it any more."""
    rows = await db.rows(
        f"{DATES} WHERE m.id IS NOT NULL AND b.answer = 'in' AND i.ends_at > $2"
        " ORDER BY i.starts_at, i.id LIMIT $3",
        person.id,
        clock.now() - BACK,
        MOST,
    )
    return [_date(row, person.voice, link(row["code"])) for row in rows]


def _date(row: db.Row, voice: Voice, url: str) -> CalendarEvent:
    status = _status(row)
    reason = row["cancel_reason"] if status is EventStatus.CANCELLED else ""
    changed_at: datetime = row["changed_at"]
    return CalendarEvent(
        code=row["code"],
        title=_told(row, status, voice),
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        zone=row["zone"],
        sequence=row["sequence"],
        status=status,
        changed_at=changed_at.replace(microsecond=0),
        description="\n\n".join(text for text in (reason, row["description"], row["map_url"]) if text),
        place=row["place"],
        url=url,
    )


def _told(row: db.Row, status: EventStatus, voice: Voice) -> str:
    """The title; calendars show no status, so what is not certain is said."""
    title = f"{row['emoji']} {row['title']}".strip()
    if status is EventStatus.CANCELLED:
        return voice.say(N_("Cancelled: %(title)s"), title=title)
    if status is EventStatus.TENTATIVE and row["answer"] == "in":
        return voice.say(N_("%(title)s (in line)"), title=title)
    return title


def _status(row: db.Row) -> EventStatus:
    if row["state"] == InstanceState.CANCELLED:
        return EventStatus.CANCELLED
    unsure = row["answer"] == "maybe" or (row["answer"] == "in" and not row["seats"])
    return EventStatus.TENTATIVE if unsure else EventStatus.CONFIRMED
