"""The reader's own erasure (`A7`)."""

from litestar import Response, get, post
from litestar.di import NamedDependency

from backend.accounts.queries import joined_accounts, solely_owned_accounts
from backend.accounts.rules import Role
from backend.bookings.standing_seats import own_standing_seats
from backend.departures.leaving import commitments
from backend.people.queries import Person
from backend.personal.actions import erase
from webapp.miniapp.authentication import require_new_signature
from webapp.miniapp.responses import screen
from webapp.respond import AnyRequest


@get("/me/erasure")
async def show(person: NamedDependency[Person]) -> Response[str]:
    """What is erased, what stays, and what happens to future seats; or why they cannot be erased yet
    (`A2`)."""
    return screen(
        "erasures/show.html",
        person,
        accounts=await joined_accounts(person),
        owned=await solely_owned_accounts(person),
        ahead=await commitments(person),
        standing_seats=await own_standing_seats(person),
    )


@post("/me/erasure", status_code=200)
async def create(request: AnyRequest, person: NamedDependency[Person]) -> Response[str]:
    """Erase the reader; their session ends with this answer. Raises `LastOwner`, `Busy`, and `OpenAgain` for
    an owner."""
    if any(account.role is Role.OWNER for account in await joined_accounts(person)):
        require_new_signature(request)
    await erase(person)
    return screen("erasures/create.html", person, outcome="erased")
