"""Cancelling one date with a reason, seen before it is done, and taking it back (`S5`)."""

from dataclasses import dataclass

from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from backend.accounts.rules import Permission
from backend.bookings.queries import attendees, next_date
from backend.bookings.roster import counts, roster
from backend.errors import Invalid
from backend.events.cancel import REASON_MAX, cancel_instance, restore_instance
from backend.i18n import N_, Words
from backend.people.queries import Person
from webapp.forms import Faults, read
from webapp.miniapp.labels import who_comes
from webapp.miniapp.pages.organising import Notice, Undo, held, kept
from webapp.miniapp.screens import screen
from webapp.respond import AnyRequest

NAMED = 10  # whom one has to tell oneself


@dataclass(frozen=True, slots=True)
class CancellationForm:
    """Why; it is what people read."""

    reason: str = ""


@get("/events/{code:str}/cancellation")
async def show(code: FromPath[str], organiser: NamedDependency[Person]) -> Response[str]:
    """What would happen, and who would be told; or the cancellation as it is."""
    return await _cancelling(code, organiser)


@post("/events/{code:str}/cancellation", status_code=200)
async def create(
    request: AnyRequest, code: FromPath[str], organiser: NamedDependency[Person]
) -> Response[str]:
    """Cancel it; everybody it concerns is told why."""
    form = await read(request, CancellationForm)
    try:
        await cancel_instance(code, organiser, form.reason)
    except Invalid as bad:
        return await _cancelling(code, organiser, typed=form, faults=kept(bad))
    words = Words(N_("Cancelled. Everybody who was in, in line or said maybe is told."))
    undo = Undo("delete", f"/app/events/{code}/cancellation", organiser.voice.say(N_("Undo")))
    return await _cancelling(code, organiser, notice=Notice(words, undo=undo), outcome="done")


@delete("/events/{code:str}/cancellation", status_code=200)
async def destroy(code: FromPath[str], organiser: NamedDependency[Person]) -> Response[str]:
    """Undo it, until the start."""
    await restore_instance(code, organiser)
    words = Words(N_("It takes place after all. Everybody has their seat back, and is told."))
    return await _cancelling(code, organiser, notice=Notice(words), outcome="done")


async def _cancelling(
    code: str,
    organiser: Person,
    *,
    typed: CancellationForm | None = None,
    faults: Faults | None = None,
    notice: Notice | None = None,
    outcome: str = "",
) -> Response[str]:
    view, _ = await held(code, organiser, Permission.MANAGE_EVENTS)
    named, unnamed = who_comes(await attendees(view.id), organiser)
    return screen(
        "cancellations/show.html",
        organiser,
        outcome=outcome or ("invalid" if faults else ""),
        status=422 if faults else 200,
        notice=notice,
        faults=faults.of if faults else {},
        typed=typed or CancellationForm(),
        view=view,
        counts=await counts(view.id),
        named=named,
        unnamed=unnamed,
        untold=await roster(view.id, "unreachable", limit=NAMED),
        next=await next_date(view, organiser),
        reason_max=REASON_MAX,
    )
