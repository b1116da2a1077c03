"""One person's requests take turns, before any of their work begins: whoever asks for a lot at once waits for
themselves, and nobody else does (`X8`).

Whose they are is read from the end of the app's session that names its holder, or from the content of the dashboard's
cookie. Neither is verified here. Nobody can guess another person's, and a request with an invented one is refused at once.
"""

import asyncio
from dataclasses import dataclass, field

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from backend import failpoints
from backend.errors import TooOften
from webapp.dashboard.cookies import sealed_session
from webapp.requests import BoundedRequest
from webapp.respond import refusal_response

AT_ONCE = 3  # requests of one session that this process works on; a page of ours loads no more parts together
WAITING_MAX = 60  # as many as nginx lets through together


@dataclass(slots=True)
class _Turns:
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    size: int = 0  # requests that are worked on or wait


def limit_turns(app: ASGIApp) -> ASGIApp:
    """The application, working on at most `AT_ONCE` requests of one session at a time, in the order of their arrival.
    Refuses (429) a request before which `WAITING_MAX` wait."""
    turns: dict[str, _Turns] = {}

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        session = session_of(scope) if scope["type"] == ScopeType.HTTP else ""
        if not session or failpoints.on("turns.unlimited"):
            await app(scope, receive, send)
            return
        own = turns.setdefault(session, _Turns())
        if own.size >= AT_ONCE + WAITING_MAX:
            request = BoundedRequest(scope)
            answer = refusal_response(request, TooOften(1))
            await answer.to_asgi_response(None, request)(scope, receive, send)
            return
        own.size += 1
        try:
            async with own.slots:  # asyncio grants them in the order of the requests
                await app(scope, receive, send)
        finally:
            own.size -= 1
            if not own.size:
                del turns[session]

    return dispatch


def session_of(scope: HTTPScope) -> str:
    """What the requests of one session have in common; "" for none."""
    if scope["path"].startswith("/dashboard"):
        return sealed_session(BoundedRequest(scope))
    given = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
    return given.strip().rpartition(b"=")[2].decode("latin-1").rpartition(" ")[2]
