"""Inline mode as Telegram plays it: asked, answered in time and within limits, chosen, and edited by its own id."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import (
    InlineQuery,
    InlineQueryResultArticle,
    InlineQueryResultsButton,
    InputTextMessageContent,
    Update,
    WebAppInfo,
)

from sandbox.client import Refused, Sandbox, SandboxChat, SandboxPerson
from tests.sandbox.buttons import keyboard, press

Ask = Callable[..., Awaitable[tuple[InlineQuery, asyncio.Task[dict[str, Any]]]]]


def article(id: str = "1", text: str = "Yoga on Tuesday", **more: Any) -> InlineQueryResultArticle:
    return InlineQueryResultArticle(
        id=id, title="Yoga", input_message_content=InputTextMessageContent(message_text=text), **more
    )


async def updates(bot: Bot, offset: int | None = None) -> list[Update]:
    return await bot.get_updates(offset=offset, timeout=10)


@pytest.fixture
def ask(bot: Bot, alice: SandboxPerson, yoga: SandboxChat) -> Ask:
    async def typed(query: str = "yoga", chat: SandboxChat | None = None) -> Any:
        task = asyncio.create_task(asyncio.to_thread(alice.ask_inline, query, chat or yoga))
        [update] = await updates(bot)
        await bot.get_updates(offset=update.update_id + 1)
        assert update.inline_query is not None
        return update.inline_query, task

    return typed


async def test_offers_what_the_bot_answers(ask: Ask, bot: Bot) -> None:
    query, task = await ask()
    assert (query.query, query.offset, query.chat_type, query.from_user.first_name) == (
        "yoga",
        "",
        "supergroup",
        "Alice",
    )
    await bot.answer_inline_query(
        query.id, [article(description="18:00")], is_personal=True, next_offset="20"
    )
    answer = await task
    assert [(one["title"], one["description"]) for one in answer["results"]] == [("Yoga", "18:00")]
    assert answer["next_offset"] == "20"


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"results": [article(str(n)) for n in range(51)]}, "RESULTS_TOO_MUCH"),
        ({"results": [article(), article()]}, "RESULT_ID_DUPLICATE"),
        ({"results": [article("")]}, "RESULT_ID_INVALID"),
        ({"results": [article("x" * 65)]}, "RESULT_ID_INVALID"),
        ({"results": [article(text="")]}, "text is empty"),
        ({"results": [], "next_offset": "x" * 65}, "NEXT_OFFSET_INVALID"),
        (
            {"results": [], "button": InlineQueryResultsButton(text="Start", start_parameter="a b")},
            "START_PARAM_INVALID",
        ),
        (
            {
                "results": [
                    article(
                        reply_markup=keyboard(
                            [press("App", "x").model_copy(update={"callback_data": None, "web_app": WebAppInfo(url="https://x.example")})]
                        )
                    )
                ]
            },
            "BUTTON_TYPE_INVALID",
        ),
    ],
)  # fmt: skip
async def test_limits(ask: Ask, bot: Bot, fields: dict[str, Any], error: str) -> None:
    query, task = await ask()
    with pytest.raises(TelegramBadRequest, match=error):
        await bot.answer_inline_query(query.id, **fields)
    await bot.answer_inline_query(query.id, [])
    await task


async def test_an_answer_comes_once_and_in_time(ask: Ask, bot: Bot, sandbox: Sandbox) -> None:
    query, task = await ask()
    await bot.answer_inline_query(query.id, [])
    await task
    with pytest.raises(TelegramBadRequest, match="query is too old"):
        await bot.answer_inline_query(query.id, [])
    query, task = await ask("tea")
    sandbox.advance(16)
    with pytest.raises(TelegramBadRequest, match="query is too old"):
        await bot.answer_inline_query(query.id, [])
    task.cancel()


async def test_an_answer_that_is_not_personal_is_given_to_others(
    ask: Ask, bot: Bot, sandbox: Sandbox, yoga: SandboxChat
) -> None:
    """Telegram caches answers: what is one person's own must be marked as personal."""
    query, task = await ask()
    await bot.answer_inline_query(query.id, [article()], cache_time=60)
    await task
    bob = sandbox.person("Bob")
    assert len((await asyncio.to_thread(bob.ask_inline, "yoga", yoga))["results"]) == 1
    sandbox.advance(61)
    with pytest.raises(Refused, match="did not answer"):
        await asyncio.to_thread(bob.ask_inline, "yoga", yoga, timeout=0.1)


async def test_what_is_chosen_is_sent_and_edited_by_its_own_id(ask: Ask, bot: Bot, sandbox: Sandbox) -> None:
    """Also in a group that the bot is not in."""
    padel = sandbox.make_chat("Padel", creator="Alice", with_bot=False)
    query, task = await ask(chat=padel)
    result = article(reply_markup=keyboard([press("Join", "join:7")]))
    await bot.answer_inline_query(query.id, [result], is_personal=True)
    answer = await task
    alice = sandbox.person("Alice")
    message = await asyncio.to_thread(alice.choose, answer, "1", padel)
    assert message["text"] == "Yoga on Tuesday" and message["via_bot"] and message["from"]["name"] == "Alice"
    [update] = await updates(bot)
    await bot.get_updates(offset=update.update_id + 1)
    chosen = update.chosen_inline_result
    assert chosen is not None and (chosen.result_id, chosen.query) == ("1", "yoga")
    assert chosen.inline_message_id

    tap = asyncio.create_task(asyncio.to_thread(alice.tap, message, "Join"))
    [update] = await updates(bot)
    pressed = update.callback_query
    assert pressed is not None and pressed.message is None
    assert pressed.inline_message_id == chosen.inline_message_id
    await bot.answer_callback_query(pressed.id, "You are in.")
    assert (await tap)["answer"]["text"] == "You are in."

    assert await bot.edit_message_text("1 comes", inline_message_id=chosen.inline_message_id) is True
    with pytest.raises(TelegramBadRequest, match="message is not modified"):
        await bot.edit_message_text("1 comes", inline_message_id=chosen.inline_message_id)
    [message] = [one for one in padel.messages() if one["via_bot"]]
    assert (message["text"], message["buttons"], message["edits"]) == ("1 comes", [], 1)
    padel.delete(message["id"])
    with pytest.raises(TelegramBadRequest, match="MESSAGE_ID_INVALID"):
        await bot.edit_message_text("2 come", inline_message_id=chosen.inline_message_id)


async def test_without_buttons_or_feedback_the_id_is_not_told(
    ask: Ask, bot: Bot, sandbox: Sandbox, yoga: Any
) -> None:
    alice = sandbox.person("Alice")
    query, task = await ask()
    await bot.answer_inline_query(query.id, [article()], is_personal=True)
    answer = await task
    await asyncio.to_thread(alice.choose, answer, "1", yoga)
    told = [update for update in await updates(bot) if update.chosen_inline_result]
    assert told[0].chosen_inline_result.inline_message_id is None  # type: ignore[union-attr]
    await bot.get_updates(offset=told[-1].update_id + 2)
    sandbox.inline_mode(feedback=False)
    await asyncio.to_thread(alice.choose, answer, "1", yoga)
    assert all(update.chosen_inline_result is None for update in await bot.get_updates())


async def test_is_off_until_botfather_switches_it_on(
    bot: Bot, sandbox: Sandbox, alice: SandboxPerson, yoga: Any
) -> None:
    assert (await bot.get_me()).supports_inline_queries
    sandbox.inline_mode(on=False)
    assert not (await bot.get_me()).supports_inline_queries
    with pytest.raises(Refused, match="Inline mode is off"):
        await asyncio.to_thread(alice.ask_inline, "yoga", yoga)


async def test_only_what_was_offered_to_them_can_be_chosen(
    ask: Ask, bot: Bot, sandbox: Sandbox, yoga: Any
) -> None:
    query, task = await ask()
    await bot.answer_inline_query(query.id, [article()], is_personal=True)
    answer = await task
    for name, result in (("Bob", "1"), ("Alice", "2")):
        with pytest.raises(Refused, match="not offered"):
            await asyncio.to_thread(sandbox.person(name).choose, answer, result, yoga)
