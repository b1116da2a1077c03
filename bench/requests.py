"""The requests that are sent, as they go over the wire."""


def get_screen(path: str, session: str) -> str:
    """A screen of the Mini App, as htmx asks for it."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {session}\r\nHX-Request: true\r\n\r\n"


def post_booking(code: str, session: str) -> str:
    """One seat on an instance."""
    return (
        f"POST /app/events/{code}/booking HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {session}\r\n"
        "HX-Request: true\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 8\r\n\r\nguests=0"
    )
