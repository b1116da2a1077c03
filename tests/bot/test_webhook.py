"""`POST /telegram/webhook` (`X2`)."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any, cast

import httpx
import pytest

from backend import db
from backend.settings import settings
from bot.bot_setup import WEBHOOK_PATH
from bot.webhook import SECRET_HEADER, Webhook
from tests.telegram import Telegram

PATH = "/telegram/webhook"


ALICE, BOB = 1002, 1003


def update(update_id: int, text: str = "/id", user: int = ALICE) -> dict[str, Any]:
    return {
        "update_id": update_id,
        "message": {
            "message_id": 1,
            "date": 1,
            "from": {"id": user, "is_bot": False, "first_name": "Alice"},
            "chat": {"id": user, "type": "private"},
            "text": text,
            "entities": [{"type": "bot_command", "offset": 0, "length": len(text)}],
        },
    }


@pytest.fixture
async def app(telegram: Telegram, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Webhook]:
    """The webhook alone."""
    from backend.settings import settings
    from bot import webhook

    await asyncio.to_thread(telegram.person("Alice").start)
    await telegram.pump()
    sandbox_settings = dataclasses.replace(settings, telegram_api_url=telegram.url)
    monkeypatch.setattr(webhook, "settings", sandbox_settings)
    app = Webhook()
    async with app.running():
        yield app


@pytest.fixture
async def client(app: Webhook) -> AsyncIterator[httpx.AsyncClient]:
    """A client of it, with the secret header set."""
    async with client_of(app) as client:
        yield client


def client_of(app: Webhook) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(cast(Any, app))
    headers = {SECRET_HEADER: settings.webhook_secret}
    return httpx.AsyncClient(transport=transport, base_url="https://emerald.example", headers=headers)


async def until(app: Webhook, happened: Callable[[], bool]) -> None:
    """Wait for updates that are still being handled, until this has happened."""
    while not happened():
        await asyncio.wait(app.updates, return_when=asyncio.FIRST_COMPLETED)


async def test_an_update_is_handled(telegram: Telegram, client: httpx.AsyncClient) -> None:
    assert (await client.post(PATH, json=update(5001))).status_code == 200
    assert telegram.last(telegram.person("Alice").private)["text"] == "You: 1002"


async def test_an_update_delivered_several_times_is_handled_once(
    telegram: Telegram, client: httpx.AsyncClient
) -> None:
    before = len(telegram.calls("sendMessage"))
    answers = await asyncio.gather(*(client.post(PATH, json=update(5002)) for _ in range(5)))
    assert [a.status_code for a in answers] == [200] * 5
    assert len(telegram.calls("sendMessage")) == before + 1


async def test_the_secret_before_is_accepted_while_it_is_replaced(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`X2`: Telegram calls with the old one until a worker has told it the new one; without it only the new one counts."""
    monkeypatch.setattr(
        "bot.webhook.settings", replace(settings, webhook_secret_before="the-secret-before-47")
    )
    for secret, status in (("the-secret-before-47", 200), (settings.webhook_secret, 200), ("", 401)):
        client.headers[SECRET_HEADER] = secret
        answer = await client.post(WEBHOOK_PATH, json={"update_id": 9_100_000 + status, "poll": None})
        assert answer.status_code == status


@pytest.mark.parametrize("secret", ["", "wrong", "ä", None])
async def test_a_request_without_the_secret_is_rejected(
    client: httpx.AsyncClient, secret: str | None
) -> None:
    from bot.webhook import SECRET_HEADER

    del client.headers[SECRET_HEADER]
    headers = {} if secret is None else {SECRET_HEADER.encode(): secret.encode()}
    answer = await client.post(PATH, json=update(5003), headers=headers)
    assert answer.status_code == 401
    assert not await db.value("SELECT true FROM telegram_updates WHERE update_id = 5003")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"{}", b'{"update_id": "x"}', b"\xff\xfe"])
async def test_a_body_that_is_no_update_is_rejected(client: httpx.AsyncClient, body: bytes) -> None:
    assert (await client.post(PATH, content=body)).status_code == 400


@pytest.mark.parametrize("opened", [b"[", b'{"a":', b'{"update_id":1,"message":['])
async def test_lists_in_lists_without_end_are_rejected(client: httpx.AsyncClient, opened: bytes) -> None:
    """X5: no fault of ours, however deep."""
    for depth in (1_000, 100_000 // len(opened)):
        assert (await client.post(PATH, content=opened * depth)).status_code == 400
    closed = b'{"update_id":1,"message":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    assert (await client.post(PATH, content=closed)).status_code == 400


async def test_a_reply_to_a_reply_without_end_is_accepted(client: httpx.AsyncClient) -> None:
    """It is JSON, and no update that we understand."""
    plain = b'{"message_id":1,"date":1,"chat":{"id":1,"type":"private"}'
    deep = b'{"update_id":5010,"message":' + (plain + b',"reply_to_message":') * 900 + plain + b"}" * 902
    assert (await client.post(PATH, content=deep)).status_code in (200, 400)


async def test_a_body_that_is_too_large_is_rejected(client: httpx.AsyncClient) -> None:
    answer = await client.post(PATH, content=b" " * 1_000_001)
    assert answer.status_code == 413


async def test_an_update_of_a_newer_bot_api_is_accepted(
    client: httpx.AsyncClient,
) -> None:
    """Telegram repeats an update until the answer is 200, and holds later ones back."""
    assert (await client.post(PATH, json={"update_id": 5004, "brand_new": {}})).status_code == 200
    odd = {"update_id": 5005, "message": {"message_id": "not a number"}}
    assert (await client.post(PATH, json=odd)).status_code == 200


async def test_an_error_in_a_handler_is_accepted(telegram: Telegram, client: httpx.AsyncClient) -> None:
    telegram.sandbox.fault(method="sendMessage", error_code=500, times=3)
    assert (await client.post(PATH, json=update(5006))).status_code == 200


async def test_an_update_is_requested_again_while_the_database_is_away(
    telegram: Telegram, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An update nobody waits for comes again and is handled then; a command is answered at once."""
    from backend.errors import Unavailable

    execute = db.execute_single_rows

    async def away(*_: Any) -> Any:
        raise Unavailable("connection refused")

    user = {"id": 1002, "is_bot": False, "first_name": "Alice"}
    bot = {"id": telegram.bot.id, "is_bot": True, "first_name": "Emerald"}
    blocked = {
        "update_id": 5007,
        "my_chat_member": {
            "chat": {"id": 1002, "type": "private"},
            "from": user,
            "date": 1,
            "old_chat_member": {"user": bot, "status": "member"},
            "new_chat_member": {"user": bot, "status": "kicked", "until_date": 0},
        },
    }
    monkeypatch.setattr(db, "execute_single_rows", away)
    answer = await client.post(PATH, json=blocked)
    assert answer.status_code == 503 and int(answer.headers["Retry-After"]) > 0
    assert (await client.post(PATH, json=update(5008))).status_code == 200
    assert "Nothing is lost" in telegram.last(telegram.person("Alice").private)["text"]
    monkeypatch.setattr(db, "execute_single_rows", execute)
    assert (await client.post(PATH, json=blocked)).status_code == 200
    assert await db.value("SELECT blocked_at IS NOT NULL FROM telegram_users")


@pytest.fixture
async def held(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[asyncio.Event]:
    """Alice's updates wait for this event, as they would for a Telegram that answers 429. At last they are handled."""
    from backend.people.telegram_updates import sender_of
    from bot import middleware, webhook

    gate = asyncio.Event()

    async def find_sender(claim: Any, identity: Any) -> Any:
        if identity.telegram_id == ALICE:
            await gate.wait()
        return await sender_of(claim, identity)

    monkeypatch.setattr(middleware, "sender_of", find_sender)
    monkeypatch.setattr(webhook, "ANSWER_WITHIN", 0.01)
    yield gate
    gate.set()


async def test_one_person_holds_up_nobody_else(
    telegram: Telegram, app: Webhook, client: httpx.AsyncClient, held: asyncio.Event
) -> None:
    """Telegram's connections are free again while Alice's updates wait, and Bob is answered."""
    await asyncio.to_thread(telegram.person("Bob").start)
    await telegram.pump()
    async with asyncio.timeout(30):
        for n in range(46):
            assert (await client.post(PATH, json=update(6000 + n, "/help"))).status_code == 200
        assert (await client.post(PATH, json=update(6100, user=BOB))).status_code == 200
        await until(app, lambda: telegram.last(telegram.person("Bob").private)["text"] == "You: 1003")
    assert not held.is_set()


async def test_what_one_person_sends_too_fast_is_dropped_with_one_answer(
    telegram: Telegram, app: Webhook, client: httpx.AsyncClient, held: asyncio.Event
) -> None:
    from bot.sender_limits import QUEUE_MAX

    before = len(telegram.calls("sendMessage"))
    for n in range(20):
        assert (await client.post(PATH, json=update(6000 + n))).status_code == 200
    await until(app, lambda: len(telegram.calls("sendMessage")) > before)
    sent = [call["result"]["text"] for call in telegram.calls("sendMessage")[before:]]
    assert sent == ["That was too many at once. Please wait until I’ve answered the earlier ones."]
    held.set()
    await until(app, lambda: len(telegram.calls("sendMessage")) == before + 1 + QUEUE_MAX)
    answers = [call["result"]["text"] for call in telegram.calls("sendMessage")[before + 1 :]]
    assert answers == ["You: 1002"] * QUEUE_MAX
    assert (await client.post(PATH, json=update(6200))).status_code == 200
    await until(app, lambda: len(telegram.calls("sendMessage")) == before + 2 + QUEUE_MAX)


async def test_who_left_is_recorded_however_much_they_send(
    telegram: Telegram, app: Webhook, client: httpx.AsyncClient, held: asyncio.Event
) -> None:
    bot = {"id": telegram.bot.id, "is_bot": True, "first_name": "Emerald"}
    blocked = {
        "update_id": 6300,
        "my_chat_member": {
            "chat": {"id": ALICE, "type": "private"},
            "from": {"id": ALICE, "is_bot": False, "first_name": "Alice"},
            "date": 1,
            "old_chat_member": {"user": bot, "status": "member"},
            "new_chat_member": {"user": bot, "status": "kicked", "until_date": 0},
        },
    }
    for n in range(10):
        await client.post(PATH, json=update(6000 + n))
    async with asyncio.TaskGroup() as tasks:
        answer = tasks.create_task(client.post(PATH, json=blocked))
        await asyncio.sleep(0)
        held.set()
    assert (await answer).status_code == 200
    assert await db.value("SELECT blocked_at IS NOT NULL FROM telegram_users WHERE telegram_id = $1", ALICE)


async def test_too_many_updates_at_once_come_again(
    client: httpx.AsyncClient, held: asyncio.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What one process handles at the same time has a bound; Telegram brings the others later."""
    monkeypatch.setattr("bot.webhook.UPDATES_MAX", 2)
    answers = [await client.post(PATH, json=update(6000 + n)) for n in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 503]
    held.set()


async def test_updates_are_handled_to_their_end_when_the_process_ends(
    telegram: Telegram, app: Webhook, held: asyncio.Event
) -> None:
    ending = Webhook()
    async with client_of(ending) as client, ending.running():
        assert (await client.post(PATH, json=update(6500))).status_code == 200
        asyncio.get_running_loop().call_soon(held.set)
    assert telegram.last(telegram.person("Alice").private)["text"] == "You: 1002"


async def test_no_update_goes_on_after_the_process_has_ended(
    app: Webhook, held: asyncio.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even one that would never end: what it needs is being closed."""
    monkeypatch.setattr("bot.webhook.STOP_TIMEOUT", 0.01)
    ending = Webhook()
    async with client_of(ending) as client, ending.running():
        for n in range(3):
            assert (await client.post(PATH, json=update(6600 + n))).status_code == 200
        handled = set(ending.updates)
    assert len(handled) == 3 and all(task.cancelled() for task in handled)
    assert not held.is_set()


def tap(update_id: int, data: str = "old:button") -> dict[str, Any]:
    message = {"message_id": 1, "date": 1, "chat": {"id": ALICE, "type": "private"}, "text": "x"}
    query = {"id": f"q{update_id}", "chat_instance": "1", "data": data, "message": message}
    user = {"id": ALICE, "is_bot": False, "first_name": "Alice"}
    return {"update_id": update_id, "callback_query": {**query, "from": user}}


TAP_ANSWER = "answerCallbackQuery"


async def test_the_response_carries_the_answer_to_a_tap(
    telegram: Telegram, client: httpx.AsyncClient
) -> None:
    """Decision 0057: Telegram makes the call that is in it."""
    before = len(telegram.calls(TAP_ANSWER))
    answer = await client.post(PATH, json=tap(7001))
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "method": TAP_ANSWER,
        "callback_query_id": "q7001",
        "text": "This button is too old. Open the app instead.",
        "show_alert": True,
    }
    assert len(telegram.calls(TAP_ANSWER)) == before
    again = await client.post(PATH, json=tap(7001))
    assert (again.status_code, again.content) == (200, b""), "it was handled before"


async def test_the_response_does_not_wait_for_what_follows_the_answer(
    app: Webhook, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot.delivery import client as calls

    gate = asyncio.Event()
    answer_query = calls.answer_callback_query

    async def answer_and_wait(*args: Any, **options: Any) -> None:
        await answer_query(*args, **options)
        await gate.wait()

    monkeypatch.setattr("bot.callback_answers.answer_callback_query", answer_and_wait)
    async with asyncio.timeout(30):
        assert (await client.post(PATH, json=tap(7010))).json()["method"] == TAP_ANSWER
    assert len(app.updates) == 1, "it is still handled"
    gate.set()
    await until(app, lambda: not app.updates)


async def test_an_answer_that_comes_later_is_a_call(
    telegram: Telegram, app: Webhook, client: httpx.AsyncClient, held: asyncio.Event
) -> None:
    before = len(telegram.calls(TAP_ANSWER))
    answer = await client.post(PATH, json=tap(7020))
    assert (answer.status_code, answer.content) == (200, b"")
    held.set()
    await until(app, lambda: not app.updates)
    (call,) = telegram.calls(TAP_ANSWER)[before:]
    assert call["params"]["callback_query_id"] == "q7020"


async def test_a_refused_tap_is_answered_in_the_response_too(
    telegram: Telegram, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any) -> None:
        raise RuntimeError("a fault")

    monkeypatch.setattr("bot.middleware.verify_tap", fail)
    answer = (await client.post(PATH, json=tap(7030))).json()
    assert answer["text"].startswith("Something went wrong on our side.") and answer["show_alert"]


async def test_who_sends_a_body_and_goes_is_no_fault(app: Webhook) -> None:
    """Telegram, or something before us, closed the connection in the middle."""
    sent: list[Any] = []
    messages = iter(
        [
            {"type": "http.request", "body": b'{"update', "more_body": True},
            {"type": "http.disconnect"},
        ]
    )

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(SECRET_HEADER.lower().encode(), settings.webhook_secret.encode())]
    await app({"type": "http", "headers": headers}, receive, send)
    assert sent[0]["status"] == 400
