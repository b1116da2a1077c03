"""One id finds all that a request, an update or a run of a job did: log lines, messages, changes of seats, and the
transactions in the server's own views."""

import asyncio
import io
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest
import structlog

from backend import causes, db
from backend.bookings.actions import book, leave
from backend.causes import caused_by
from backend.engine import DB
from backend.seats.requests import Via
from backend.settings import settings
from emerald import log

Make = Callable[..., Awaitable[str]]


async def test_what_many_do_at_once_is_found_by_the_id_of_each(
    instance: Make, alice: Any, bob: Any, crowd: Callable[[int], Awaitable[list[Any]]]
) -> None:
    """Requests that share a transaction keep their own ids."""
    code = await instance(capacity=1)

    async def books(cause: str, person: Any) -> None:
        with caused_by(cause):
            await book(code, person, via=Via.MINIAPP)

    people = [alice, bob, *await crowd(3)]
    wanted = {f"{n:08x}": person for n, person in enumerate(people, 0xABC0)}
    await asyncio.gather(*(books(cause, person) for cause, person in wanted.items()))
    found = {
        row["id"][:8]: row["user_id"]
        for row in await db.rows(
            "SELECT l.request_id::text AS id, m.user_id FROM event_participation_log l"
            " JOIN memberships m ON m.id = l.membership_id WHERE l.verb IN ('book', 'wait')"
        )
    }
    assert found == {cause: person.id for cause, person in wanted.items()}
    seated = await db.value(
        "SELECT m.user_id FROM bookings b JOIN memberships m ON m.id = b.membership_id WHERE b.seats > 0"
    )
    first = next(person for person in people if person.id == seated)
    with caused_by("0000beef"):
        await leave(code, first, via=Via.CARD)
    causes_of = {
        row[0] for row in await db.rows("SELECT cause FROM messages WHERE kind IN ('promoted', 'offer')")
    }
    assert causes_of == {"0000beef"}, "who is seated is told because of who left"


async def test_a_transaction_bears_its_cause_and_the_connection_keeps_nothing(world: None) -> None:
    show = "SELECT current_setting('application_name')"
    with caused_by("0000beef"):
        async with db.transaction():
            assert await db.value(show) == "emerald-tests 0000beef"
        assert await db.value(show) == "emerald-tests"
    async with db.transaction():
        assert await db.value(show) == "emerald-tests"
    assert DB.pool is not None


async def test_the_line_of_a_request_names_it_and_each_has_its_own(
    world: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from emerald.web import create_app
    from webapp import metrics

    app = create_app(with_pool=False)
    stream = io.StringIO()
    log.configure("web", known=replace(settings, log_format="json", log_level="INFO"), to=stream)
    monkeypatch.setattr(metrics, "log", structlog.get_logger("web"))
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="https://emerald.example") as client:
        for _ in range(2):
            await client.get("/")
    named = [json.loads(line)["cause"] for line in stream.getvalue().splitlines() if '"request"' in line]
    assert len(set(named)) == 2
    assert all(re.fullmatch(r"[0-9a-f]{8}", cause) for cause in named)
    assert causes.current() == ""
    log.configure("tests")
