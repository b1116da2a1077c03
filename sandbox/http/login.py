"""`/auth`, `/token` and `/.well-known/…`: Log In With Telegram over HTTP."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from sandbox.login import LoginError, allow, decline, discovery, read_request, redeem, signing_key
from sandbox.telegram import Telegram
from sandbox.world import Json

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent.parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
)
AnyRequest = Request[Any, Any, Any]


@get("/.well-known/openid-configuration")
async def configuration(request: AnyRequest) -> Json:
    """The provider's own description."""
    return discovery(_issuer(request))


@get("/.well-known/jwks.json")
async def keys() -> Json:
    """The public keys that identity tokens are signed with."""
    return {"keys": [signing_key().as_dict(private=False)]}


@get("/auth")
async def show(request: AnyRequest, telegram: NamedDependency[Telegram]) -> Response[str]:
    """The sign-in page: who are you? A request that is wrong is told so, and sent nowhere."""
    query = dict(request.query_params)
    read_request(telegram, query)
    return _page(telegram, people=list(telegram.world.people.values()), asked=query)


@post("/auth", status_code=303)
async def answer(request: AnyRequest, telegram: NamedDependency[Telegram]) -> Redirect:
    """The person says yes or no, and the browser goes back."""
    form = await _form(request)
    asked = read_request(telegram, form)
    chosen = form.get("person", "")
    if not chosen.isdecimal():
        return Redirect(decline(asked), status_code=303)
    return Redirect(allow(telegram, asked, telegram.person(int(chosen))), status_code=303)


@post("/token", status_code=200)
async def create(request: AnyRequest, telegram: NamedDependency[Telegram]) -> Json:
    """Exchange a code for an identity token."""
    authorization = request.headers.get("authorization", "")
    return redeem(telegram, _issuer(request), authorization, await _form(request))


def login_error_response(request: AnyRequest, error: LoginError) -> Response[Any]:
    """For the product the error of RFC 6749 as JSON, for a person a page."""
    if request.url.path == "/token":
        body = {"error": error.error, "error_description": error.reason}
        return Response(body, status_code=error.status, headers={"Cache-Control": "no-store"})
    return _page(request.app.state.telegram, status=error.status, reason=error.reason)


def _page(telegram: Telegram, *, status: int = 200, **content: Any) -> Response[str]:
    html = _TEMPLATES.get_template("login.html").render(
        {"people": [], "asked": {}, "reason": "", "bot": telegram.config.bot_title, **content}
    )
    policy = (
        "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action 'self' {telegram.config.app_origin}"
    )
    headers = {"Content-Security-Policy": policy, "Cache-Control": "no-store"}
    return Response(html, status_code=status, media_type="text/html", headers=headers)


async def _form(request: AnyRequest) -> dict[str, str]:
    return dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))


def _issuer(request: AnyRequest) -> str:
    return str(request.base_url).rstrip("/")


handlers: list[ControllerRouterHandler] = [configuration, keys, show, answer, create]
