"""Closing the list of a date that is over: who was booked and did not come is named first (`B12`)."""

from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from backend.accounts.rules import Permission
from backend.bookings.attendance import close_list, reopen_list
from backend.bookings.roster import counts, roster
from backend.i18n import N_, Words
from backend.people.queries import Person
from webapp.miniapp.pages.organising import Notice, held
from webapp.miniapp.screens import screen

NAMED = 30  # parties; of more, how many


@get("/events/{code:str}/closure")
async def show(code: FromPath[str], organiser: NamedDependency[Person]) -> Response[str]:
    """What closing the list would mean, and for whom; once it is closed, what it meant."""
    return await _closing(code, organiser)


@post("/events/{code:str}/closure", status_code=200)
async def create(code: FromPath[str], organiser: NamedDependency[Person]) -> Response[str]:
    """Close it. Closing it again changes nothing."""
    await close_list(code, organiser)
    words = Words(N_("The list is closed."))
    return await _closing(code, organiser, notice=Notice(words), outcome="done")


@delete("/events/{code:str}/closure", status_code=200)
async def destroy(code: FromPath[str], organiser: NamedDependency[Person]) -> Response[str]:
    """Open it again; its no-shows are taken back."""
    await reopen_list(code, organiser)
    words = Words(N_("The list is open again, and nobody counts as missed."))
    return await _closing(code, organiser, notice=Notice(words), outcome="done")


async def _closing(
    code: str, organiser: Person, *, notice: Notice | None = None, outcome: str = ""
) -> Response[str]:
    view, _ = await held(code, organiser, Permission.MANAGE_BOOKINGS)
    return screen(
        "closures/show.html",
        organiser,
        outcome=outcome,
        notice=notice,
        view=view,
        counts=await counts(view.id),
        missing=await roster(view.id, "no-shows", limit=NAMED),
    )
