"""Cancelling one instance with a reason, after a preview of what that does, and restoring it (`S5`)."""

from dataclasses import dataclass

from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from backend.accounts.rules import Permission
from backend.bookings.queries.event import next_instance
from backend.bookings.queries.people import attendees_for
from backend.bookings.roster import RosterKind, roster, roster_counts
from backend.errors import Invalid
from backend.events.cancel import REASON_MAX, cancel_instance, restore_instance
from backend.events.queries import find_instance
from backend.i18n import N_
from backend.people.queries import Person
from webapp.forms import Faults, read_form
from webapp.miniapp.access import load_authorized
from webapp.miniapp.labels import attendee_summary
from webapp.miniapp.responses import screen
from webapp.notices import Notice, Undo
from webapp.organiser_messages import cancelled_message, restored_message
from webapp.respond import AnyRequest

NAMED = 10  # people named whom the bot cannot write to


@dataclass(frozen=True, slots=True)
class CancellationForm:
    """The reason, as people read it."""

    reason: str = ""


@get("/events/{code:str}/cancellation")
async def show(code: FromPath[str], organiser: NamedDependency[Person]) -> Response[str]:
    """What cancelling would do, and who would be notified; once cancelled, the cancellation."""
    return await _screen(code, organiser)


@post("/events/{code:str}/cancellation", status_code=200)
async def create(
    request: AnyRequest, code: FromPath[str], organiser: NamedDependency[Person]
) -> Response[str]:
    """Cancel it; everybody concerned is notified of the reason."""
    form = await read_form(request, CancellationForm)
    try:
        await cancel_instance(code, organiser, form.reason)
    except Invalid as bad:
        faults = Faults()
        faults.add(bad)
        return await _screen(code, organiser, typed=form, faults=faults)
    voice = organiser.voice
    undo = Undo(f"/app/events/{code}/cancellation", voice.gettext(N_("Undo")), method="delete")
    words = cancelled_message(concerns_anybody=await _concerns_anybody(code))
    notice = Notice(voice.translate(words), undo=undo)
    return await _screen(code, organiser, notice=notice, outcome="done")


@delete("/events/{code:str}/cancellation", status_code=200)
async def destroy(code: FromPath[str], organiser: NamedDependency[Person]) -> Response[str]:
    """Restore it, until its start."""
    await restore_instance(code, organiser)
    words = restored_message(concerns_anybody=await _concerns_anybody(code))
    return await _screen(code, organiser, notice=Notice(organiser.voice.translate(words)), outcome="done")


async def _concerns_anybody(code: str) -> bool:
    return (await roster_counts((await find_instance(code)).id)).concerns_anybody


async def _screen(
    code: str,
    organiser: Person,
    *,
    typed: CancellationForm | None = None,
    faults: Faults | None = None,
    notice: Notice | None = None,
    outcome: str = "",
) -> Response[str]:
    view, _ = await load_authorized(code, organiser, Permission.MANAGE_EVENTS)
    named, unnamed = attendee_summary(await attendees_for(view), organiser)
    return screen(
        "cancellations/show.html",
        organiser,
        outcome=outcome or ("invalid" if faults else ""),
        status=422 if faults else 200,
        notice=notice,
        faults=faults.by_field if faults else {},
        typed=typed or CancellationForm(),
        view=view,
        counts=await roster_counts(view.id),
        named=named,
        unnamed=unnamed,
        unreachable=await roster(view.id, RosterKind.UNREACHABLE, limit=NAMED, language=organiser.language),
        next=await next_instance(view, organiser),
        reason_max=REASON_MAX,
    )
