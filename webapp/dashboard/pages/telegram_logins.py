"""Log In With Telegram: the browser goes to Telegram's own sign-in page and comes back with a code (`X3`)."""

from litestar import Response, get
from litestar.response import Redirect

from backend.errors import NotFound, Refusal
from backend.i18n import N_
from backend.people.sign_ins import SIGN_IN_LIFE
from backend.people.telegram_logins import (
    TelegramLogin,
    begin_telegram_login,
    claim_telegram_login,
    finish_telegram_login,
)
from backend.settings import settings
from webapp.dashboard import cookies
from webapp.dashboard.openid import LoginUnavailable, authorization_url, openid_provider
from webapp.dashboard.signing_in import asker_of, return_path, sign_in_browser
from webapp.dashboard.urls import HOME
from webapp.dashboard.user_agents import describe_user_agent
from webapp.respond import AnyRequest, browser_language, page, voice_of

DECLINED = "access_denied"  # RFC 6749 §4.1.2.1
LENGTH_MAX = 2048  # characters of a code or a state


class LoginDeclined(Refusal):
    """The person said no at Telegram."""

    outcome = "declined"
    message = N_("You declined in Telegram, so nobody was signed in.")


@get("/sign-in/telegram")
async def create(request: AnyRequest) -> Redirect:
    """Send the browser to Telegram, with a cookie by which it is known again. Raises `NotFound` where it is not set
    up."""
    if not settings.telegram_login_client_secret:
        raise NotFound()
    login = await begin_telegram_login(
        describe_user_agent(request.headers.get("user-agent", "")), **asker_of(request)
    )
    response = Redirect(authorization_url(login), status_code=303)
    content = {"key": login.browser_key, "after": return_path(request)}
    cookies.write(request, response, cookies.TELEGRAM_LOGIN, content, life=SIGN_IN_LIFE)
    return response


@get("/sign-in/telegram/return")
async def show(request: AnyRequest) -> Response[str] | Redirect:
    """Where Telegram sends the browser back to: signed in and on to the page it wanted, or a page that says why
    not."""
    kept = cookies.read(request, cookies.TELEGRAM_LOGIN, life=SIGN_IN_LIFE)
    return_to = str(kept.get("after", HOME))
    try:
        token = await _sign_in(request, TelegramLogin(_given(request, "state"), str(kept.get("key", ""))))
    except Refusal as refusal:
        response = page(
            "dashboard/sign_ins/failed.html",
            voice_of(request),
            status=503 if isinstance(refusal, LoginUnavailable) else 422,
            refusal=refusal,
            return_to=return_to,
        )
        cookies.clear(request, response, cookies.TELEGRAM_LOGIN)
        return response
    answer = await sign_in_browser(request, token, return_to)
    cookies.clear(request, answer, cookies.TELEGRAM_LOGIN)
    return answer


async def _sign_in(request: AnyRequest, login: TelegramLogin) -> str:
    """The token of a new session. What was begun is used up first, so that no answer counts twice. Raises a
    `Refusal`."""
    claimed = await claim_telegram_login(login)
    if _given(request, "error") == DECLINED:
        raise LoginDeclined()
    code = _given(request, "code")
    if not code:
        raise LoginUnavailable()
    claims = await openid_provider().redeem(code, login)
    return await finish_telegram_login(claimed, claims, browser_language(request))


def _given(request: AnyRequest, name: str) -> str:
    """A parameter of the address, if it is there once and no longer than any of Telegram's."""
    values = request.query_params.getall(name, [])
    return values[0] if len(values) == 1 and len(values[0]) <= LENGTH_MAX else ""
