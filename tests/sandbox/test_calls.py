"""How calls reach the Bot API, and the errors of invalid ones."""

import httpx
import pytest
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramNotFound, TelegramUnauthorizedError

from sandbox.client import Sandbox, SandboxChat
from tests.sandbox.conftest import TOKEN


@pytest.fixture
def api(sandbox: Sandbox) -> str:
    return f"{sandbox.url}/bot{TOKEN}"


async def test_get_me_names_the_bot(bot: Bot) -> None:
    me = await bot.get_me()
    assert (me.id, me.is_bot, me.username) == (42, True, "emerald_bot")


@pytest.mark.parametrize("method", ["sendMessage", "SENDMESSAGE", "sendmessage"])
def test_accepts_parameters_in_query_form_multipart_and_json(
    api: str, yoga: SandboxChat, method: str
) -> None:
    params = {"chat_id": str(yoga.id), "text": "Hello"}
    url = f"{api}/{method}"
    answers = [
        httpx.get(url, params=params),
        httpx.post(url, data=params),
        httpx.post(url, json={"chat_id": yoga.id, "text": "Hello"}),
        httpx.post(url, files={name: (None, value) for name, value in params.items()}),
        httpx.post(url, params={"chat_id": str(yoga.id)}, data={"text": "Hello"}),
    ]
    assert [a.json()["result"]["text"] for a in answers] == ["Hello"] * 5


def test_the_first_of_two_values_counts(api: str, yoga: SandboxChat) -> None:
    body = f"chat_id={yoga.id}&text=first&text=second"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = httpx.post(f"{api}/sendMessage", content=body, headers=form)
    assert answer.json()["result"]["text"] == "first"


@pytest.mark.parametrize(
    ("method", "params", "reason"),
    [
        ("sendMessage", {"text": "Hello"}, "chat_id is empty"),
        ("sendMessage", {"chat_id": "1002"}, "message text is empty"),
        ("sendMessage", {"chat_id": "1002", "text": "a", "txt": "b"}, 'no parameter "txt"'),
        ("sendMessage", {"chat_id": "1002", "text": "a", "reply_markup": "{"}, "can't parse reply"),
        ("sendMessage", {"chat_id": "1002", "text": "a", "reply_markup": "[]"}, "object expected"),
        (
            "sendMessage",
            {"chat_id": "1002", "text": "a", "disable_notification": "perhaps"},
            'invalid parameter "disable_notification"',
        ),
        (
            "sendMessage",
            {"chat_id": "1002", "text": "a", "message_effect_id": "5"},
            "not modelled by the sandbox",
        ),
        (
            "sendMessage",
            {
                "chat_id": "1002",
                "text": "a",
                "reply_markup": '{"inline_keyboard":[[{"text":"a","callbackdata":"b"}]]}',
            },
            'no field "callbackdata"',
        ),
        ("editMessageText", {"text": "a"}, "message identifier is not specified"),
        ("getChatMember", {"chat_id": "-1001000000001", "user_id": "x"}, "invalid parameter"),
    ],
)
def test_rejects_invalid_parameters(api: str, method: str, params: dict[str, str], reason: str) -> None:
    answer = httpx.post(f"{api}/{method}", data=params)
    assert answer.status_code == 400
    assert answer.json()["error_code"] == 400
    assert answer.json()["description"].startswith("Bad Request: ")
    assert reason in answer.json()["description"]


async def test_answers_404_for_a_method_that_is_not_modelled(bot: Bot) -> None:
    with pytest.raises(TelegramNotFound, match="Not Found: method not found"):
        await bot.send_photo(1002, "file")


def test_answers_404_for_a_method_that_telegram_does_not_have(api: str) -> None:
    assert httpx.get(f"{api}/makeCoffee").json() == {
        "ok": False,
        "error_code": 404,
        "description": "Not Found: method not found",
    }


async def test_answers_401_for_another_token(sandbox: Sandbox) -> None:
    api = TelegramAPIServer.from_base(sandbox.url)
    async with Bot("42:OTHER", session=AiohttpSession(api=api)) as other:
        with pytest.raises(TelegramUnauthorizedError, match="Unauthorized"):
            await other.get_me()


def test_answers_404_for_a_path_without_a_token(sandbox: Sandbox) -> None:
    assert httpx.get(f"{sandbox.url}/nobot/getMe").status_code == 404


def test_records_calls_with_their_results(api: str, sandbox: Sandbox, yoga: SandboxChat) -> None:
    httpx.post(f"{api}/sendMessage", data={"chat_id": str(yoga.id), "text": "Hello"})
    httpx.post(f"{api}/sendMessage", data={"chat_id": "-5", "text": "Hello"})
    good, bad = sandbox.calls("sendmessage", count=2)
    assert (good["result"]["text"], good["error"]) == ("Hello", None)
    assert (bad["result"], bad["error"]["error_code"]) == (None, 400)
    assert sandbox.calls("sendMessage", chat_id=-5) == [bad]
    assert sandbox.counters()["refused"] == 1


def test_other_sites_cannot_act_for_people(sandbox: Sandbox) -> None:
    """A page framed or open beside the sandbox must not press buttons in a person's name."""
    url = f"{sandbox.url}/_control/people/Alice/start"
    foreign = httpx.post(url, content="{}", headers={"Origin": "http://evil.example"})
    own = httpx.post(url, json={}, headers={"Origin": sandbox.url})
    assert (foreign.status_code, own.status_code) == (403, 200)
