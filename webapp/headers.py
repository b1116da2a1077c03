"""The security headers of every response: what a page may load, who may frame it, which referrer it sends
(`X1`, `X3`)."""

from urllib.parse import urlsplit

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
        # What a response does not say otherwise: it is personal, or sets a session, and no cache may keep it.
        "Cache-Control": "no-store",
        # The page that frames the Mini App needs none of its resources.
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    if not framed:
        headers["X-Frame-Options"] = "DENY"
        # A page that opened ours, or that ours opened, has no hold on its window.
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
    if config.production:
        headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    return headers


RawHeader = tuple[bytes, bytes]  # as ASGI has them: the name in small letters


def raw_headers(headers: dict[str, str]) -> list[RawHeader]:
    """These headers as ASGI has them."""
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


_OF_APP = raw_headers(security_headers(settings, framed=True))
_OF_REST = raw_headers(security_headers(settings, framed=False))


async def add_headers(message: Message, scope: Scope) -> None:
    """Before a response is sent, a 404 or a 500 too: add the headers of its site that it does not set itself, and a renewed
    session."""
    if message["type"] != "http.response.start":
        return
    path = scope["path"]
    framed = path == "/app" or path.startswith("/app/")
    # Litestar's own way to add headers searches the list for each of them, which took a tenth of a booking.
    sent = list(message["headers"])
    names = {name.lower() for name, _ in sent}
    sent += [header for header in (_OF_APP if framed else _OF_REST) if header[0] not in names]
    renewed = scope.get("state", {}).get("x_session")
    if renewed:
        sent.append((b"x-session", renewed.encode()))
    message["headers"] = sent
