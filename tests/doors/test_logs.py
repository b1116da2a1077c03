"""What a web process logs while people use it: no name, no text, no credential (`X1`)."""

import asyncio
from pathlib import Path
from typing import Any

import httpx

from tests.nginx.front import free_port
from tests.ops.scraping import await_health, process
from tests.webapp.conftest import init_data, launch_of

NAME, GUEST, WORDS = "Zebulon", "Quetzalcoatl", "xylophonist"  # nothing of ours has these words


async def walk(port: int, code: str, telegram_id: int) -> set[str]:
    """Open the app, book, search, fail and be refused, as a browser and as a stranger; what must not be logged."""
    raw = init_data(launch_of(telegram_id, NAME))
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}", headers={"HX-Request": "true"}
    ) as client:
        opened = await client.post("/app/session", headers={"Authorization": f"tma {raw}"})
        assert opened.status_code == 204
        session = opened.headers["x-session"]
        bearer = {"Authorization": f"Bearer {session}"}
        for method, path, data in (
            ("GET", "/app/events", None),
            ("GET", f"/app/events?q={WORDS}", None),
            ("GET", f"/app/events/{code}", None),
            ("POST", f"/app/events/{code}/booking", {"guests": "1", "name": GUEST}),
            ("POST", f"/app/events/{code}/booking?x={WORDS}", {"guests": WORDS}),
            ("PATCH", f"/app/events/{code}/booking", {"guests": "1", "name": GUEST}),
            ("GET", "/app/me", None),
            ("DELETE", f"/app/events/{code}/booking", None),
            ("GET", f"/{WORDS}", None),
            ("GET", f"/app/events/{session[:40]}", None),
        ):
            await client.request(method, path, headers=bearer, data=data)
        await client.post("/app/session", headers={"Authorization": f"tma {raw}&x={WORDS}"})
        await client.get("/app/me", headers={"Authorization": f"Bearer {session}x"})
        asked = await client.get("/dashboard/sign-in")
        await client.get("/dashboard", headers={"Cookie": f"__Host-emerald-session={session}"})
    signature = raw.rpartition("hash=")[2]
    cookies = {cookie.value for cookie in asked.cookies.jar if cookie.value}
    return {NAME, GUEST, WORDS, session, session[:40], signature, *cookies}


def found_in(log: Path, secrets: set[str]) -> dict[str, str]:
    """Which of these a log has, and in which line."""
    lines = [line for file in sorted(log.iterdir()) for line in file.read_text().splitlines()]
    assert sum("request" in line for line in lines) > 8, "the requests are logged"
    return {secret: line for secret in secrets for line in lines if secret.lower() in line.lower()}


async def logged(tmp_path: Path, code: str, person: Any) -> tuple[Path, set[str]]:
    port, log = free_port(), tmp_path / "log"
    with process("serve", log, PORT=str(port), LOG_LEVEL="DEBUG"):
        await asyncio.to_thread(await_health, port, log)
        return log, await walk(port, code, person.telegram_id)


async def test_nothing_personal_and_no_secret_is_logged(tmp_path: Path, instance: Any, alice: Any) -> None:
    log, secrets = await logged(tmp_path, await instance(), alice)
    assert found_in(log, secrets) == {}


async def test_it_would_be_found(tmp_path: Path, instance: Any, alice: Any) -> None:
    """The control: a line with a name and a session in it."""
    log, secrets = await logged(tmp_path, await instance(), alice)
    session = max(secrets, key=len)
    (log / "more").write_text(f"booked by {NAME.upper()}, {session}\n")
    assert {NAME, session} <= set(found_in(log, secrets))
