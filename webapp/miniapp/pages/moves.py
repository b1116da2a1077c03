"""Moving one date to another time, seen before it is done (`S6`, `S3`)."""

from dataclasses import dataclass
from datetime import date, datetime, time

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from backend import clock
from backend.accounts.rules import Permission
from backend.bookings.queries import InstanceView, attendees
from backend.bookings.roster import counts, roster
from backend.errors import Invalid
from backend.events.reschedule import move_instance, resolve_new_time
from backend.i18n import N_, Words
from backend.people.queries import Person
from backend.zones import wall_clock
from webapp.forms import Faults, asked_with, read
from webapp.miniapp.labels import who_comes
from webapp.miniapp.pages.organising import Notice, held
from webapp.miniapp.screens import screen
from webapp.next_dates import clocks_change
from webapp.respond import AnyRequest

NAMED = 10  # whom one has to tell oneself


@dataclass(frozen=True, slots=True)
class MoveForm:
    """When, as the event's own clock shows it; empty fields are as they are now."""

    starts_on: str = ""
    starts_time: str = ""
    duration_minutes: str = ""


@get("/events/{code:str}/move")
async def show(request: AnyRequest, code: FromPath[str], organiser: NamedDependency[Person]) -> Response[str]:
    """The form, and what would come of it as it is being filled in; nothing is kept."""
    return await _moving(code, organiser, asked_with(request, MoveForm))


@post("/events/{code:str}/move", status_code=200)
async def create(
    request: AnyRequest, code: FromPath[str], organiser: NamedDependency[Person]
) -> Response[str]:
    """Let it take place then; who is in is asked whether they still come."""
    form = await read(request, MoveForm)
    view, _ = await held(code, organiser, Permission.MANAGE_EVENTS)
    faults = Faults()
    when = _when(form, view, faults)
    minutes = faults.whole("duration_minutes", form.duration_minutes)
    if when is not None and not faults.of:
        try:
            await move_instance(code, organiser, when, duration_minutes=minutes)
        except Invalid as bad:
            faults.add(bad)
    if faults.of:
        return await _moving(code, organiser, form, faults=faults)
    now, _ = await held(code, organiser, Permission.MANAGE_EVENTS)
    if (now.starts_at, now.ends_at) == (view.starts_at, view.ends_at):
        words = Words(N_("That is when it takes place already. Nothing has changed."))
    elif now.starts_at == view.starts_at:
        words = Words(N_("Saved. It begins when it did."))
    else:
        words = Words(N_("Moved to %(when)s."), {"when": now.starts_at}, zone=now.zone)
    return await _moving(code, organiser, MoveForm(), notice=Notice(words), outcome="done")


def _when(form: MoveForm, view: InstanceView, faults: Faults) -> datetime | None:
    """The wall clock that is meant."""
    now = wall_clock(view.starts_at, view.zone)
    try:
        day = date.fromisoformat(form.starts_on) if form.starts_on else now.date()
        hour = time.fromisoformat(form.starts_time) if form.starts_time else now.time()
    except ValueError:
        faults.add(Invalid(N_("Choose a day and a time."), field="starts_local"))
        return None
    return datetime.combine(day, hour).replace(tzinfo=None, second=0, microsecond=0)


async def _moving(
    code: str,
    organiser: Person,
    form: MoveForm,
    *,
    faults: Faults | None = None,
    notice: Notice | None = None,
    outcome: str = "",
) -> Response[str]:
    view, _ = await held(code, organiser, Permission.MANAGE_EVENTS)
    found = faults or Faults()
    now = wall_clock(view.starts_at, view.zone)
    length = view.ends_at - view.starts_at
    when = _when(form, view, found)
    minutes = found.whole("duration_minutes", form.duration_minutes)
    starts_at, ends_at = view.starts_at, view.ends_at
    if when is not None and (when != now or minutes is not None):
        try:
            starts_at, length = resolve_new_time(view.zone, length, when, minutes, clock.now())
            ends_at = starts_at + length
        except Invalid as bad:
            found.add(bad)
    named, unnamed = who_comes(await attendees(view.id), organiser)
    return screen(
        "moves/show.html",
        organiser,
        outcome=outcome or ("invalid" if faults else ""),
        status=422 if faults else 200,
        notice=notice,
        faults=found.of,
        view=view,
        starts_on=form.starts_on or now.date().isoformat(),
        starts_time=form.starts_time or now.strftime("%H:%M"),
        duration_minutes=form.duration_minutes or str(int(length.total_seconds() // 60)),
        starts_at=starts_at,
        ends_at=ends_at,
        clocks=clocks_change(organiser.voice, when, view.zone) if when and not found.of else "",
        counts=await counts(view.id),
        named=named,
        unnamed=unnamed,
        untold=await roster(view.id, "unreachable", limit=NAMED),
    )
