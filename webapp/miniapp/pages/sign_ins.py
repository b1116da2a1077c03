"""From the Mini App into the dashboard, in the reader's browser, without signing in anew (`X3`)."""

from urllib.parse import urlencode

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.enums import MediaType
from litestar.params import FromQuery

from backend.accounts.queries import authorize
from backend.accounts.rules import Permission
from backend.people.app_sign_ins import create_sign_in_link
from backend.people.queries import Person
from backend.settings import settings
from webapp.miniapp.authentication import SIGNED_AT
from webapp.miniapp.paging import PathId
from webapp.respond import AnyRequest


@post("/clubs/{account_id:int}/sign-in", status_code=200)
async def create(
    request: AnyRequest,
    account_id: PathId,
    organiser: NamedDependency[Person],
    next: FromQuery[str] = "/dashboard",
) -> Response[str]:
    """The address that signs a browser in as the reader, once, and leads to the page `next` of the club's dashboard,
    which checks it. Raises `NotFound`, `Forbidden`, `TooOften`."""
    await authorize(organiser, account_id, Permission.SEE_PEOPLE)
    key = await create_sign_in_link(organiser, request.state[SIGNED_AT])
    query = urlencode({"key": key, "next": next})
    return Response(
        f"{settings.public_url}/dashboard/sign-in/app?{query}",
        media_type=MediaType.TEXT,
        headers={"Cache-Control": "no-store"},
    )
