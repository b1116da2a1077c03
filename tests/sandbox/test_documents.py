"""Files that the bot sends: uploaded with the call, and nothing else."""

import base64

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError
from aiogram.types import BufferedInputFile

from sandbox.client import Sandbox, SandboxChat, SandboxPerson

FILE = BufferedInputFile("Привет".encode(), filename="Йога, in Kallio.ics")


async def test_a_file_arrives_whole_with_its_caption(bot: Bot, alice: SandboxPerson) -> None:
    alice.start()
    sent = await bot.send_document(alice.id, FILE, caption="For <b>you</b>", parse_mode="HTML")
    assert sent.document is not None
    assert (sent.document.file_name, sent.document.file_size) == (FILE.filename, 12)
    assert (sent.caption, sent.text) == ("For you", None)
    assert sent.caption_entities is not None
    message = alice.private.messages()[-1]
    assert (message["text"], message["entities"][0]["type"]) == ("For you", "bold")
    assert base64.b64decode(message["document"]["content"]).decode() == "Привет"


async def test_is_refused_where_a_message_would_be(
    bot: Bot, alice: SandboxPerson, yoga: SandboxChat, sandbox: Sandbox
) -> None:
    with pytest.raises(TelegramForbiddenError, match="can't initiate"):
        await bot.send_document(alice.id, FILE)
    yoga.bot("muted")
    with pytest.raises(TelegramBadRequest, match="not enough rights"):
        await bot.send_document(yoga.id, FILE)
    assert [call["method"] for call in sandbox.calls("sendDocument")] == ["sendDocument"] * 2


async def test_rejects_files_telegram_would_reject(bot: Bot, alice: SandboxPerson) -> None:
    alice.start()
    with pytest.raises(TelegramBadRequest, match="file must be non-empty"):
        await bot.send_document(alice.id, BufferedInputFile(b"", filename="empty.ics"))
    with pytest.raises(TelegramBadRequest, match="wrong file identifier"):
        await bot.send_document(alice.id, "AgACAgIAAxkBAAM")
    with pytest.raises(TelegramBadRequest, match="caption is too long"):
        await bot.send_document(alice.id, FILE, caption="x" * 1025)


async def test_a_file_has_no_text_to_edit(bot: Bot, alice: SandboxPerson) -> None:
    alice.start()
    sent = await bot.send_document(alice.id, FILE, caption="x")
    with pytest.raises(TelegramBadRequest, match="there is no text in the message to edit"):
        await bot.edit_message_text("y", chat_id=alice.id, message_id=sent.message_id)
