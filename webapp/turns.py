"""One person's requests take turns, before any of their work begins: whoever asks for a lot at once waits for
themselves, and nobody else does (`X8`).

Whose they are is read from the end of the app's session that names its holder, from the signature of what Telegram said when
the app was opened, or from the content of the dashboard's cookie. None is verified here. Nobody can guess another person's, and a
request with an invented one is refused at once.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import unquote

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from backend import failpoints
from backend.errors import TooOften
from webapp.dashboard.cookies import sealed_session
from webapp.requests import BoundedRequest
from webapp.respond import refusal_response

AT_ONCE = 3  # requests of one session that this process works on; a page of ours loads no more parts together
CROWD = 3  # requests that wait, from which on there is one at a time
PAUSE = 0.05  # seconds before the next of a crowd
WAITING_MAX = 60  # as many as nginx lets through together
SIGNATURE = b"hash="  # in `initData`


@dataclass(slots=True)
class _Turns:
    """The requests of one session."""

    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    of_crowd: asyncio.Lock = field(default_factory=asyncio.Lock)
    size: int = 0  # that are worked on or wait

    @property
    def is_crowd(self) -> bool:
        return self.size > AT_ONCE + CROWD and not failpoints.on("turns.crowds-too")

    async def take(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do the work of one request once it is its turn."""
        async with self.slots:  # asyncio grants them in the order of the requests
            if not self.is_crowd:
                await work()
                return
            async with self.of_crowd:
                await asyncio.sleep(PAUSE)
                await work()


def limit_turns(app: ASGIApp) -> ASGIApp:
    """The application, working on at most `AT_ONCE` requests of one session at a time, in the order of their arrival. While
    more than `CROWD` wait, as they do for no page of ours, it works on one, and pauses before each, so that others are
    answered in between. Refuses (429) a request before which `WAITING_MAX` wait."""
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
            await own.take(lambda: app(scope, receive, send))
        finally:
            own.size -= 1
            if not own.size:
                del turns[session]

    return dispatch


def session_of(scope: HTTPScope) -> str:
    """What the requests of one session have in common; "" for none."""
    if scope["path"].startswith("/dashboard"):
        return sealed_session(BoundedRequest(scope))
    given = next((value for name, value in scope["headers"] if name == b"authorization"), b"").strip()
    if given[:4].lower() == b"tma ":  # its fields may come in any order, and be escaped in a thousand ways
        fields = given[4:].strip().split(b"&")
        signatures = [each.removeprefix(SIGNATURE) for each in fields if each.startswith(SIGNATURE)]
        return unquote(signatures[0].decode("latin-1")) if signatures else ""
    return given.rpartition(b"=")[2].decode("latin-1").rpartition(" ")[2]
