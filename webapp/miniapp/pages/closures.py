"""Closing the attendance list of an instance that is over; first it names who was booked and did not come
(`B12`)."""

from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from backend.accounts.rules import Permission
from backend.bookings.attendance import close_list, reopen_list
from backend.bookings.roster import RosterKind, roster, roster_counts
from backend.i18n import N_
from backend.people.queries import Person
from webapp.miniapp.access import load_authorized
from webapp.miniapp.responses import screen
from webapp.notices import Notice

NAMED = 30  # parties named; the others are counted


@get("/events/{code:str}/closure")
async def show(code: FromPath[str], organiser: NamedDependency[Person]) -> Response[str]:
    """What closing the list would do, and for whom; once it is closed, what it did."""
    return await _screen(code, organiser)


@post("/events/{code:str}/closure", status_code=200)
async def create(code: FromPath[str], organiser: NamedDependency[Person]) -> Response[str]:
    """Close it. Closing it again changes nothing."""
    await close_list(code, organiser)
    notice = Notice(organiser.voice.gettext(N_("The list is closed.")))
    return await _screen(code, organiser, notice=notice, outcome="done")


@delete("/events/{code:str}/closure", status_code=200)
async def destroy(code: FromPath[str], organiser: NamedDependency[Person]) -> Response[str]:
    """Open it again; its no-shows no longer count."""
    await reopen_list(code, organiser)
    notice = Notice(organiser.voice.gettext(N_("The list is open again, and nobody counts as missed.")))
    return await _screen(code, organiser, notice=notice, outcome="done")


async def _screen(
    code: str, organiser: Person, *, notice: Notice | None = None, outcome: str = ""
) -> Response[str]:
    view, _ = await load_authorized(code, organiser, Permission.MANAGE_BOOKINGS)
    return screen(
        "closures/show.html",
        organiser,
        outcome=outcome,
        notice=notice,
        view=view,
        counts=await roster_counts(view.id),
        missing=await roster(view.id, RosterKind.NO_SHOWS, limit=NAMED, language=organiser.language),
    )
