"""The dashboard's cookies: signed, HttpOnly, SameSite=Lax, and outside localhost Secure under the `__Host-`
prefix (`X3`).

Each is signed under its own name, so that none passes for another. Their content belongs to the browser's
owner and is no secret of ours: it cannot be forged, and an altered cookie reads as absent.
"""

from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from hashlib import sha256
from typing import Any

from itsdangerous import BadData, URLSafeTimedSerializer
from litestar import Response

from backend.settings import settings
from webapp.respond import AnyRequest

SESSION = "emerald-session"
SIGN_IN = "emerald-sign-in"
APP_SIGN_IN = "emerald-app-sign-in"
TELEGRAM_LOGIN = "emerald-telegram-login"
NOTICE = "emerald-notice"
KNOWN_BROWSER = "emerald-browser"  # that somebody has signed in with; nginx reads its name
LENGTH_MAX = 4096
_LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1", "[::1]"})


@cache
def _serializer(name: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(
        settings.secret_key,
        salt=f"dashboard cookie {name}",
        signer_kwargs={"digest_method": sha256, "key_derivation": "hmac"},
    )


def _is_local(request: AnyRequest) -> bool:
    """Whether the browser runs on this machine, where there may be no TLS."""
    return (request.url.hostname or "") in _LOCAL_HOSTS


def _full_name(request: AnyRequest, name: str) -> str:
    return name if _is_local(request) else f"__Host-{name}"


def read(request: AnyRequest, name: str, *, life: timedelta) -> Mapping[str, Any]:
    """The content of the cookie; empty when it is absent, altered or older than its life."""
    sealed = request.cookies.get(_full_name(request, name), "")
    if not sealed or len(sealed) > LENGTH_MAX:
        return {}
    try:
        content = _serializer(name).loads(sealed, max_age=int(life.total_seconds()))
    except (BadData, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def sealed_session(request: AnyRequest) -> str:
    """What the session's cookie seals, as text: the same however often it was sealed, and not verified; "" without one."""
    sealed = request.cookies.get(_full_name(request, SESSION), "")
    return sealed.rsplit(".", 2)[0]  # behind it stand when it was sealed, and the seal


def write(
    request: AnyRequest,
    response: Response[Any],
    name: str,
    content: Mapping[str, Any],
    *,
    life: timedelta,
) -> None:
    """Let the browser keep this content for this long."""
    _set(request, response, name, str(_serializer(name).dumps(dict(content))), life)


def clear(request: AnyRequest, response: Response[Any], name: str) -> None:
    """Let the browser forget the cookie."""
    _set(request, response, name, "", timedelta(0))


def _set(request: AnyRequest, response: Response[Any], name: str, value: str, life: timedelta) -> None:
    # Browsers replace a `__Host-` cookie only by one with the same attributes, so clearing sets them too.
    response.set_cookie(
        _full_name(request, name),
        value,
        max_age=int(life.total_seconds()),
        path="/",
        secure=not _is_local(request),
        httponly=True,
        samesite="lax",
    )
