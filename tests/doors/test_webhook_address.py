"""`POST /telegram/webhook` in the whole application, before whose routing it is answered: to Telegram and to nobody else, at one
address, and within bounds (`X2`, `X8`, `X11`)."""

import asyncio
import gzip
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

import pytest

from backend.settings import settings
from bot.bot_setup import WEBHOOK_PATH
from bot.delivery.client import make_bot
from bot.dispatcher import make_dispatcher
from bot.webhook import MAX_BODY_BYTES, Webhook

SECRET = "s" * 40
TAP = {
    "id": "1",
    "from": {"id": 1002, "is_bot": False, "first_name": "Alice"},
    "chat_instance": "1",
    "data": "x",
}
PIECE = 16_384


@dataclass(frozen=True)
class Answer:
    status: int
    taken: int  # bytes of the body
    headers: dict[bytes, bytes]


@pytest.fixture(scope="module")
def site() -> Iterator[Any]:
    """The application with the webhook."""
    from bot import webhook
    from emerald import web

    with pytest.MonkeyPatch.context() as patch:
        known = replace(settings, telegram_webhook=True, webhook_secret=SECRET)
        patch.setattr(webhook, "settings", known)
        made = Webhook()
        made.bot, made.dispatcher = make_bot(known), make_dispatcher()
        patch.setattr(web, "_make_webhook", lambda: made)
        yield web.create_app(with_pool=False)


@pytest.fixture
def handled(world: None, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The ids of the updates that were handled."""
    ids: list[int] = []

    async def handle(self: Webhook, update: Any, call: Any) -> bool:
        ids.append(update.update_id)
        return True

    monkeypatch.setattr(Webhook, "_handle", handle)
    return ids


async def send(
    site: Any,
    pieces: Iterable[bytes],
    path: str = WEBHOOK_PATH,
    method: str = "POST",
    headers: Iterable[tuple[bytes, bytes]] = ((b"x-telegram-bot-api-secret-token", SECRET.encode()),),
    query: bytes = b"",
) -> Answer:
    taken, rest = 0, iter(pieces)
    start: dict[str, Any] = {}

    async def receive() -> dict[str, Any]:
        nonlocal taken
        piece = next(rest, None)
        taken += len(piece or b"")
        return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}

    async def answer(message: Any) -> None:
        start.update(message if message["type"] == "http.response.start" else {})

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "https",
        "server": ("emerald.example", 443), "client": ("203.0.113.7", 1), "root_path": "", "path": unquote(path),
        "raw_path": path.encode(), "query_string": query, "headers": [(b"host", b"emerald.example"), *headers], "state": {},
    }  # fmt: skip
    await site(scope, receive, answer)
    return Answer(start["status"], taken, dict(start["headers"]))


def tapped(number: Any = 1) -> bytes:
    return json.dumps({"update_id": number, "callback_query": TAP}).encode()


async def test_telegram_is_answered(site: Any, handled: list[int]) -> None:
    assert (await send(site, [tapped(7)])).status == 200
    assert (await send(site, [tapped(8)], query=b"a=b")).status == 200
    assert handled == [7, 8]


@pytest.mark.parametrize(
    "method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "post", "POST "]
)
async def test_no_other_method_is(site: Any, handled: list[int], method: str) -> None:
    answer = await send(site, [tapped()], method=method)
    assert answer.status in (404, 405) and answer.taken == 0 and not handled


@pytest.mark.parametrize(
    "spelling",
    [
        *("{0}/", "{0}//", "/{0}", "{0}%2f", "/%2f{0}", "/.{0}", "/x/..{0}", "{0};x", "{0}%00"),
        *("/telegram/webhoo%6b", "/Telegram/Webhook", "/telegram/webhook/x"),
    ],
)  # fmt: skip
async def test_no_other_spelling_is(site: Any, handled: list[int], spelling: str) -> None:
    answer = await send(site, [tapped()], spelling.format(WEBHOOK_PATH))
    assert answer.status in (400, 404) and answer.taken == 0 and not handled


@pytest.mark.parametrize(
    "given",
    [(), (b"",), (b"wrong",), (SECRET.encode() + b" ",), (SECRET.encode()[:-1],), (b"\xff",), (SECRET.encode(), b"wrong")],
)  # fmt: skip
async def test_of_who_does_not_know_the_secret_no_byte_is_read(
    site: Any, handled: list[int], given: tuple[bytes, ...]
) -> None:
    headers = [(b"x-telegram-bot-api-secret-token", secret) for secret in given]
    answer = await send(site, [tapped()], headers=headers)
    assert (answer.status, answer.taken, handled) == (401, 0, [])


async def test_without_the_guards_anybody_would_be_answered_at_any_length(
    site: Any, handled: list[int], switch_off: Callable[[str], None]
) -> None:
    """The control of the tests beside it."""
    large = [tapped(11), b" " * (MAX_BODY_BYTES + 1)]
    assert (await send(site, large, headers=[])).status == 401
    switch_off("webhook.of-anybody")
    assert (await send(site, large, headers=[])).status == 413
    switch_off("webhook.unbounded")  # and the other one is on again
    assert (await send(site, large)).status == 200 and handled == [11]


@pytest.mark.parametrize("size", [1, PIECE])
async def test_a_body_without_end_is_read_to_its_bound(site: Any, handled: list[int], size: int) -> None:
    """In time that grows with its length, however small its pieces are."""
    pieces = (b" " * size for _ in range(10 * MAX_BODY_BYTES))
    async with asyncio.timeout(30):
        answer = await send(site, pieces)
    assert answer.status == 413 and answer.taken <= MAX_BODY_BYTES + size and not handled


@pytest.mark.parametrize("size", [1, 7])
async def test_a_body_in_pieces_is_whole(site: Any, handled: list[int], size: int) -> None:
    body = tapped(9)
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    assert (await send(site, pieces)).status == 200 and handled == [9]


async def test_a_packed_body_is_not_unpacked(site: Any, handled: list[int]) -> None:
    """A bomb of some kilobytes stays as small as it came."""
    packed = gzip.compress(b" " * 50_000_000)
    encoded = [(b"x-telegram-bot-api-secret-token", SECRET.encode()), (b"content-encoding", b"gzip")]
    assert (await send(site, [packed], headers=encoded)).status == 400 and not handled


@pytest.mark.parametrize(
    "opened", [b"[", b'{"a":', b'{"update_id":1,"message":[', b'{"update_id":1,"callback_query":{"message":']
)
@pytest.mark.parametrize("closes", [True, False])
async def test_no_depth_is_a_fault(site: Any, handled: list[int], opened: bytes, closes: bool) -> None:
    """From what is read to what is not, in steps: nothing is raised, and the answer is a plain one."""
    shut = {b"[": b"]", b"{": b"}"}
    for depth in (1, 10, 100, 200, 300, 500, 900, 990, 1_000, 5_000, 100_000):
        ends = b"".join(
            shut[letter] for letter in (bytes([one]) for one in reversed(opened)) if letter in shut
        )
        body = opened * depth + (b"1" + ends * depth if closes else b"")
        assert (await send(site, [body])).status in (200, 400, 413), depth


@pytest.mark.parametrize("number", [True, -1, 2**31, 2**63, 10**400, 1.5, float("nan"), "1", None, [1], {}])
async def test_no_number_is_a_fault(site: Any, world: None, number: Any) -> None:
    """Handled as far as the database: what it cannot hold is no update of Telegram's."""
    assert (await send(site, [tapped(number)])).status in (200, 400)


@pytest.mark.parametrize(
    "part",
    [
        b'"callback_query":"x"', b'"callback_query":{"from":[]}', b'"callback_query":{"from":{"id":true}}', b'"message":7',
        b'"message":{"from":{"id":1e999},"chat":{"type":"private"}}', b'"inline_query":[[]]', b'"message":{"chat":[],"text":{}}',
        b'"\\ud800":1', b'"message":null', b'"x":' + b"9" * 5000,
    ],
)  # fmt: skip
async def test_no_shape_is_a_fault(site: Any, world: None, part: bytes) -> None:
    assert (await send(site, [b'{"update_id":5,' + part + b"}"])).status in (200, 400)
