"""Exporting one's data, and being erased, from the reader's own page (`A7`)."""

import json
import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import httpx

from backend import clock, db
from backend.bookings.actions import book
from backend.people import feeds
from backend.people.browser_sessions import end_sessions
from backend.people.queries import person_of_telegram
from backend.seats.requests import Via
from tests.webapp.test_app_bookings import root, text_of
from webapp.export_files import VALID_SECONDS

Make = Callable[..., Awaitable[str]]


async def test_the_export_url_is_valid_for_a_quarter_of_an_hour(
    app_of: Any, web: httpx.AsyncClient, alice: Any, instance: Make, noon: datetime
) -> None:
    await book(await instance(), alice, guests=1, via=Via.CARD)
    app = await app_of(alice)
    page = (await app.get("/app/me/data")).text
    [path] = re.findall(r"https://emerald.example(/export/[^\"]+)", page)
    assert 'data-download="emerald-my-data.json"' in page
    answer = await web.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == 'attachment; filename="emerald-my-data.json"'
    assert answer.headers["access-control-allow-origin"] == "https://web.telegram.org"
    assert answer.headers["cache-control"] == "no-store"
    held = json.loads(answer.content)
    assert held["you"]["first_name"] == "Alice"
    assert held["bookings and answers"][0]["seats"] == 2
    clock.advance(timedelta(seconds=VALID_SECONDS + 1))
    assert (await web.get(path)).status_code == 404


async def test_a_forged_or_signed_out_export_url_is_not_found(
    app_of: Any, web: httpx.AsyncClient, alice: Any, noon: datetime
) -> None:
    """`X1`, `X6`"""
    page = (await (await app_of(alice)).get("/app/me/data")).text
    [path] = re.findall(r"https://emerald.example(/export/[^\"]+)", page)
    for wrong in (
        path.replace("/export/", "/export/x"),
        "/export/a.json",
        "/export/.json",
        path.removesuffix(".json"),
    ):
        assert (await web.get(wrong)).status_code == 404
    await end_sessions(alice)
    assert (await web.get(path)).status_code == 404


async def test_the_page_lists_what_is_erased_and_what_stays(
    app_of: Any, alice: Any, bob: Any, instance: Make, noon: datetime
) -> None:
    mine, line = await instance(title="A"), await instance(title="B", capacity=1)
    await book(line, bob, via=Via.CARD)
    for code in (mine, line):
        await book(code, alice, via=Via.CARD)
    text = text_of(await (await app_of(alice)).get("/app/me/erasure"))
    assert "Your seat on 1 upcoming date, released at once even if it’s late. Your place in 1 line." in text
    assert "What stays, without your name" in text
    assert "Your membership in 1 club" in text


async def test_after_an_erasure_the_session_and_all_urls_end(
    app_of: Any, web: httpx.AsyncClient, alice: Any, instance: Make, noon: datetime
) -> None:
    await book(await instance(), alice, via=Via.CARD)
    await feeds.create_feed(alice)
    mine = await feeds.feed(alice)
    assert mine is not None
    app = await app_of(alice)
    page = (await app.get("/app/me/data")).text
    [path] = re.findall(r"https://emerald.example(/export/[^\"]+)", page)
    answer = await app.ask("POST", "/app/me/erasure")
    assert root(answer)["data-outcome"] == "erased"
    assert root(answer)["data-ended"] == "yes"
    assert "hx-get" not in answer.text and 'href="/' not in answer.text, "nothing asks again"
    assert (await app.get("/app/me")).status_code == 401
    assert (await app.ask("POST", "/app/me/erasure")).status_code == 401
    assert (await web.get(path)).status_code == 404
    feed = await web.get(f"/calendar/{mine.token}.ics")
    assert feed.status_code == 410 and "yoga" not in feed.text and "Alice" not in feed.text
    assert await person_of_telegram(alice.telegram_id) is None
    fresh = await app_of(alice)
    assert "You’re in no club yet" in text_of(await fresh.get("/app/events"))
    assert await db.value("SELECT count(*) FROM telegram_users WHERE telegram_id = $1", alice.telegram_id) == 1  # fmt: skip


async def test_the_last_owner_learns_what_to_do_first(
    app_of: Any, olga: Any, account: Any, noon: datetime
) -> None:
    """`A2`"""
    app = await app_of(olga)
    page = await app.get("/app/me/erasure")
    assert "You are the only owner of: Kallio Yoga." in text_of(page)
    assert "/dashboard/members" in page.text and "do-erase" not in page.text
    refused = await app.ask("POST", "/app/me/erasure")
    assert (refused.status_code, root(refused)["data-outcome"]) == (422, "last-owner")
    assert (await app.get("/app/me")).status_code == 200
