"""The dashboard's cookies: signed, HttpOnly, SameSite=Lax, and outside localhost Secure under the `__Host-` prefix (`X3`).

Each is signed under its own name, so that none passes for another. What they carry is no secret of ours but their
holder's own: they cannot be made up, and what was altered reads as absent.
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
NOTICE = "emerald-notice"
LONGEST = 4096
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1", "[::1]"})


@cache
def _signer(name: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(
        settings.secret_key,
        salt=f"dashboard cookie {name}",
        signer_kwargs={"digest_method": sha256, "key_derivation": "hmac"},
    )


def _is_local(request: AnyRequest) -> bool:
    """Whether the browser sits on this machine, where there is no TLS to insist on."""
    return (request.url.hostname or "") in _LOCAL


def _full_name(request: AnyRequest, name: str) -> str:
    return name if _is_local(request) else f"__Host-{name}"


def read(request: AnyRequest, name: str, *, life: timedelta) -> Mapping[str, Any]:
    """What the cookie carries; empty when it is absent, altered or older than its life."""
    sealed = request.cookies.get(_full_name(request, name), "")
    if not sealed or len(sealed) > LONGEST:
        return {}
    try:
        told = _signer(name).loads(sealed, max_age=int(life.total_seconds()))
    except (BadData, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def write(
    request: AnyRequest,
    response: Response[Any],
    name: str,
    told: Mapping[str, Any],
    *,
    life: timedelta,
) -> None:
    """Let the browser keep this for so long."""
    response.set_cookie(
        _full_name(request, name),
        str(_signer(name).dumps(dict(told))),
        max_age=int(life.total_seconds()),
        path="/",
        secure=not _is_local(request),
        httponly=True,
        samesite="lax",
    )


def drop(request: AnyRequest, response: Response[Any], name: str) -> None:
    """Let the browser forget it. A `__Host-` cookie is only replaced by one with the same attributes."""
    response.set_cookie(
        _full_name(request, name),
        "",
        max_age=0,
        path="/",
        secure=not _is_local(request),
        httponly=True,
        samesite="lax",
    )
