"""How the dashboard answers a refusal: with a page in plain words, or with a notice near the button
(`X5`)."""

from urllib.parse import quote

from litestar import Response
from litestar.response import Redirect
from litestar.types import ExceptionHandlersMap

from backend.errors import Forbidden, Refusal, Unavailable
from backend.i18n import N_
from webapp.dashboard import cookies
from webapp.dashboard.session import (
    ConfirmAgain,
    CsrfFailed,
    FormOutdated,
    NoAccount,
    NotSignedIn,
    csrf_token,
)
from webapp.dashboard.urls import HOME, SIGN_IN
from webapp.refusals import unavailable_response
from webapp.respond import AnyRequest, is_htmx, page, retry_header, status_of, voice_of

# For htmx: the answer is a notice at the top of the page, which stays.
NOTICE_HEADERS = {"HX-Retarget": "#notice", "HX-Reswap": "outerHTML", "HX-Reselect": "#notice"}


class StalePage(Forbidden):
    """A change without the CSRF token of this session."""

    outcome = "stale"
    message = N_("This page is older than your sign-in. Nothing has changed; open it again.")


def redirect_to_sign_in(request: AnyRequest, _: NotSignedIn) -> Response[str] | Redirect:
    """Redirects to the sign-in, and from there back to the page. A page of htmx stays with what was typed in it, and
    waits for a sign-in in another window."""
    if is_htmx(request):
        return page("dashboard/_signed_out.html", voice_of(request), status=401, headers=NOTICE_HEADERS)
    address = SIGN_IN
    if request.method == "GET" and request.url.path != HOME:
        asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        address = f"{SIGN_IN}?next={quote(asked)}"
    response = Redirect(address, status_code=303)
    cookies.clear(request, response, cookies.SESSION)
    return response


def redirect_to_confirmation(request: AnyRequest, error: ConfirmAgain) -> Response[str] | Redirect:
    """Redirects to the sign-in, which asks Telegram again, and from there to where the act is repeated."""
    address = f"{SIGN_IN}?again=yes&next={quote(error.return_to)}"
    if is_htmx(request):
        return Response("", status_code=200, headers={"HX-Redirect": address})
    return Redirect(address, status_code=303)


def csrf_failed(request: AnyRequest, _: CsrfFailed) -> Response[str]:
    """403 in plain words: nothing has changed."""
    return refused(request, StalePage())


def form_outdated(request: AnyRequest, error: FormOutdated) -> Response[str]:
    """The same; a page of htmx gets the token of its session, keeps what was typed, and can send it again. Whoever
    forged the form cannot read this answer."""
    if not is_htmx(request):
        return refused(request, StalePage())
    return page(
        "dashboard/_renewed.html",
        voice_of(request),
        status=403,
        headers=NOTICE_HEADERS,
        outcome="stale",
        person=error.person,
        csrf=csrf_token(error.token),
    )


def no_account(request: AnyRequest, refusal: NoAccount) -> Response[str]:
    """The person organises no club: what they can do about it, and the way out."""
    return page(
        "dashboard/no_account.html",
        refusal.person.voice,
        status=403,
        person=refusal.person,
        csrf=csrf_token(refusal.token),
    )


def refused(request: AnyRequest, refusal: Refusal) -> Response[str]:
    """A refusal: for htmx a notice at the top of the page, which stays; else a page with a way back."""
    headers = retry_header(refusal)
    if is_htmx(request):
        headers |= NOTICE_HEADERS
    return page(
        "dashboard/_refusal.html" if is_htmx(request) else "dashboard/refused.html",
        voice_of(request),
        status=status_of(refusal),
        headers=headers,
        refusal=refusal,
    )


def unavailable_in_page(request: AnyRequest, error: Unavailable) -> Response[str]:
    """503 as everywhere; for htmx the banner appears, and the page stays."""
    response = unavailable_response(request, error)
    if is_htmx(request):
        response.headers["HX-Reselect"] = "#offline"
    return response


HANDLERS: ExceptionHandlersMap = {
    NotSignedIn: redirect_to_sign_in,
    ConfirmAgain: redirect_to_confirmation,
    CsrfFailed: csrf_failed,
    FormOutdated: form_outdated,
    NoAccount: no_account,
    Refusal: refused,
    Unavailable: unavailable_in_page,
}
