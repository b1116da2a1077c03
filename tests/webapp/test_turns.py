"""One person's requests wait for each other, and nobody else's wait for them (`X8`)."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from webapp import turns
from webapp.turns import AT_ONCE, CROWD, WAITING_MAX, limit_turns

Scope = dict[str, Any]


@dataclass
class Work:
    """An application whose requests are worked on until `end` is called for them, by the names in their queries."""

    begun: list[str] = field(default_factory=list)
    ends: dict[str, asyncio.Event] = field(default_factory=dict)

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        name = scope["query_string"].decode()
        self.begun.append(name)
        await self.ends.setdefault(name, asyncio.Event()).wait()
        if name == "fails":
            raise RuntimeError(name)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def has_begun(self, *names: str) -> bool:
        """Whether these and no others have begun, once everything that can run has run."""
        for _ in range(50):
            await asyncio.sleep(0)
        return sorted(self.begun) == sorted(names)

    def end(self, name: str) -> None:
        self.ends.setdefault(name, asyncio.Event()).set()


@dataclass
class Requests:
    """Requests to `Work` behind its limit. `send` begins one, named by its query."""

    work: Work
    client: httpx.AsyncClient
    running: list[asyncio.Task[int]] = field(default_factory=list)

    def send(self, name: str, path: str = "/app/events", **headers: str) -> "asyncio.Task[int]":
        async def status() -> int:
            return (await self.client.get(f"{path}?{name}", headers=headers)).status_code

        self.running.append(asyncio.ensure_future(status()))
        return self.running[-1]


@pytest.fixture
async def requests(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(turns, "PAUSE", 0)
    work = Work()
    transport = httpx.ASGITransport(limit_turns(work), raise_app_exceptions=False)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="https://emerald.example") as client:
        made = Requests(work, client)
        yield made
        for one in made.running:
            one.cancel()
        await asyncio.gather(*made.running, return_exceptions=True)


def app(text: str) -> dict[str, str]:
    return {"authorization": f"Bearer {text}"}


def tma(init_data: str) -> dict[str, str]:
    return {"authorization": f"tma {init_data}"}


def dashboard(sealed: str) -> dict[str, str]:
    return {"cookie": f"other=1; __Host-emerald-session={sealed}"}


async def test_others_do_not_wait_for_who_asks_for_much(requests: Requests) -> None:
    for n in range(5):
        requests.send(f"a{n}", **app("sealed=aaaa"))
    assert await requests.work.has_begun("a0", "a1", "a2")
    requests.send("b", **app("sealed=bbbb"))
    requests.send("nobody")
    assert await requests.work.has_begun("a0", "a1", "a2", "b", "nobody")


async def test_without_the_limit_all_of_them_are_worked_on(
    requests: Requests, switch_off: Callable[[str], None]
) -> None:
    """The control."""
    switch_off("turns.unlimited")
    for n in range(5):
        requests.send(f"a{n}", **app("sealed=aaaa"))
    assert await requests.work.has_begun(*(f"a{n}" for n in range(5)))


@pytest.mark.parametrize(("failpoint", "at_once"), [("", 1), ("turns.crowds-too", AT_ONCE)])
async def test_of_a_crowd_of_one_person_one_at_a_time_is_worked_on(
    requests: Requests, switch_off: Callable[[str], None], failpoint: str, at_once: int
) -> None:
    """Those that were begun before the others came have ended; then the control. A pause before each lets others in."""
    if failpoint:
        switch_off(failpoint)
    names = [f"a{n}" for n in range(AT_ONCE + CROWD + 3 + AT_ONCE)]
    for name in names:
        requests.send(name, **app("x=a"))
    assert await requests.work.has_begun(*names[:AT_ONCE])
    for name in names[:AT_ONCE]:
        requests.work.end(name)
    assert await requests.work.has_begun(*names[: AT_ONCE + at_once])
    for name in names:
        requests.work.end(name)
    assert await asyncio.gather(*requests.running) == [200] * len(names)


async def test_others_are_worked_on_while_a_crowd_pauses(
    requests: Requests, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "PAUSE", 3600)
    names = [f"a{n}" for n in range(AT_ONCE + CROWD + 1 + AT_ONCE)]
    for name in names:
        requests.send(name, **app("x=a"))
    assert await requests.work.has_begun(*names[:AT_ONCE])
    for name in names:
        requests.work.end(name)
    requests.send("b", **app("x=b"))
    assert await requests.work.has_begun(*names[:AT_ONCE], "b")


@pytest.mark.parametrize("ends", ["done", "fails", "is cancelled"])
async def test_the_next_begins_when_one_has_ended(requests: Requests, ends: str) -> None:
    first = requests.send("fails" if ends == "fails" else "first", **app("x=a"))
    for n in range(AT_ONCE):
        requests.send(f"a{n}", **app("x=a"))
    names = ["fails" if ends == "fails" else "first", "a0", "a1"]
    assert await requests.work.has_begun(*names)
    if ends == "is cancelled":
        first.cancel()
    else:
        requests.work.end(names[0])
    assert await requests.work.has_begun(*names, "a2")


async def test_one_that_gave_up_waiting_takes_no_turn(requests: Requests) -> None:
    waiting = [requests.send(f"a{n}", **app("x=a")) for n in range(AT_ONCE + 2)]
    assert await requests.work.has_begun("a0", "a1", "a2")
    waiting[AT_ONCE].cancel()
    requests.work.end("a0")
    assert await requests.work.has_begun("a0", "a1", "a2", f"a{AT_ONCE + 1}")


@pytest.mark.parametrize(
    ("path", "spellings"),
    [
        ("/app/events", [app("one=abcd"), app("two=abcd"), app(" two=abcd"), app("three=abcd ")]),
        ("/app/events", [app("old"), app("  old"), {"authorization": "bearer old"}, app("old ")]),
        ("/app/session", [tma("hash=6a&user=7"), tma("user=7&hash=6a"), tma("user=%37&hash=6a"), tma("hash=%36a&user=7")]),
        ("/app/events", [tma("user=7&hash=6a"), {"authorization": "TMA  hash=6a"}, tma("hash=6%61 "), tma("hash=6%61&user=%37")]),
        ("/dashboard", [dashboard(".abc.1.x"), dashboard(".abc.2.y"), dashboard('".abc.2.y"'), dashboard(".abc.3.z")]),
    ],
)  # fmt: skip
async def test_however_a_session_is_sealed_and_written_it_is_one(
    requests: Requests, path: str, spellings: list[dict[str, str]]
) -> None:
    for n, headers in enumerate(spellings):
        requests.send(f"a{n}", path, **headers)
    assert await requests.work.has_begun("a0", "a1", "a2")


async def test_a_crowd_of_one_is_told_to_come_again(requests: Requests) -> None:
    for n in range(AT_ONCE + WAITING_MAX):
        requests.send(f"a{n}", **app("x=a"))
    await asyncio.sleep(0)
    answer = await requests.client.get("/app/events?more", headers={**app("x=a"), "hx-request": "true"})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    assert "more" not in requests.work.begun
    requests.work.end("b")
    assert await requests.send("b", **app("x=b")) == 200


async def test_the_application_has_the_limit(
    app_of: Any, alice: Any, bob: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asks for four lists gets the first three begun; somebody else's comes meanwhile."""
    from webapp.miniapp import list_screens, short_routes

    begun, go_on = 0, asyncio.Event()
    listed = list_screens.upcoming_screen

    async def wait_for_alice(person: Any, *args: Any, **options: Any) -> Any:
        nonlocal begun
        if person.id == alice.id:
            begun += 1
            await go_on.wait()
        return await listed(person, *args, **options)

    monkeypatch.setattr(short_routes, "upcoming_screen", wait_for_alice)
    hers, his = await app_of(alice), await app_of(bob)
    asked = [asyncio.ensure_future(hers.get("/app/events")) for _ in range(AT_ONCE + 1)]
    assert (await his.get("/app/events")).status_code == 200
    async with asyncio.timeout(30):
        while begun < AT_ONCE:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert (await his.get("/app/events")).status_code == 200
    assert begun == AT_ONCE
    go_on.set()
    assert [answer.status_code for answer in await asyncio.gather(*asked)] == [200] * (AT_ONCE + 1)
