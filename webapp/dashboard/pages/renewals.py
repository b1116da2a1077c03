"""Signing in again while a page stays open with what was typed in it (`X5`)."""

from litestar import Response, get
from litestar.response import Redirect

from backend.people.queries import person_of_browser
from webapp.dashboard.session import csrf_token, session_token
from webapp.dashboard.urls import RENEWAL, SIGN_IN
from webapp.respond import PERSON, AnyRequest, is_htmx, not_modified, page, voice_of


@get("/sign-in/renewal")
async def show(request: AnyRequest) -> Response[str] | Response[None] | Redirect:
    """Asked by the page that waits every two seconds: 204 until the browser is signed in, then the token for its forms.
    Opened in a window it is where the sign-in leads: back to the page that waits."""
    token = session_token(request)
    person = await person_of_browser(token) if token else None
    if person is None:
        return not_modified() if is_htmx(request) else Redirect(f"{SIGN_IN}?next={RENEWAL}", status_code=303)
    request.state[PERSON] = person
    if not is_htmx(request):
        return page("dashboard/renewals/show.html", voice_of(request))
    return page(
        "dashboard/_renewed.html",
        voice_of(request),
        outcome="signed-in-again",
        person=person,
        csrf=csrf_token(token),
    )
