"""The reader's clubs: their next instances, organisers, the reader's seats there, and leaving a club."""

from litestar import Response, delete, get
from litestar.di import NamedDependency

from backend.accounts.queries import solely_owned_clubs
from backend.accounts.rules import Role
from backend.bookings.clubs import club_view, club_views, commitments, leave_club, organisers
from backend.bookings.queries.lists import upcoming
from backend.bookings.standing_seats import own_standing_seats
from backend.i18n import N_, Words
from backend.people.queries import Person
from backend.seats.requests import Via
from webapp.miniapp.authentication import require_new_signature
from webapp.miniapp.paging import PathId
from webapp.miniapp.responses import screen
from webapp.respond import AnyRequest

DATES_MAX = 3  # instances on the screen of a club


@get("/clubs")
async def index(person: NamedDependency[Person]) -> Response[str]:
    """All clubs, with the next instance of each (`A8`)."""
    return await _list_screen(person)


@get("/clubs/{club_id:int}")
async def show(club_id: PathId, person: NamedDependency[Person]) -> Response[str]:
    """One club. Raises `NotFound` (`A1`)."""
    view = await club_view(person, club_id)
    return screen(
        "clubs/show.html",
        person,
        view=view,
        club=view.club,
        dates=await upcoming(person, account_id=club_id, limit=DATES_MAX),
        organisers=await organisers(view.club, person.language),
        standing_seats=[seat for seat in await own_standing_seats(person) if seat.account_id == club_id],
        ahead=await commitments(person, club_id),
        only_owner=any(own.id == club_id for own in await solely_owned_clubs(person)),
    )


@delete("/clubs/{club_id:int}/membership", status_code=200)
async def destroy(request: AnyRequest, club_id: PathId, person: NamedDependency[Person]) -> Response[str]:
    """Leave the club; the reader's future seats are given back by the ordinary rules. Raises `LastOwner`
    (`A2`), `NotFound`, and `OpenAgain` for an owner."""
    view = await club_view(person, club_id)
    if view.club.role is Role.OWNER:
        require_new_signature(request)
    await leave_club(person, club_id, via=Via.MINIAPP)
    message = Words(N_("You’ve left the club: %(club)s."), {"club": view.club.name})
    return await _list_screen(person, outcome="left", message=message)


async def _list_screen(person: Person, outcome: str = "", message: Words | None = None) -> Response[str]:
    return screen(
        "clubs/index.html",
        person,
        outcome=outcome,
        headers={"HX-Replace-Url": "/app/clubs"} if outcome else None,
        message=message,
        views=await club_views(person),
    )
