"""What both ways to sign in have in common: which browser asks, where it goes afterwards, and the cookies of a browser
that is signed in (`X3`)."""

import ipaddress
import re
from datetime import timedelta
from typing import TypedDict

from litestar.response import Redirect

from backend import codes
from backend.people.browser_sessions import sign_out
from backend.people.sign_in_passes import holder_of_pass
from backend.people.sign_ins import SESSION_LIFE
from webapp.dashboard import cookies
from webapp.dashboard.session import session_token
from webapp.dashboard.urls import HOME
from webapp.respond import AnyRequest

KNOWN_BROWSER_LIFE = timedelta(days=365)  # from its last sign-in

# A page to return to after the sign-in is one of ours and nothing else.
_RETURN_PATH = re.compile(r"/dashboard(?:[/?][\w/?=&.%+-]*)?", re.ASCII)


class Asker(TypedDict):
    """By what a sign-in is counted (`X7`)."""

    address: str
    known_browser: str
    holder: str


def asker_of(request: AnyRequest) -> Asker:
    """By what the sign-in that this request begins is counted."""
    return Asker(
        address=_address(request),
        known_browser=known_browser(request),
        holder=holder_of_pass(request.query_params.get("pass", "")),
    )


async def sign_in_browser(request: AnyRequest, token: str, return_to: str) -> Redirect:
    """Redirect to the page, with the cookies of the new session; a session this browser had before ends."""
    response = Redirect(return_to, status_code=303)
    former = session_token(request)
    if former:
        await sign_out(former)
    cookies.write(request, response, cookies.SESSION, {"token": token}, life=SESSION_LIFE)
    known = known_browser(request) or codes.new_secret()
    cookies.write(request, response, cookies.KNOWN_BROWSER, {"id": known}, life=KNOWN_BROWSER_LIFE)
    cookies.clear(request, response, cookies.SIGN_IN)
    return response


def known_browser(request: AnyRequest) -> str:
    """The name of a browser that somebody has signed in with; "" for any other."""
    known = cookies.read(request, cookies.KNOWN_BROWSER, life=KNOWN_BROWSER_LIFE).get("id")
    return known if isinstance(known, str) else ""


def return_path(request: AnyRequest) -> str:
    """The page that `?next=` asks for, if it is one of the dashboard's; else the first one."""
    asked = request.query_params.get("next", HOME)
    return asked if _RETURN_PATH.fullmatch(asked) and "//" not in asked else HOME


def _address(request: AnyRequest) -> str:
    """The address that sign-ins of unknown browsers are counted by: an IPv6 /64 network counts as one, since one holder has all
    of it."""
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
