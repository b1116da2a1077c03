"""HEAD: what GET would answer, without the body (RFC 9110 §9.3.2). Monitors and link checkers ask so."""

from typing import cast

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send


def answer_head(app: ASGIApp) -> ASGIApp:
    """The application, which answers HEAD wherever it answers GET. A read never writes, so both are the same
    to it."""

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or scope["method"] != "HEAD":
            await app(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            if message["type"] == "http.response.body":
                if message["more_body"]:
                    return
                message["body"] = b""
            await send(message)

        # A copy: the server goes by its own, and expects no body where the method is HEAD.
        as_get = cast(HTTPScope, {**scope, "method": "GET"})
        try:
            await app(as_get, receive, send_head)
        finally:
            if "path_template" in as_get:
                scope["path_template"] = as_get["path_template"]

    return dispatch
