"""The bot's commands, menu button, descriptions and prepared messages."""

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import (
    BotCommand,
    BotCommandScopeAllChatAdministrators,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
    InlineQueryResultArticle,
    InputTextMessageContent,
    MenuButtonCommands,
    MenuButtonWebApp,
    WebAppInfo,
)

from sandbox.client import Refused, Sandbox, SandboxChat, SandboxPerson
from tests.sandbox.conftest import APP_PORT


def commands(*names: str) -> list[BotCommand]:
    return [BotCommand(command=name, description=f"About {name}") for name in names]


def list_commands(sandbox: Sandbox, person: SandboxPerson, chat_id: int) -> list[str]:
    view = sandbox.get(f"view?who={person.id}&chat_id={chat_id}")
    return [command["command"] for command in view["chat"]["commands"]]


async def test_people_see_the_narrowest_list_in_their_language(
    bot: Bot, sandbox: Sandbox, yoga: SandboxChat, alice: SandboxPerson
) -> None:
    olga, vaino = sandbox.person("Olga"), sandbox.person("Väinö")
    await bot.set_my_commands(commands("help"))
    await bot.set_my_commands(commands("ohje"), language_code="fi")
    await bot.set_my_commands(commands("book"), scope=BotCommandScopeAllGroupChats())
    await bot.set_my_commands(commands("run"), scope=BotCommandScopeAllChatAdministrators())
    await bot.set_my_commands(commands("start"), scope=BotCommandScopeAllPrivateChats())
    assert list_commands(sandbox, alice, yoga.id) == ["book"]
    assert list_commands(sandbox, olga, yoga.id) == ["run"]
    assert list_commands(sandbox, alice, alice.id) == ["start"]
    await bot.delete_my_commands(scope=BotCommandScopeAllPrivateChats())
    assert list_commands(sandbox, alice, alice.id) == ["help"]
    assert list_commands(sandbox, vaino, vaino.id) == ["ohje"]
    (known,) = await bot.get_my_commands(language_code="fi")
    assert known.command == "ohje"


async def test_rejects_commands_telegram_would_reject(bot: Bot) -> None:
    with pytest.raises(TelegramBadRequest, match="BOT_COMMAND_INVALID"):
        await bot.set_my_commands(commands("Book"))
    with pytest.raises(TelegramBadRequest, match="BOT_COMMAND_DESCRIPTION_INVALID"):
        await bot.set_my_commands([BotCommand(command="book", description="x" * 257)])
    with pytest.raises(TelegramBadRequest, match="BOT_COMMANDS_TOO_MUCH"):
        await bot.set_my_commands(commands(*(f"c{n}" for n in range(101))))
    with pytest.raises(TelegramBadRequest, match="LANG_CODE_INVALID"):
        await bot.set_my_commands(commands("book"), language_code="fi-FI")


async def test_a_menu_button_is_set_for_everyone_or_for_one_person(bot: Bot, alice: SandboxPerson) -> None:
    assert isinstance(await bot.get_chat_menu_button(), MenuButtonCommands)
    app = WebAppInfo(url=f"http://127.0.0.1:{APP_PORT}/app/")
    await bot.set_chat_menu_button(menu_button=MenuButtonWebApp(text="Events", web_app=app))
    await bot.set_chat_menu_button(chat_id=alice.id, menu_button=MenuButtonWebApp(text="Mine", web_app=app))
    everyone, hers = await bot.get_chat_menu_button(), await bot.get_chat_menu_button(alice.id)
    assert isinstance(everyone, MenuButtonWebApp)
    assert isinstance(hers, MenuButtonWebApp)
    assert (everyone.text, hers.text) == ("Events", "Mine")
    with pytest.raises(TelegramBadRequest, match="Only HTTPS links"):
        await bot.set_chat_menu_button(
            menu_button=MenuButtonWebApp(text="x", web_app=WebAppInfo(url="http://a.fi"))
        )


async def test_descriptions_are_set_by_language(bot: Bot) -> None:
    await bot.set_my_description("Books seats")
    await bot.set_my_description("Varaa paikkoja", language_code="fi")
    await bot.set_my_short_description("Seats")
    assert (await bot.get_my_description()).description == "Books seats"
    assert (await bot.get_my_description("fi")).description == "Varaa paikkoja"
    assert (await bot.get_my_short_description()).short_description == "Seats"
    with pytest.raises(TelegramBadRequest, match="TOO_LONG"):
        await bot.set_my_short_description("x" * 121)


async def test_a_person_shares_a_prepared_message(
    bot: Bot, sandbox: Sandbox, yoga: SandboxChat, alice: SandboxPerson, bob: SandboxPerson
) -> None:
    article = InlineQueryResultArticle(
        id="1",
        title="Yoga",
        input_message_content=InputTextMessageContent(
            message_text="<b>Yoga</b> on Tuesday", parse_mode="HTML"
        ),
    )
    ready = await bot.save_prepared_inline_message(alice.id, article, allow_group_chats=True)
    share = {"prepared": ready.id, "chat_id": yoga.id}
    with pytest.raises(Refused, match="MESSAGE_EXPIRED"):
        sandbox.post(f"people/{bob.id}/share", share)
    with pytest.raises(Refused, match="MESSAGE_SEND_FAILED"):
        sandbox.post(f"people/{alice.id}/share", {**share, "chat_id": alice.id})
    sandbox.post(f"people/{alice.id}/share", share)
    (update,) = await bot.get_updates()
    assert update.message is not None
    assert update.message.text == "Yoga on Tuesday"
    assert update.message.via_bot is not None
    sandbox.advance(24 * 3600 + 1)
    with pytest.raises(Refused, match="MESSAGE_EXPIRED"):
        sandbox.post(f"people/{alice.id}/share", share)
