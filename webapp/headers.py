"""The security headers of every response: what a page may load, who may frame it, which referrer it sends
(`X1`, `X3`)."""

from urllib.parse import urlsplit

from litestar.datastructures import MutableScopeHeaders
from litestar.types import Message, Scope

from backend.settings import Settings, settings

PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"


def content_security_policy(config: Settings, *, framed: bool) -> str:
    """The policy of one site. `framed` is the Mini App, which Telegram's web clients show in a frame."""
    scripts = ["'self'"]
    if config.telegram_script_url:
        address = urlsplit(config.telegram_script_url)
        scripts.append(f"{address.scheme}://{address.netloc}")
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {' '.join(scripts)}",
            "style-src 'self'",
            "img-src 'self' data: https://t.me https://*.telegram.org",
            "connect-src 'self'",
            "font-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            f"frame-ancestors {config.frame_ancestors if framed else chr(39) + 'none' + chr(39)}",
        )
    )


def security_headers(config: Settings, *, framed: bool) -> dict[str, str]:
    """All security headers of one site."""
    headers = {
        "Content-Security-Policy": content_security_policy(config, framed=framed),
        "X-Content-Type-Options": "nosniff",
        # Addresses contain event codes; no other host needs to see them.
        "Referrer-Policy": "same-origin",
        "Permissions-Policy": PERMISSIONS,
        # The page that frames the Mini App needs none of its resources.
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    if not framed:
        headers["X-Frame-Options"] = "DENY"
    if config.production:
        headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    return headers


_OF_APP = security_headers(settings, framed=True)
_OF_REST = security_headers(settings, framed=False)


async def add_headers(message: Message, scope: Scope) -> None:
    """Before a response is sent, a 404 or a 500 too: add the headers of its site, and a renewed session."""
    if message["type"] != "http.response.start":
        return
    path = scope["path"]
    framed = path == "/app" or path.startswith("/app/")
    headers = MutableScopeHeaders.from_message(message)
    for name, value in (_OF_APP if framed else _OF_REST).items():
        headers.setdefault(name, value)
    renewed = scope.get("state", {}).get("x_session")
    if renewed:
        headers["X-Session"] = renewed
