"""Where the dashboard turns each no into an answer: a page in plain words, or a notice near the button (`X5`)."""

from urllib.parse import quote

from litestar import Response
from litestar.response import Redirect
from litestar.types import ExceptionHandlersMap

from backend.errors import Busy, Forbidden, Refusal, Unavailable
from backend.i18n import N_
from backend.people.actions import TooManySignIns
from webapp.dashboard import cookies
from webapp.dashboard.session import NoClub, NotOurs, NotSignedIn, csrf_token
from webapp.refusals import unavailable
from webapp.respond import AnyRequest, is_htmx, page, status_of, voice_of

HOME, SIGN_IN = "/dashboard", "/dashboard/sign-in"


class Stale(Forbidden):
    """A change without the token of this session."""

    outcome = "stale"
    message = N_("This page is older than your sign-in. Nothing has changed; open it again.")


def to_sign_in(request: AnyRequest, _: NotSignedIn) -> Response[str] | Redirect:
    """On to the sign-in, and from there back to the page; a change that was on its way has to be made again."""
    if is_htmx(request):
        return Response("", status_code=200, headers={"HX-Redirect": SIGN_IN})
    address = SIGN_IN
    if request.method == "GET" and request.url.path != HOME:
        asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        address = f"{SIGN_IN}?next={quote(asked)}"
    answer = Redirect(address, status_code=303)
    cookies.drop(request, answer, cookies.SESSION)
    return answer


def not_ours(request: AnyRequest, _: NotOurs) -> Response[str]:
    """403 in plain words; nothing has changed."""
    return refused(request, Stale())


def no_club(request: AnyRequest, none: NoClub) -> Response[str]:
    """Signed in, with nothing to organise: what to do about it, and the way out."""
    return page(
        "dashboard/no_club.html",
        none.person.voice,
        status=403,
        person=none.person,
        csrf=csrf_token(none.token),
    )


def refused(request: AnyRequest, refusal: Refusal) -> Response[str]:
    """An expected no: for htmx a notice at the top of the page that stays, else a page with a way back."""
    status = 429 if isinstance(refusal, TooManySignIns) else status_of(refusal)
    headers = {}
    if is_htmx(request):
        headers = {"HX-Retarget": "#notice", "HX-Reswap": "outerHTML", "HX-Reselect": "#notice"}
    if isinstance(refusal, Busy):
        headers["Retry-After"] = "1"
    return page(
        "dashboard/_refusal.html" if is_htmx(request) else "dashboard/refused.html",
        voice_of(request),
        status=status,
        headers=headers,
        refusal=refusal,
    )


def unavailable_here(request: AnyRequest, error: Unavailable) -> Response[str]:
    """503 as everywhere; on a page that is there already its strip appears and the page stays."""
    answer = unavailable(request, error)
    if is_htmx(request):
        answer.headers["HX-Reselect"] = "#offline"
    return answer


HANDLERS: ExceptionHandlersMap = {
    NotSignedIn: to_sign_in,
    NotOurs: not_ours,
    NoClub: no_club,
    Refusal: refused,
    Unavailable: unavailable_here,
}
