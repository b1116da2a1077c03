"""An address has one spelling (`X11`): every route of the application, and how else it could be written."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import pytest
from litestar import Litestar
from litestar.routes import HTTPRoute

# `{0}` is the address, `{1}` the same with its last letter escaped.
SPELLINGS = ("{0}/", "{0}//", "/{0}", "{0}%2f", "{0}%2F", "/%2f{0}", "/.{0}", "/x/..{0}", "{1}")


@pytest.fixture
def app(world: None, site: Litestar) -> Litestar:
    return site


def addresses(app: Litestar) -> Iterator[tuple[str, str]]:
    """Each method and address, with something in the place of each parameter."""
    found = 0
    for route in app.routes:
        assert isinstance(route, HTTPRoute)
        parts = (part if isinstance(part, str) else "7" for part in route.path_components)
        path = "/" + "/".join(parts)
        for method in sorted(set(route.methods) - {"OPTIONS", "HEAD"}):
            found += path != "/"
            if path != "/":
                yield method, path
    assert found > 100


async def ask(app: Litestar, method: str, path: str) -> int:
    """The status of the answer to this path, exactly as it is written: a client would take dots out."""
    statuses = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        statuses.append(message.get("status"))

    scope: Any = {
        "type": "http", "method": method, "path": unquote(path), "raw_path": path.encode(), "query_string": b"",
        "headers": [(b"host", b"emerald.example")], "scheme": "https", "http_version": "1.1", "root_path": "",
        "server": ("emerald.example", 443), "client": ("127.0.0.1", 1),
    }  # fmt: skip
    await app(scope, receive, send)
    return int(statuses[0])


async def other_answers(app: Litestar) -> list[str]:
    """Which other spellings are answered, and how."""
    found = []
    for method, path in addresses(app):
        escaped = f"{path[:-1]}%{ord(path[-1]):x}"
        for spelling in SPELLINGS:
            other = spelling.format(path, escaped)
            if other != "/app/" and (status := await ask(app, method, other)) != 404:
                found.append(f"{method} {other}: {status}")
    return found


async def test_no_route_answers_to_another_spelling(app: Litestar) -> None:
    assert await other_answers(app) == []
    assert await ask(app, "GET", "/app/") == await ask(app, "GET", "/app") == 200


async def test_the_framework_alone_would_answer(app: Litestar, switch_off: Any) -> None:
    """The control of the test before."""
    switch_off("paths.any-spelling")
    answered = await other_answers(app)
    assert any("/ready/" in answer for answer in answered) and len(answered) > 100
