"""Signing in through the bot: the browser shows a one-use link, the person confirms it in Telegram (`X3`)."""

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.response import Redirect

from backend.errors import NotFound
from backend.i18n import N_
from backend.people.browser_sessions import is_newly_confirmed, sign_out
from backend.people.queries import person_of_browser
from backend.people.sign_ins import SIGN_IN_LIFE, begin_sign_in, finish_sign_in, sign_in_state
from backend.settings import settings
from webapp.dashboard import cookies
from webapp.dashboard.responses import redirect
from webapp.dashboard.session import session_token
from webapp.dashboard.signing_in import asker_of, return_path, sign_in_browser
from webapp.dashboard.urls import HOME, SIGN_IN, TELEGRAM_SIGN_IN
from webapp.dashboard.user_agents import describe_user_agent
from webapp.notices import Notice
from webapp.respond import AnyRequest, is_htmx, page, voice_of


@dataclass(frozen=True, slots=True)
class PendingSignIn:
    """The sign-in this browser waits for, as its cookie holds it; `return_to` is the page that comes
    after."""

    key: str
    browser_key: str
    number: int
    return_to: str

    @property
    def command(self) -> str:
        return f"/start in_{self.key}"

    @property
    def link(self) -> str:
        if settings.sandbox:  # t.me does not know the demo's bot
            return f"{settings.sandbox_url}/#start=in_{self.key}"
        return f"https://t.me/{settings.telegram_bot_name}?start=in_{self.key}"


@get("/sign-in")
async def new(request: AnyRequest) -> Response[str] | Redirect:
    """The page with the link and the number, which waits. A reload shows the same link while it is good; a
    signed-in browser goes on, unless `again` asks for a sign-in of the last minutes."""
    pending = _pending(request)
    state = await sign_in_state(pending.browser_key) if pending else "gone"
    if pending and state == "confirmed":
        return await _finish(request, pending)
    is_signed_in = await _is_signed_in(request)
    again = is_signed_in and "again" in request.query_params
    if is_signed_in and not (again and not await is_newly_confirmed(session_token(request))):
        return Redirect(return_path(request), status_code=303)
    if pending and state == "refused":
        return _page(request, None, refused=True)
    if pending and again:
        pending = replace(pending, return_to=return_path(request))
    if pending is None or state == "gone":
        made = await begin_sign_in(
            describe_user_agent(request.headers.get("user-agent", "")), **asker_of(request)
        )
        pending = PendingSignIn(made.key, made.browser_key, made.number, return_path(request))
    return _page(request, pending, again=again)


@get("/sign-in/state")
async def state(request: AnyRequest) -> Response[str] | Response[None] | Redirect:
    """Asked by the waiting page every two seconds: 204 until the person has answered the bot."""
    pending = _pending(request)
    state = await sign_in_state(pending.browser_key) if pending else "gone"
    if state == "waiting":
        return Response(None, status_code=204)
    if pending and state == "confirmed":
        finished = await _finish(request, pending)
        return _redirect_htmx(finished, pending.return_to) if is_htmx(request) else finished
    if state == "gone" and await _is_signed_in(request):  # by another window of this browser
        home = Redirect(HOME, status_code=303)
        return _redirect_htmx(home, HOME) if is_htmx(request) else home
    if state == "refused":
        response = page(
            "dashboard/sign_ins/_refused.html",
            voice_of(request),
            # The link is used up, so the whole card is replaced.
            headers={"HX-Retarget": "#work .card", "HX-Reswap": "innerHTML"},
        )
        cookies.clear(request, response, cookies.SIGN_IN)  # so that the next attempt is a new question
        return response
    return page("dashboard/sign_ins/_gone.html", voice_of(request))


@post("/sign-out", status_code=303)
async def destroy(request: AnyRequest) -> Redirect:
    """End this browser's session, here and in the database."""
    await sign_out(session_token(request))
    notice = Notice(voice_of(request).gettext(N_("You’re signed out of this browser.")))
    response = redirect(request, SIGN_IN, notice)
    cookies.clear(request, response, cookies.SESSION)
    return response


def _redirect_htmx(response: Redirect, path: str) -> Response[str]:
    """The same redirect for htmx: it follows a 303 by itself and would show the page it finds inside this
    one."""
    followed = Response("", headers={"HX-Redirect": path, "Cache-Control": "no-store"})
    followed.cookies = response.cookies
    return followed


async def _is_signed_in(request: AnyRequest) -> bool:
    token = session_token(request)
    return bool(token) and await person_of_browser(token) is not None


async def _finish(request: AnyRequest, pending: PendingSignIn) -> Redirect:
    """Exchange the confirmed sign-in for a session of this browser; a session it had before ends."""
    try:
        token = await finish_sign_in(pending.browser_key)
    except NotFound:  # used a moment ago by another window of this browser, which has set the cookie
        response = Redirect(pending.return_to, status_code=303)
        cookies.clear(request, response, cookies.SIGN_IN)
        return response
    return await sign_in_browser(request, token, pending.return_to)


def _page(
    request: AnyRequest, pending: PendingSignIn | None, *, refused: bool = False, again: bool = False
) -> Response[str]:
    response = page(
        "dashboard/sign_ins/new.html",
        voice_of(request),
        pending=pending,
        refused=refused,
        again=again,
        telegram_login=_telegram_login(request, pending),
    )
    if pending is None:
        cookies.clear(request, response, cookies.SIGN_IN)
    else:
        content = {
            "key": pending.key,
            "browser": pending.browser_key,
            "number": pending.number,
            "after": pending.return_to,
        }
        cookies.write(request, response, cookies.SIGN_IN, content, life=SIGN_IN_LIFE)
    return response


def _telegram_login(request: AnyRequest, pending: PendingSignIn | None) -> str:
    """The address of Log In With Telegram, which leads to the same page afterwards; "" where it is not set up."""
    if not settings.telegram_login_client_secret:
        return ""
    query = {"next": pending.return_to if pending else return_path(request)}
    if "pass" in request.query_params:
        query["pass"] = request.query_params["pass"]
    return f"{TELEGRAM_SIGN_IN}?{urlencode(query)}"


def _pending(request: AnyRequest) -> PendingSignIn | None:
    content = cookies.read(request, cookies.SIGN_IN, life=SIGN_IN_LIFE)
    if "number" not in content:  # none, or of the release before, whose links had no number
        return None
    return PendingSignIn(content["key"], content["browser"], content["number"], content["after"])
