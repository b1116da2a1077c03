"""What web, worker and bot log while people use them and Telegram fails: no name, no text, no credential (`X1`)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx

from backend import db
from backend.announcements.actions import create_announcement, schedule_announcement, send_at_night
from backend.announcements.drafts import AnnouncementDraft
from backend.cards.actions import post_card
from tests import unlogged
from tests.nginx.front import free_port
from tests.ops.scraping import await_health, process
from tests.telegram import Telegram
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
    cookies = {cookie.value for cookie in asked.cookies.jar if cookie.value}
    return {NAME, GUEST, WORDS, session, session[:40], *cookies, *unlogged.of_fields(parse_qsl(raw))}


def requests_in(log: Path) -> list[str]:
    lines = unlogged.lines_of(log)
    assert sum("request" in line for line in lines) > 8, "the requests are logged"
    return lines


async def logged(tmp_path: Path, code: str, person: Any) -> tuple[Path, set[str]]:
    port, log = free_port(), tmp_path / "log"
    with process("serve", log, PORT=str(port), LOG_LEVEL="DEBUG"):
        await asyncio.to_thread(await_health, port, log)
        return log, await walk(port, code, person.telegram_id)


async def test_nothing_personal_and_no_secret_is_logged(tmp_path: Path, instance: Any, alice: Any) -> None:
    log, private = await logged(tmp_path, await instance(), alice)
    lines = requests_in(log)
    assert unlogged.found_in(lines, private) == {}
    assert set(unlogged.found_in([*lines, *private], private)) == private, "the control: each would be found"


PASS = "c0ffee00c0ffee00.1796709183.f00df00df00df00df00df00d"  # of a link that signs somebody in
# As Telegram does, its refusals quote what it was sent.
QUOTES = f"Bad Request: inline keyboard button URL 'https://emerald.example/dashboard/sign-in?pass={PASS}' is invalid"


@asynccontextmanager
async def broken_for(username: str) -> AsyncIterator[None]:
    """A fault of ours: a row of this person is refused, and PostgreSQL's error has the whole of it."""
    await db.execute(
        f"ALTER TABLE telegram_users ADD CONSTRAINT refused CHECK (username <> '{username}') NOT VALID"
    )
    try:
        yield
    finally:
        await db.execute("ALTER TABLE telegram_users DROP CONSTRAINT refused")


async def walk_chats(telegram: Telegram, code: str, key: str) -> None:
    """Book, ask, mistype and sign in by chat, while Telegram refuses and our database does."""

    async def tell(name: str, text: str, answer: str) -> None:
        person = telegram.person(name)
        sent = await asyncio.to_thread(person.say, text)
        await asyncio.to_thread(person.private.wait, after=sent["id"], sender="bot", text=answer, timeout=30)

    olga, alice, bob = map(telegram.person, ("Olga", "Alice", "Bob"))
    await asyncio.to_thread(alice.start)
    await asyncio.to_thread(alice.private.wait, sender="bot", timeout=60)
    await tell("Alice", f"/book {code} +{GUEST}", "with 1 guest")
    await tell("Alice", f"/{WORDS} {WORDS}", "/help")
    await tell("Alice", f"/start sk_{'0123456789ab' * 4}", "key")
    await tell("Olga", f"/start {key}", "key")
    await tell("Olga", "/help", "ashboard")
    await asyncio.to_thread(alice.ask_inline, WORDS, telegram.chat(), timeout=30)
    for method in ("sendMessage", "answerCallbackQuery"):
        telegram.sandbox.fault(method=method, error_code=400, description=QUOTES, times=2)
    await asyncio.to_thread(alice.say, "/help")
    await asyncio.to_thread(olga.say, "/help")
    await asyncio.to_thread(telegram.sandbox.calls, "sendMessage", chat_id=olga.id, count=3, timeout=30)
    async with broken_for("bob_sandbox"):
        await asyncio.to_thread(bob.start)
        await asyncio.to_thread(bob.private.wait, sender="bot", timeout=30)


async def test_neither_by_worker_and_bot(
    tmp_path: Path, telegram: Telegram, olga: Any, alice: Any, account: Any, instance: Any
) -> None:
    code = await instance(guests_max=2, title=f"The {WORDS}’ evening")
    environ = {"TELEGRAM_API_URL": telegram.url, "TELEGRAM_WEBHOOK": "false", "LOG_LEVEL": "DEBUG"}
    logs = {name: tmp_path / name for name in ("work", "bot")}
    with process("work", logs["work"], **environ), process("bot", logs["bot"], **environ):
        await post_card(olga, code)
        card = await asyncio.to_thread(telegram.chat().wait, text=WORDS, button="Join", timeout=60)
        await walk_chats(telegram, code, account.key)
        await asyncio.to_thread(telegram.person("Alice").tap, card, "+1")
        telegram.sandbox.fault(method="sendMessage", error_code=400, description=QUOTES, times=1)
        draft = AnnouncementDraft(text=f"Bring your {WORDS}", all_groups=True, to_members=True)
        written = await create_announcement(olga, account.id, draft)
        await schedule_announcement(olga, written)
        await send_at_night(olga, written)
        await asyncio.to_thread(telegram.person("Alice").private.wait, text="Bring your", timeout=30)
    private = {GUEST, WORDS, PASS, *unlogged.of_sandbox(telegram.sandbox)}
    assert {"Olga", "Bob", "Moore", account.key} <= private
    lines = {name: unlogged.lines_of(log) for name, log in logs.items()}
    for name, wanted in {"work": ["message tried", "refused"], "bot": ["update", "update failed"]}.items():
        for words in wanted:
            assert any(words in line for line in lines[name]), (name, words)
        assert unlogged.found_in(lines[name], private) == {}, name
        assert set(unlogged.found_in([*lines[name], *private], private)) == private, "the control"
