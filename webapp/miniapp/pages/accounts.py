"""The reader's clubs: their next instances, organisers, the reader's seats there, and leaving a club."""

from litestar import Response, delete, get
from litestar.di import NamedDependency

from backend.accounts.queries import solely_owned_accounts
from backend.accounts.rules import Role
from backend.bookings.queries.lists import upcoming
from backend.bookings.standing_seats import own_standing_seats
from backend.departures.leaving import commitments, leave_account
from backend.i18n import N_, Words
from backend.people.queries import Person
from backend.screens.account_summaries import account_summaries, account_summary, organisers
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


@get("/clubs/{account_id:int}")
async def show(account_id: PathId, person: NamedDependency[Person]) -> Response[str]:
    """One club. Raises `NotFound` (`A1`)."""
    view = await account_summary(person, account_id)
    return screen(
        "accounts/show.html",
        person,
        view=view,
        account=view.account,
        dates=await upcoming(person, account_id=account_id, limit=DATES_MAX),
        organisers=await organisers(view.account, person.language),
        standing_seats=[seat for seat in await own_standing_seats(person) if seat.account_id == account_id],
        ahead=await commitments(person, account_id),
        only_owner=any(own.id == account_id for own in await solely_owned_accounts(person)),
    )


@delete("/clubs/{account_id:int}/membership", status_code=200)
async def destroy(request: AnyRequest, account_id: PathId, person: NamedDependency[Person]) -> Response[str]:
    """Leave the club; the reader's future seats are given back by the ordinary rules. Raises `LastOwner`
    (`A2`), `NotFound`, and `OpenAgain` for an owner."""
    view = await account_summary(person, account_id)
    if view.account.role is Role.OWNER:
        require_new_signature(request)
    await leave_account(person, account_id, via=Via.MINIAPP)
    message = Words(N_("You’ve left the club: %(club)s."), {"club": view.account.name})
    return await _list_screen(person, outcome="left", message=message)


async def _list_screen(person: Person, outcome: str = "", message: Words | None = None) -> Response[str]:
    return screen(
        "accounts/index.html",
        person,
        outcome=outcome,
        headers={"HX-Replace-Url": "/app/clubs"} if outcome else None,
        message=message,
        views=await account_summaries(person),
    )
