"""Moving one instance to another time, after a preview of what that does (`S6`, `S3`)."""

from dataclasses import dataclass
from datetime import date, datetime, time

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from backend import clock
from backend.accounts.rules import Permission
from backend.bookings.queries.people import attendees_for
from backend.bookings.roster import RosterKind, roster, roster_counts
from backend.bookings.views import InstanceView
from backend.errors import Invalid
from backend.events.reschedule import move_instance, resolve_new_time
from backend.i18n import N_, Words
from backend.people.queries import Person
from backend.zones import wall_clock
from webapp.forms import Faults, read_form, read_query
from webapp.miniapp.access import load_authorized
from webapp.miniapp.labels import attendee_summary
from webapp.miniapp.responses import screen
from webapp.notices import Notice
from webapp.respond import AnyRequest
from webapp.series_preview import clock_change_note

NAMED = 10  # people named whom the bot cannot write to


@dataclass(frozen=True, slots=True)
class MoveForm:
    """The new time on the wall clock of the event's zone; an empty field keeps its present value."""

    starts_on: str = ""
    starts_time: str = ""
    duration_minutes: str = ""


@get("/events/{code:str}/move")
async def show(request: AnyRequest, code: FromPath[str], organiser: NamedDependency[Person]) -> Response[str]:
    """The form, and a preview of the move while it is being filled in; nothing is saved."""
    return await _screen(code, organiser, read_query(request, MoveForm))


@post("/events/{code:str}/move", status_code=200)
async def create(
    request: AnyRequest, code: FromPath[str], organiser: NamedDependency[Person]
) -> Response[str]:
    """Move it; everybody who is booked is asked whether they still come."""
    form = await read_form(request, MoveForm)
    view, _ = await load_authorized(code, organiser, Permission.MANAGE_EVENTS)
    faults = Faults()
    when = _wall_clock(form, view, faults)
    minutes = faults.whole_number("duration_minutes", form.duration_minutes)
    if when is not None and not faults.by_field:
        try:
            await move_instance(code, organiser, when, duration_minutes=minutes)
        except Invalid as bad:
            faults.add(bad)
    if faults.by_field:
        return await _screen(code, organiser, form, faults=faults)
    moved, _ = await load_authorized(code, organiser, Permission.MANAGE_EVENTS)
    notice = Notice(organiser.voice.translate(_result(view, moved)))
    return await _screen(code, organiser, MoveForm(), notice=notice, outcome="done")


def _result(before: InstanceView, after: InstanceView) -> Words:
    if (after.starts_at, after.ends_at) == (before.starts_at, before.ends_at):
        return Words(N_("It is already at that time. Nothing has changed."))
    if after.starts_at == before.starts_at:
        return Words(N_("Saved. The start time stays the same."))
    return Words(N_("Moved to %(when)s."), {"when": after.starts_at}, zone=after.zone)


def _wall_clock(form: MoveForm, view: InstanceView, faults: Faults) -> datetime | None:
    """The wall clock the form names, present values filled in; None, and a fault, when it names none."""
    now = wall_clock(view.starts_at, view.zone)
    try:
        day = date.fromisoformat(form.starts_on) if form.starts_on else now.date()
        hour = time.fromisoformat(form.starts_time) if form.starts_time else now.time()
    except ValueError:
        faults.add(Invalid(N_("Choose a day and a time."), field="starts_local"))
        return None
    return datetime.combine(day, hour).replace(tzinfo=None, second=0, microsecond=0)


async def _screen(
    code: str,
    organiser: Person,
    form: MoveForm,
    *,
    faults: Faults | None = None,
    notice: Notice | None = None,
    outcome: str = "",
) -> Response[str]:
    view, _ = await load_authorized(code, organiser, Permission.MANAGE_EVENTS)
    found = faults or Faults()
    now = wall_clock(view.starts_at, view.zone)
    length = view.ends_at - view.starts_at
    when = _wall_clock(form, view, found)
    minutes = found.whole_number("duration_minutes", form.duration_minutes)
    starts_at, ends_at = view.starts_at, view.ends_at
    if when is not None and (when != now or minutes is not None):
        try:
            starts_at, length = resolve_new_time(view.zone, length, when, minutes, clock.now())
            ends_at = starts_at + length
        except Invalid as bad:
            found.add(bad)
    named, unnamed = attendee_summary(await attendees_for(view), organiser)
    return screen(
        "moves/show.html",
        organiser,
        outcome=outcome or ("invalid" if faults else ""),
        status=422 if faults else 200,
        notice=notice,
        faults=found.by_field,
        view=view,
        starts_on=form.starts_on or now.date().isoformat(),
        starts_time=form.starts_time or now.strftime("%H:%M"),
        duration_minutes=form.duration_minutes or str(int(length.total_seconds() // 60)),
        starts_at=starts_at,
        ends_at=ends_at,
        clocks=clock_change_note(organiser.voice, when, view.zone) if when and not found.by_field else "",
        counts=await roster_counts(view.id),
        named=named,
        unnamed=unnamed,
        unreachable=await roster(view.id, RosterKind.UNREACHABLE, limit=NAMED, language=organiser.language),
    )
