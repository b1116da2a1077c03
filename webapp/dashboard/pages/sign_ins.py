"""Signing in through the bot: the browser shows a one-use link, the bot asks, the browser is in (`X3`)."""

import ipaddress
import re
from dataclasses import dataclass

from litestar import Response, get, post
from litestar.response import Redirect

from backend.errors import NotFound
from backend.i18n import N_
from backend.people import actions as people
from backend.people.actions import SESSION_LIFE, SIGN_IN_LIFE, begin_sign_in, sign_in_state
from backend.people.queries import person_of_browser
from backend.settings import settings
from webapp.dashboard import browsers, cookies
from webapp.dashboard.frame import Notice, go
from webapp.dashboard.session import token_of
from webapp.respond import AnyRequest, is_htmx, page, voice_of

HOME = "/dashboard"
# Back to where somebody was sent away from: a path of ours and nothing else.
_WAY_BACK = re.compile(r"/dashboard(?:[/?][\w/?=&.%+-]*)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Pending:
    """The sign-in this browser waits for; all of it is in its cookie."""

    key: str
    browser_key: str
    after: str

    @property
    def command(self) -> str:
        return f"/start in_{self.key}"

    @property
    def link(self) -> str:
        if settings.sandbox:  # nothing at t.me knows the demo's bot
            return f"{settings.sandbox_url}/#start=in_{self.key}"
        return f"https://t.me/{settings.telegram_bot_name}?start=in_{self.key}"


@get("/sign-in")
async def new(request: AnyRequest) -> Response[str] | Redirect:
    """The link, and the wait. Who is in already goes on; who comes back finds the same link while it is good."""
    if await _is_in(request):
        return Redirect(_way_back(request), status_code=303)
    pending = _pending(request)
    state = await sign_in_state(pending.browser_key) if pending else "gone"
    if pending and state == "confirmed":
        return await _enter(request, pending)
    if pending and state == "refused":
        return _show(request, None, refused=True)
    if pending is None or state == "gone":
        made = await begin_sign_in(
            browsers.describe(request.headers.get("user-agent", "")), address=_address(request)
        )
        pending = Pending(made.key, made.browser_key, _way_back(request))
    return _show(request, pending)


@get("/sign-in/state")
async def state(request: AnyRequest) -> Response[str] | Response[None] | Redirect:
    """What the waiting page asks every two seconds: 204 while the bot has not been answered."""
    pending = _pending(request)
    told = await sign_in_state(pending.browser_key) if pending else "gone"
    if told == "waiting":
        return Response(None, status_code=204)
    if pending and told == "confirmed":
        entered = await _enter(request, pending)
        return _follow(entered, pending.after) if is_htmx(request) else entered
    if told == "gone" and await _is_in(request):  # by another window of this browser
        there = Redirect(HOME, status_code=303)
        return _follow(there, HOME) if is_htmx(request) else there
    if told == "refused":
        answer = page(
            "dashboard/sign_ins/_refused.html",
            voice_of(request),
            # The link is dead: the whole card gives way.
            headers={"HX-Retarget": "#work .card", "HX-Reswap": "innerHTML"},
        )
        cookies.drop(request, answer, cookies.SIGN_IN)  # so that asking once more is a new question
        return answer
    return page("dashboard/sign_ins/_gone.html", voice_of(request))


@post("/sign-out", status_code=303)
async def destroy(request: AnyRequest) -> Redirect:
    """End this browser's session, here and in the database."""
    await people.sign_out(token_of(request))
    answer = go(
        request,
        f"{HOME}/sign-in",
        Notice(voice_of(request).say(N_("You’re signed out of this browser."))),
    )
    cookies.drop(request, answer, cookies.SESSION)
    return answer


def _follow(entered: Redirect, path: str) -> Response[str]:
    """The same for htmx, which would follow a redirect by itself and show what it finds inside this page."""
    answer = Response("", headers={"HX-Redirect": path, "Cache-Control": "no-store"})
    answer.cookies = entered.cookies
    return answer


async def _is_in(request: AnyRequest) -> bool:
    token = token_of(request)
    return bool(token) and await person_of_browser(token) is not None


async def _enter(request: AnyRequest, pending: Pending) -> Redirect:
    """Exchange the confirmed sign-in for a session of this browser; a session it had before ends."""
    answer = Redirect(pending.after, status_code=303)
    try:
        token = await people.finish_sign_in(pending.browser_key)
    except NotFound:  # used a moment ago, by another window of this browser: its cookie is set already
        cookies.drop(request, answer, cookies.SIGN_IN)
        return answer
    before = token_of(request)
    if before:
        await people.sign_out(before)
    cookies.write(request, answer, cookies.SESSION, {"token": token}, life=SESSION_LIFE)
    cookies.drop(request, answer, cookies.SIGN_IN)
    return answer


def _show(request: AnyRequest, pending: Pending | None, *, refused: bool = False) -> Response[str]:
    answer = page("dashboard/sign_ins/new.html", voice_of(request), pending=pending, refused=refused)
    if pending is None:
        cookies.drop(request, answer, cookies.SIGN_IN)
    else:
        told = {"key": pending.key, "browser": pending.browser_key, "after": pending.after}
        cookies.write(request, answer, cookies.SIGN_IN, told, life=SIGN_IN_LIFE)
    return answer


def _pending(request: AnyRequest) -> Pending | None:
    told = cookies.read(request, cookies.SIGN_IN, life=SIGN_IN_LIFE)
    if not told:
        return None
    return Pending(told["key"], told["browser"], told["after"])


def _way_back(request: AnyRequest) -> str:
    asked = request.query_params.get("next", HOME)
    return asked if _WAY_BACK.fullmatch(asked) and "//" not in asked else HOME


def _address(request: AnyRequest) -> str:
    """Who asks, as far as an address says: an IPv6 network counts as one, since its holder has all of it."""
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
