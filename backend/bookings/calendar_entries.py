"""Instances as entries of a reader's own calendar (`S5`, `S6`)."""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from backend import clock, db
from backend.bookings.actions import admit_to_event
from backend.bookings.queries.event import event
from backend.bookings.view_queries import READER
from backend.errors import Refusal
from backend.i18n import N_, Voice
from backend.ical import CalendarEvent, EventStatus
from backend.known_zones import first_known
from backend.outbox.enqueue import enqueue
from backend.outbox.kinds import Kind
from backend.people.queries import Person
from backend.seats.state import InstanceState

log = structlog.get_logger()

FEED_BACK = timedelta(weeks=6)  # how long a feed keeps an instance that is over
FEED_MAX = 300  # entries of a feed; the soonest

FROM = f"""
FROM event_instances i
JOIN event_series r ON r.id = i.series_id
JOIN accounts a ON a.id = i.account_id
LEFT JOIN {READER}
LEFT JOIN bookings b ON b.instance_id = i.id AND b.membership_id = m.id
"""
ENTRIES = f"""
SELECT i.code, a.name AS account_name, i.starts_at, i.ends_at, i.state, i.cancel_reason, i.sequence, r.zone,
    coalesce(i.title, r.title) AS title, coalesce(i.emoji, r.emoji) AS emoji,
    coalesce(i.description, r.description) AS description, coalesce(i.place, r.place) AS place,
    coalesce(i.map_url, r.map_url) AS map_url, coalesce(b.answer, '') AS answer, coalesce(b.seats, 0) AS seats,
    greatest(coalesce(i.changed_at, i.created_at), b.answered_at) AS changed_at
{FROM}
"""
OF_FEED = "WHERE m.id IS NOT NULL AND b.answer = 'in' AND i.ends_at > $2 ORDER BY i.starts_at, i.id LIMIT $3"

Link = Callable[[str], str]  # an instance's code to a URL that opens it


async def calendar_entry(code: str, person: Person, *, url: str = "") -> CalendarEvent:
    """An instance as its reader's calendar holds it, with a link to it. Raises `NotFound`."""
    view = await event(code, person)
    row = await db.row(f"{ENTRIES} WHERE i.id = $2", person.id, view.id)
    assert row is not None
    return _entry(row, person.voice, url)


class CannotWrite(Refusal):
    """The bot may not write to the person, so nothing can be sent to them (`M3`)."""

    outcome = "unreachable"
    message = N_("We can’t write to you yet. Let the bot message you, then tap again.")


async def send_calendar_entry(code: str, person: Person) -> None:
    """Have the bot send the instance as a file, for clients that cannot save one. Taps within a minute send
    one. Raises `CannotWrite`, `NotFound`."""
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


async def calendar_entries(
    person: Person, link: Link, on_left_out: Callable[[], object] = lambda: None
) -> list[CalendarEvent]:
    """The entries of the person's feed: every instance over all their clubs on which they are seated or wait,
    cancelled ones too, from six weeks back on. An instance they have left is gone from it.

    One that cannot be read is left out and takes no other along (`X9`): it is logged, and `on_left_out` is
    called.
    """
    entries = []
    for row in await _rows_of_feed(person, on_left_out):
        try:
            entries.append(_entry(row, person.voice, link(row["code"])))
        except Exception:  # whatever is wrong with it is wrong with this one only
            log.exception("calendar entry left out", code=row["code"])
            on_left_out()
    return entries


async def _rows_of_feed(person: Person, on_left_out: Callable[[], object]) -> list[db.Row]:
    """The rows of a feed, without those that hold what Python cannot read, such as a year of five digits."""
    values = person.id, clock.now() - FEED_BACK, FEED_MAX
    try:
        return await db.rows(f"{ENTRIES} {OF_FEED}", *values)
    except (ArithmeticError, ValueError):
        log.exception("calendar entries unreadable", person=person.id)
    rows = []
    for found in await db.rows(f"SELECT i.id {FROM} {OF_FEED}", *values):
        try:
            rows += await db.rows(f"{ENTRIES} WHERE i.id = $2", person.id, found["id"])
        except (ArithmeticError, ValueError):
            log.exception("calendar entry left out", instance=found["id"])
            on_left_out()
    return rows


def _entry(row: db.Row, voice: Voice, url: str) -> CalendarEvent:
    status = _status(row)
    reason = row["cancel_reason"] if status is EventStatus.CANCELLED else ""
    changed_at: datetime = row["changed_at"]
    return CalendarEvent(
        code=row["code"],
        title=_title(row, status, voice),
        account_name=row["account_name"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        zone=first_known(row["zone"]),
        sequence=row["sequence"],
        status=status,
        changed_at=changed_at.replace(microsecond=0),
        description="\n\n".join(text for text in (reason, row["description"], row["map_url"]) if text),
        place=row["place"],
        url=url,
    )


def _title(row: db.Row, status: EventStatus, voice: Voice) -> str:
    """The title says whether the entry is cancelled or tentative, since calendars do not show the status."""
    title = f"{row['emoji']} {row['title']}".strip()
    if status is EventStatus.CANCELLED:
        return voice.gettext(N_("Cancelled: %(title)s"), title=title)
    if status is EventStatus.TENTATIVE and row["answer"] == "in":
        return voice.gettext(N_("%(title)s (in line)"), title=title)
    return title


def _status(row: db.Row) -> EventStatus:
    if row["state"] == InstanceState.CANCELLED:
        return EventStatus.CANCELLED
    is_tentative = row["answer"] == "maybe" or (row["answer"] == "in" and not row["seats"])
    return EventStatus.TENTATIVE if is_tentative else EventStatus.CONFIRMED
