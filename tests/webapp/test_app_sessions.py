"""Opening the Mini App: the shell, the exchange of `initData` for a session, and the life of a session
(`X1`)."""

import re
from datetime import timedelta
from typing import Any

import httpx
import pytest

from backend import clock
from tests.webapp.conftest import App, init_data, launch_of

A_BROWSER = {"Accept": "text/html,application/xhtml+xml", "Sec-Fetch-Dest": "document"}


async def opened(web: httpx.AsyncClient, raw: str, **headers: str) -> httpx.Response:
    return await web.post("/app/session", headers={"Authorization": f"tma {raw}", **headers})


@pytest.mark.parametrize(
    "path", ["/app", "/app/", "/app/events", "/app/events/x7k2", "/app/polls/abc", "/app/me"]
)
async def test_a_browser_gets_the_shell_at_every_address(web: httpx.AsyncClient, path: str) -> None:
    answer = await web.get(path, headers=A_BROWSER)
    assert answer.status_code == 200
    assert 'id="screen"' in answer.text
    assert "Open in Telegram" in answer.text
    assert "set-cookie" not in answer.headers


async def test_the_shell_is_in_the_browsers_language(web: httpx.AsyncClient) -> None:
    answer = await web.get("/app/", headers={**A_BROWSER, "Accept-Language": "xx,en-GB;q=0.5"})
    assert '<html lang="en">' in answer.text


async def test_init_data_becomes_a_session(web: httpx.AsyncClient, alice: Any) -> None:
    answer = await opened(web, init_data(launch_of(alice.telegram_id, "Alice")))
    assert answer.status_code == 204
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers
    app = App(web, answer.headers["x-session"])
    assert "Alice" in (await app.get("/app/me")).text


async def test_the_first_screen_opens_a_session(web: httpx.AsyncClient, alice: Any, instance: Any) -> None:
    """`X1`: a GET may carry initData itself; the session comes with the response."""
    code = await instance()
    raw = init_data(launch_of(alice.telegram_id, "Alice"))
    headers = {"Authorization": f"tma {raw}", "HX-Request": "true", "X-Time-Zone": "Europe/London"}
    first = await web.get(f"/app/events/{code}", headers=headers)
    assert first.status_code == 200
    assert "where you are (London)" in first.text
    bearer = {"Authorization": f"Bearer {first.headers['x-session']}", "HX-Request": "true"}
    assert (await web.get("/app/bookings", headers=bearer)).status_code == 200
    missing = await web.get("/app/events/x7k2x7k2x7", headers=headers)
    assert missing.status_code == 404
    assert missing.headers["x-session"]
    taken = await web.post(f"/app/events/{code}/booking", headers=headers, data={"guests": "0"})
    assert taken.status_code == 401
    for bad in ("", raw[:-1], raw.replace("Alice", "Bob")):
        wrong = await web.get("/app/events", headers={**headers, "Authorization": f"tma {bad}"})
        assert wrong.status_code == 401
        assert "x-session" not in wrong.headers


async def test_a_new_person_is_registered(web: httpx.AsyncClient) -> None:
    answer = await opened(web, init_data(launch_of(777, "Dora <b>", language="fi-FI")))
    app = App(web, answer.headers["x-session"])
    page = await app.get("/app/me")
    assert "Dora &lt;b&gt;" in page.text
    assert "Dora <b>" not in page.text


async def test_the_clients_zone_is_used_until_one_is_chosen(web: httpx.AsyncClient) -> None:
    from backend.people.queries import person_of_telegram

    raw = init_data(launch_of(778, "Dora"))
    for name in ("Not/AZone", "Factory", "localtime"):
        await opened(web, raw, **{"X-Time-Zone": name})
        assert (await person_of_telegram(778)).zone is None  # type: ignore[union-attr]
    await opened(web, raw, **{"X-Time-Zone": "Europe/London"})
    await opened(web, raw, **{"X-Time-Zone": "Asia/Tokyo"})
    assert (await person_of_telegram(778)).zone == "Europe/London"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "tma",
        "tma ",
        "tma x",
        "tma " + "a=b&" * 3000,
        "tma user=%FF&hash=" + "0" * 64,
        "Bearer x",
        "Basic eDp5",
        "tma auth_date=1&hash=\xe9".encode("latin-1"),
    ],
)
async def test_anything_else_is_401_with_a_plain_page(
    web: httpx.AsyncClient, authorization: str | bytes | None
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = await web.post("/app/session", headers=headers)  # type: ignore[arg-type]
    assert answer.status_code == 401
    assert "Please open Emerald again." in answer.text
    assert "x-session" not in answer.headers


@pytest.mark.parametrize(("seconds", "status"), [(86_390, 204), (86_410, 401), (-50, 204), (-70, 401)])
async def test_init_data_is_valid_for_a_day(web: httpx.AsyncClient, seconds: int, status: int) -> None:
    launch = launch_of(777, "Dora")
    launch["auth_date"] = str(int(launch["auth_date"]) - seconds)
    assert (await opened(web, init_data(launch))).status_code == status


async def test_another_bots_init_data_opens_nothing(web: httpx.AsyncClient) -> None:
    raw = init_data(launch_of(777, "Dora"), token="43:ANOTHER_BOT")
    assert (await opened(web, raw)).status_code == 401


SOMETHING = {"str": "x7k2", "int": "7"}  # values of path parameters
OPEN = {("GET", "/app"), ("POST", "/app/session")}  # the shell, and the exchange of initData


@pytest.mark.parametrize("session", ["", "x", "W10.x", "é", "a" * 9000])
async def test_every_url_requires_a_session(site: Any, web: httpx.AsyncClient, session: str) -> None:
    """X1: every URL of the Mini App but two, with every method."""
    headers = {"HX-Request": "true"}
    if session:
        headers["Authorization"] = f"Bearer {session}".encode().decode("latin-1")
    raw = {name: value.encode("latin-1") for name, value in headers.items()}
    closed = {
        (method, re.sub(r"\{\w+:(\w+)\}", lambda part: SOMETHING[part[1]], route.path))
        for route in site.routes
        if route.path.startswith("/app")
        for method in route.methods - {"OPTIONS"}
    } - OPEN
    assert len(closed) > 20
    for method, path in sorted(closed):
        answer = await web.request(method, path, headers=raw, data={"guests": "0"})  # type: ignore[arg-type]
        assert answer.status_code == 401, (method, path)


async def test_a_session_with_another_key_is_refused(web: httpx.AsyncClient, app_of: Any, alice: Any) -> None:
    from itsdangerous import URLSafeSerializer

    holder = (await app_of(alice)).session.partition("=")[2]
    now = int(clock.now().timestamp())
    forged = URLSafeSerializer("guess", salt="emerald mini app session").dumps(
        [alice.id, 42, 1, now, float(now), now]
    )
    assert (await App(web, f"{forged}={holder}").get("/app/me")).status_code == 401


async def test_a_persons_sessions_end_alike_and_nobody_elses_do(
    web: httpx.AsyncClient, app_of: Any, alice: Any, bob: Any, noon: Any
) -> None:
    """X7: nginx counts by the end of a session, which therefore cannot be exchanged."""
    first, others = (await app_of(alice)).session, (await app_of(bob)).session
    clock.advance(timedelta(minutes=6))
    later = (await App(web, first).get("/app/me")).headers["x-session"]
    claims, _, holder = first.partition("=")
    assert later != first and later.partition("=")[2] == holder != others.partition("=")[2]
    for end in (others.partition("=")[2], "0" * 16, "", holder.upper() + "x"):
        assert (await App(web, f"{claims}={end}").get("/app/me")).status_code == 401
    assert (await App(web, first).get("/app/me")).status_code == 200


async def test_a_changed_session_is_refused(web: httpx.AsyncClient, app_of: Any, alice: Any) -> None:
    app = await app_of(alice)
    middle = len(app.session) // 3
    changed = app.session[:middle] + ("A" if app.session[middle] != "A" else "B") + app.session[middle + 1 :]
    assert (await App(web, changed).get("/app/me")).status_code == 401


async def test_a_session_is_renewed_by_use_and_expires_without(
    web: httpx.AsyncClient, app_of: Any, alice: Any, noon: Any
) -> None:
    app = await app_of(alice)
    clock.advance(timedelta(minutes=4))
    assert "x-session" not in (await app.get("/app/me")).headers
    clock.advance(timedelta(minutes=2))
    renewed = App(web, (await app.get("/app/me")).headers["x-session"])
    clock.advance(timedelta(minutes=59))
    assert (await app.get("/app/me")).status_code == 401
    assert (await renewed.get("/app/me")).status_code == 200


async def test_a_session_ends_twelve_hours_after_its_opening(
    web: httpx.AsyncClient, app_of: Any, alice: Any, noon: Any
) -> None:
    app = await app_of(alice)
    for _ in range(14):
        clock.advance(timedelta(minutes=50))
        app = App(web, (await app.get("/app/me")).headers["x-session"])
    clock.advance(timedelta(minutes=30))
    assert (await app.get("/app/me")).status_code == 401


async def test_ending_a_persons_sessions_takes_effect_at_once(app_of: Any, alice: Any, bob: Any) -> None:
    from backend.people.browser_sessions import end_sessions

    hers, his = await app_of(alice), await app_of(bob)
    await end_sessions(alice)
    assert (await hers.get("/app/me")).status_code == 401
    assert (await his.get("/app/me")).status_code == 200


async def sign_out_in_the_app(app: App) -> None:
    answer = await app.ask("DELETE", "/app/me/sessions")
    assert answer.status_code == 200 and "You’re signed out everywhere" in answer.text


async def sign_out_in_the_dashboard(alice: Any) -> None:
    from backend.people.browser_sessions import end_sessions

    await end_sessions(alice)


@pytest.mark.parametrize("where", ["app", "dashboard"])
async def test_who_signs_out_everywhere_must_open_the_app_anew(
    web: httpx.AsyncClient, app_of: Any, alice: Any, bob: Any, noon: Any, where: str
) -> None:
    """X1, X3: what Telegram signed before opens nothing more, neither a session nor a first screen."""
    before, his = init_data(launch_of(alice.telegram_id, "Alice")), await app_of(bob)
    clock.advance(timedelta(minutes=5))
    hers = await app_of(alice)
    if where == "app":
        await sign_out_in_the_app(hers)
    else:
        await sign_out_in_the_dashboard(alice)
    assert (await hers.get("/app/me")).status_code == 401
    assert (await opened(web, before)).status_code == 401
    at_first = {"Authorization": f"tma {before}", "HX-Request": "true"}
    assert (await web.get("/app/bookings", headers=at_first)).status_code == 401
    clock.advance(timedelta(seconds=1))
    assert (await opened(web, init_data(launch_of(alice.telegram_id, "Alice")))).status_code == 204
    assert (await his.get("/app/me")).status_code == 200


async def test_init_data_would_outlive_the_sign_out(
    web: httpx.AsyncClient, app_of: Any, alice: Any, noon: Any, switch_off: Any
) -> None:
    """The control of the test before."""
    before = init_data(launch_of(alice.telegram_id, "Alice"))
    await sign_out_in_the_app(await app_of(alice))
    switch_off("init-data.outlives-sign-out")
    assert (await opened(web, before)).status_code == 204


async def test_a_session_is_valid_for_one_bot(
    app_of: Any, alice: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from backend.settings import settings
    from webapp.miniapp import authentication

    app = await app_of(alice)
    other = replace(settings, telegram_bot_token="43:ANOTHER_BOT")
    monkeypatch.setattr(authentication, "settings", other)
    assert (await app.get("/app/me")).status_code == 401


async def test_opening_the_app_checks_group_membership_again(
    web: httpx.AsyncClient, alice: Any, account: Any
) -> None:
    """`A5`: an answer older than a day is checked again."""
    from backend.groups import presence
    from backend.groups.queries import group

    where = await group(account.group_id)
    assert where is not None
    asked = []

    async def telegram(chat_id: int, telegram_id: int) -> bool | None:
        asked.append((chat_id, telegram_id))
        return True

    await presence.mark_present(alice, where)
    before = presence._membership_checker
    presence.set_membership_checker(telegram)
    try:
        with clock.stopped(clock.now() + timedelta(days=2)):
            await opened(web, init_data(launch_of(alice.telegram_id, "Alice")))
    finally:
        presence._membership_checker = before
    assert asked == [(account.chat_id, alice.telegram_id)]
