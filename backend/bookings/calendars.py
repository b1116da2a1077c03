"""What goes into a reader's calendar (`S5`, `S6`)."""

from backend import db
from backend.bookings.queries import InstanceView, event
from backend.events.calendar import CalendarDate, Status
from backend.people.queries import Person


async def calendar_date(code: str, person: Person, *, url: str = "") -> CalendarDate:
    """A date as its reader's calendar holds it, with a link to it. Raises `NotFound`."""
    view = await event(code, person)
    changed_at = await db.value(
        "SELECT coalesce(changed_at, created_at) FROM event_instances WHERE id = $1", view.id
    )
    return CalendarDate(
        code=view.code,
        title=f"{view.emoji} {view.title}".strip(),
        starts_at=view.starts_at,
        ends_at=view.ends_at,
        zone=view.zone,
        sequence=view.sequence,
        status=_status(view),
        changed_at=changed_at,
        description="\n\n".join(text for text in (view.description, view.map_url) if text),
        place=view.place,
        url=url,
    )


def _status(view: InstanceView) -> Status:
    if view.state == "CANCELLED":
        return Status.CANCELLED
    mine = view.mine
    unsure = mine is not None and (
        mine.answer == "maybe" or (mine.answer == "in" and not mine.seats)
    )
    return Status.TENTATIVE if unsure else Status.CONFIRMED
