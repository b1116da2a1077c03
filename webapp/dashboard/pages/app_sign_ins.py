"""Signing in by a link from the Mini App: one page that names the person, and one button (`X3`).

Reading the page uses nothing up, so what fetches links in advance spoils none; and another site can let a browser neither
keep the link's cookie nor press the button.
"""

from litestar import Response, get, post
from litestar.params import FromQuery
from litestar.response import Redirect

from backend.accounts.queries import joined_accounts
from backend.accounts.rules import Permission
from backend.errors import Forbidden, Refusal
from backend.i18n import N_
from backend.people.app_sign_ins import LINK_LIFE, person_of_link, use_sign_in_link
from backend.people.queries import Person, person_of_browser
from webapp.dashboard import cookies
from webapp.dashboard.session import session_token
from webapp.dashboard.signing_in import return_path, sign_in_browser
from webapp.dashboard.urls import HOME
from webapp.dashboard.user_agents import describe_user_agent
from webapp.handler_options import SIGNS_IN
from webapp.respond import AnyRequest, page, voice_of

KEY_MAX = 64  # characters


class NoRoleAnymore(Forbidden):
    """Since the link was made, the person has lost their role."""

    outcome = "no-role"
    message = N_("You no longer help to run a club, so there is no dashboard to open.")


@get("/sign-in/app")
async def show(request: AnyRequest, key: FromQuery[str] = "") -> Response[str] | Redirect:
    """Who would be signed in, with the button; whoever is signed in as that person already goes on."""
    return_to = return_path(request)
    try:
        person = await _organiser_of(key)
    except Refusal as refusal:
        return _failed(request, refusal, return_to)
    token = session_token(request)
    here = await person_of_browser(token) if token else None
    if here is not None and here.id == person.id:
        return Redirect(return_to, status_code=303)
    response = page("dashboard/sign_ins/app.html", person.voice, person=person, here=here)
    cookies.write(request, response, cookies.APP_SIGN_IN, {"key": key, "after": return_to}, life=LINK_LIFE)
    return response


@post("/sign-in/app", opt={SIGNS_IN: True}, status_code=303)
async def create(request: AnyRequest) -> Response[str] | Redirect:
    """Sign this browser in as the person of the link that it keeps; the link is used up by it."""
    kept = cookies.read(request, cookies.APP_SIGN_IN, life=LINK_LIFE)
    key, return_to = str(kept.get("key", "")), str(kept.get("after", HOME))
    try:
        await _organiser_of(key)
        token = await use_sign_in_link(key, describe_user_agent(request.headers.get("user-agent", "")))
    except Refusal as refusal:
        return _failed(request, refusal, return_to)
    response = await sign_in_browser(request, token, return_to)
    cookies.clear(request, response, cookies.APP_SIGN_IN)
    return response


async def _organiser_of(key: str) -> Person:
    """The person of the link, who still helps to run a club. Raises `LinkUsedUp`, `NoRoleAnymore`."""
    person = await person_of_link(key[:KEY_MAX])
    if not any(account.has_permission(Permission.SEE_PEOPLE) for account in await joined_accounts(person)):
        raise NoRoleAnymore()
    return person


def _failed(request: AnyRequest, refusal: Refusal, return_to: str) -> Response[str]:
    response = page(
        "dashboard/sign_ins/app.html", voice_of(request), status=422, refusal=refusal, return_to=return_to
    )
    cookies.clear(request, response, cookies.APP_SIGN_IN)
    return response
