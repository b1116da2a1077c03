"""The page in a real browser: the chat, and the phone that runs Telegram's own script."""

import asyncio
import functools
import hashlib
import http.server
import pathlib
import threading
from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from aiogram import Bot
from aiogram.types import (
    BotCommand,
    CallbackQuery,
    EphemeralMessageParameters,
    InlineQueryResultArticle,
    InputTextMessageContent,
)
from playwright.async_api import Browser, FrameLocator, Page, async_playwright, expect

from sandbox.client import Sandbox, SandboxChat, SandboxPerson
from tests.chromium import find_chromium
from tests.sandbox.buttons import keyboard, link, press
from tests.sandbox.conftest import APP_PORT

ROOT = pathlib.Path(__file__).parents[2]
SCRIPT = ROOT / "webapp/static/vendor/telegram-web-app-8.0.js"
APP = pathlib.Path(__file__).parent / "app"


class AppPages(http.server.SimpleHTTPRequestHandler):
    """A stand-in Mini App at an origin of its own, loading the vendored official script."""

    def translate_path(self, path: str) -> str:
        asked = urlsplit(path).path
        if asked == f"/vendor/{SCRIPT.name}":
            return str(SCRIPT)
        return str(APP / (asked.removeprefix("/app/") or "index.html"))

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def mini_app() -> Iterator[None]:
    handler = functools.partial(AppPages)
    with http.server.ThreadingHTTPServer(("127.0.0.1", APP_PORT), handler) as server:
        threading.Thread(target=server.serve_forever).start()
        yield
        server.shutdown()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        program = find_chromium(playwright.chromium.executable_path)
        browser = await playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        await browser.close()


@pytest_asyncio.fixture
async def page(browser: Browser, sandbox: Sandbox, mini_app: None) -> AsyncIterator[Page]:
    """Alice's view, wide. Any script error or refused style fails the test."""
    problems: list[str] = []
    context = await browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB")
    page = await context.new_page()
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda entry: problems.append(entry.text) if entry.type == "error" else None)
    await page.goto(f"{sandbox.url}/")
    alice = page.locator("#people").get_by_role("button", name="Alice")
    await expect(alice).to_have_attribute("aria-pressed", "true")
    yield page
    await context.close()
    assert problems == []


@pytest.fixture
def app(page: Page) -> FrameLocator:
    return page.frame_locator("iframe")


async def card(bot: Bot, yoga: SandboxChat) -> int:
    sent = await bot.send_message(
        yoga.id,
        "🧘 <b>Evening flow yoga</b>\n<i>x</i> &lt;script&gt;alert(1)&lt;/script&gt;",
        parse_mode="HTML",
        reply_markup=keyboard(
            [press("Join", "join"), press("Leave", "leave")],
            [link("Open in Emerald", "https://t.me/emerald_bot/app?startapp=e_1")],
        ),
    )
    return sent.message_id


async def next_callback_query(bot: Bot) -> CallbackQuery:
    while True:
        for update in await bot.get_updates(timeout=10):
            await bot.get_updates(offset=update.update_id + 1)
            if update.callback_query:
                return update.callback_query


async def test_shows_a_card_and_its_edits_live(bot: Bot, page: Page, yoga: SandboxChat) -> None:
    number = await card(bot, yoga)
    shown = page.locator(f"[data-message='{number}']")
    await expect(shown.locator("b", has_text="Evening flow yoga")).to_be_visible()
    await expect(shown).to_contain_text("<script>alert(1)</script>")
    await bot.edit_message_text("2 free", chat_id=yoga.id, message_id=number)
    await expect(shown).to_contain_text("2 free", timeout=1000)
    await expect(shown).to_contain_text("edited")
    await expect(shown.locator(".keys")).to_have_count(0)
    yoga.delete(number)
    await expect(shown).to_have_count(0)


async def test_a_tap_shows_the_bot_s_toast_or_alert(bot: Bot, page: Page, yoga: SandboxChat) -> None:
    await card(bot, yoga)
    await page.get_by_role("button", name="Join").click()
    await bot.answer_callback_query((await next_callback_query(bot)).id, "You are in. See you Tue at 18:00.")
    await expect(page.locator(".toast")).to_have_text("You are in. See you Tue at 18:00.")
    await page.get_by_role("button", name="Leave").click()
    query = await next_callback_query(bot)
    assert query.from_user.first_name == "Alice"
    await bot.answer_callback_query(query.id, "All 12 seats are taken.", show_alert=True)
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("All 12 seats are taken.")
    await dialog.get_by_role("button", name="OK").click()
    await expect(dialog).to_be_hidden()


async def test_each_person_sees_their_own_chats(page: Page) -> None:
    rooms = page.get_by_role("navigation", name="Chats").get_by_role("button")
    await expect(rooms).to_have_text(["🌿Kallio Yoga", "🏃Sunday Runners", "💎Emerald", ""])
    await page.locator("#people").get_by_role("button", name="Charlie").click()
    await expect(rooms).to_have_text(["💎Emerald", ""])
    await expect(page.get_by_text("What can this bot do?")).to_be_visible()


async def test_what_people_type_is_text(bot: Bot, page: Page, yoga: SandboxChat) -> None:
    box = page.get_by_label("Message", exact=True)
    await box.fill("<img src=x onerror=alert(1)> & /book")
    await box.press("Enter")
    await expect(page.locator(".msg.me")).to_contain_text("<img src=x onerror=alert(1)> & /book")
    (update,) = await bot.get_updates()
    assert update.message is not None
    assert update.message.text == "<img src=x onerror=alert(1)> & /book"


async def test_a_slash_lists_commands(bot: Bot, page: Page, yoga: SandboxChat) -> None:
    await bot.set_my_commands([BotCommand(command=c, description=f"About {c}") for c in ("events", "book")])
    box = page.get_by_label("Message", exact=True)
    await expect(page.locator("#room")).to_contain_text("Kallio Yoga")
    await box.fill("/")
    await expect(page.get_by_role("option")).to_have_count(2)
    await box.fill("/b")
    await page.get_by_role("option", name="/book").click()
    await asyncio.to_thread(yoga.wait, text="/book@emerald_bot", sender="1002")


async def test_typing_the_bot_s_name_offers_what_it_answers(bot: Bot, page: Page, yoga: SandboxChat) -> None:
    """Inline mode: what is chosen is sent, and only its sender sees an ephemeral message."""
    text = page.get_by_label("Message", exact=True)
    await text.fill("@emerald_bot yoga")
    results = [
        InlineQueryResultArticle(
            id=name,
            title=name,
            description="Tue 18:00",
            input_message_content=InputTextMessageContent(message_text=f"{name} on Tuesday"),
        )
        for name in ("Yoga", "Yoga for beginners")
    ]
    [update] = await bot.get_updates(timeout=10)
    assert update.inline_query is not None and update.inline_query.query == "yoga"
    await bot.answer_inline_query(update.inline_query.id, [*results], is_personal=True)
    options = page.locator("#commands").get_by_role("option")
    await expect(options).to_have_text(["YogaTue 18:00", "Yoga for beginnersTue 18:00"])
    await text.press("ArrowDown")
    await text.press("Enter")
    sent = page.locator("#said article").last
    await expect(sent).to_contain_text("Yoga for beginners on Tuesday")
    await expect(text).to_have_value("")
    alone = EphemeralMessageParameters(receiver_user_id=1002)
    await bot.send_message(yoga.id, "You are third", ephemeral_message_parameters=alone)
    await expect(page.locator("#said article").last).to_contain_text("only you see this")
    await page.locator("#people").get_by_role("button", name="Bob").click()
    await expect(page.locator("#said")).not_to_contain_text("You are third")


async def test_a_bot_link_leads_to_its_start_button(
    bot: Bot, page: Page, yoga: SandboxChat, alice: SandboxPerson
) -> None:
    await bot.send_message(
        yoga.id,
        "Hello",
        reply_markup=keyboard([link("Sign in", "https://t.me/emerald_bot?start=k")]),
    )
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("button", name="START").click()
    await asyncio.to_thread(alice.private.wait, text="/start k")
    await expect(page.locator(".msg.me")).to_contain_text("/start k")


async def test_a_forum_has_its_topics(bot: Bot, page: Page, runners: SandboxChat) -> None:
    await bot.send_message(runners.id, "Sunday run", message_thread_id=2)
    await page.get_by_role("button", name="Sunday Runners").click()
    post = page.get_by_role("article").filter(has_text="Sunday run")
    await expect(page.get_by_text("Nothing in this topic yet")).to_be_visible()
    await expect(post).to_be_hidden()
    await page.get_by_role("button", name="Runs", exact=True).click()
    await expect(post).to_be_visible()
    await page.get_by_label("Message", exact=True).fill("I come")
    await page.get_by_role("button", name="Send").click()
    message = await asyncio.to_thread(runners.wait, text="I come")
    assert message["thread_id"] == 2


async def test_the_app_opens_from_the_card_with_signed_data(
    bot: Bot, page: Page, app: FrameLocator, yoga: SandboxChat
) -> None:
    await card(bot, yoga)
    await page.get_by_role("button", name="Open in Emerald").click()
    await expect(app.locator("#who")).to_have_text("Alice")
    await expect(app.locator("#start")).to_have_text("e_1")
    await expect(app.locator("#platform")).to_have_text("weba 9.1")
    raw = await app.locator("body").get_attribute("data-init")
    assert raw is not None
    assert f"chat_instance={yoga.now['instance']}" in raw
    frame = page.locator("iframe")
    assert await frame.get_attribute("sandbox") == (
        "allow-scripts allow-same-origin allow-popups allow-forms allow-modals "
        "allow-storage-access-by-user-activation"
    )
    assert await frame.get_attribute("allow") == ("camera; microphone; geolocation; clipboard-write;")


async def open_app(page: Page, app: FrameLocator) -> None:
    await page.get_by_role("button", name="Open as Alice").click()
    await expect(app.locator("#who")).to_have_text("Alice")


async def test_the_phone_s_buttons_are_the_app_s(page: Page, app: FrameLocator) -> None:
    await open_app(page, app)
    output, phone = app.locator("#said"), page.locator(".phone:visible")
    await phone.get_by_role("button", name="Book").click()
    await expect(output).to_have_text("main pressed")
    await expect(phone.get_by_role("button", name="Book")).to_have_attribute("aria-busy", "true")
    await phone.locator(".bottom").get_by_role("button", name="Leave").click()
    await expect(output).to_have_text("secondary pressed")
    await phone.get_by_role("button", name="Back").click()
    await expect(output).to_have_text("back pressed")
    await expect(phone.get_by_role("button", name="Back")).to_have_count(0)
    await phone.get_by_role("button", name="More").click()
    await phone.get_by_role("button", name="Settings").click()
    await expect(output).to_have_text("settings pressed")


async def test_a_prepared_message_goes_where_its_sender_says(
    page: Page, app: FrameLocator, bot: Bot, alice: SandboxPerson, yoga: SandboxChat
) -> None:
    content = InputTextMessageContent(message_text="<b>Yoga</b>, Tuesday", parse_mode="HTML")
    way_in = keyboard([link("Open", "https://t.me/emerald_bot/app?startapp=e_1")])
    article = InlineQueryResultArticle(
        id="1", title="Yoga", input_message_content=content, reply_markup=way_in
    )
    ready = await bot.save_prepared_inline_message(
        alice.id, article, allow_user_chats=True, allow_group_chats=True
    )
    await open_app(page, app)
    output, dialog = app.locator("#said"), page.get_by_role("dialog")
    share = app.locator("#share")
    await share.evaluate("(button, id) => { button.dataset.id = id; }", ready.id)
    await share.click()
    await dialog.get_by_role("button", name="Cancel").click()
    await expect(output).to_have_text("not shared: USER_DECLINED")
    await share.click()
    await dialog.get_by_role("button", name="Kallio Yoga").click()
    await expect(output).to_have_text("shared")
    message = await asyncio.to_thread(yoga.wait, text="Yoga, Tuesday", button="Open")
    assert message["via_bot"]
    assert message["from"]["id"] == alice.id


async def test_the_app_is_added_to_the_home_screen_after_consent(page: Page, app: FrameLocator) -> None:
    await open_app(page, app)
    output, phone = app.locator("#said"), page.locator(".phone:visible")
    question = phone.get_by_role("alertdialog")
    await app.locator("#add").click()
    await question.get_by_role("button", name="Cancel").click()
    await app.locator("#home").click()
    await expect(output).to_have_text("home missed")
    await app.locator("#add").click()
    await question.get_by_role("button", name="Add").click()
    await expect(output).to_have_text("home came")
    await app.locator("#home").click()
    await expect(output).to_have_text("home added")


async def test_popups_haptics_and_scans_are_the_phone_s(page: Page, app: FrameLocator) -> None:
    await open_app(page, app)
    output, phone = app.locator("#said"), page.locator(".phone:visible")
    await app.locator("#popup").click()
    popup = phone.get_by_role("alertdialog")
    await expect(popup).to_contain_text("Your seat goes to Пётр <b>next</b>.")
    await popup.get_by_role("button", name="Leave").click()
    await expect(output).to_have_text("popup go")
    await app.locator("#haptic").click()
    await expect(phone.locator("[data-haptic=success]")).to_be_visible()
    await app.locator("#scan").click()
    await popup.get_by_label("Text of the code").fill("member-7")
    await popup.get_by_role("button", name="OK").click()
    await expect(output).to_have_text("scanned member-7")
    await expect(popup).to_have_count(0)


async def test_the_scanner_stays_open_until_it_is_closed(page: Page, app: FrameLocator) -> None:
    await open_app(page, app)
    output, scanner = app.locator("#said"), page.locator(".phone:visible").get_by_role("alertdialog")
    await app.locator("#scan-many").click()
    field = scanner.get_by_label("Text of the code")
    for code in ("one", "two"):
        await field.fill(code)
        await field.press("Enter")
        await expect(output).to_have_text(f"scanned {code}")
        await expect(field).to_have_value("")
    await scanner.get_by_role("button", name="Cancel").click()
    await expect(output).to_have_text("scanner closed")
    await expect(scanner).to_have_count(0)


async def test_the_app_may_ask_for_write_access_and_store_data(
    bot: Bot, page: Page, app: FrameLocator, alice: SandboxPerson
) -> None:
    await open_app(page, app)
    output, popup = app.locator("#said"), page.get_by_role("alertdialog")
    await app.locator("#write").click()
    await popup.get_by_role("button", name="Cancel").click()
    await expect(output).to_have_text("write false")
    await app.locator("#write").click()
    await popup.get_by_role("button", name="Allow").click()
    await expect(output).to_have_text("write true")
    await bot.send_message(alice.id, "A seat is yours")
    await app.locator("#store").click()
    await expect(output).to_have_text("stored yes")
    await app.locator("#file").click()
    await expect(popup).to_contain_text("event.ics")
    await popup.get_by_role("button", name="Cancel").click()
    await expect(output).to_have_text("file false")


async def test_a_bot_link_in_the_app_leads_to_the_chat(page: Page, app: FrameLocator) -> None:
    await open_app(page, app)
    await app.locator("#link").click()
    await expect(page.get_by_role("button", name="START")).to_be_visible()


async def test_the_theme_changes_while_the_app_is_open(page: Page, app: FrameLocator) -> None:
    await open_app(page, app)
    await expect(app.locator("#scheme")).to_have_text("light")
    await page.locator(".hand").get_by_role("button", name="Dark").click()
    await expect(app.locator("#scheme")).to_have_text("dark")
    await expect(page.locator("html")).to_have_attribute("data-scheme", "dark")
    await page.locator(".hand").get_by_role("button", name="Odd").click()
    await expect(app.locator("#scheme")).to_have_text("light")


async def test_the_app_closes_with_a_question_if_it_asked_for_one(page: Page, app: FrameLocator) -> None:
    await open_app(page, app)
    phone = page.locator(".phone:visible")
    await app.locator("#guard").click()
    await phone.get_by_role("button", name="Back").click()
    await phone.get_by_role("button", name="Close").first.click()
    popup = phone.get_by_role("alertdialog")
    await popup.get_by_role("button", name="Cancel").click()
    await expect(app.locator("#who")).to_have_text("Alice")
    await phone.get_by_role("button", name="Close").first.click()
    await popup.get_by_role("button", name="Close anyway").click()
    await expect(page.get_by_role("button", name="Open as Alice")).to_be_visible()


async def test_the_app_reloads_and_keeps_its_data(page: Page, app: FrameLocator) -> None:
    await open_app(page, app)
    phone = page.locator(".phone:visible")
    await app.locator("#store").click()
    await expect(app.locator("#said")).to_have_text("stored yes")
    await phone.get_by_role("button", name="More").click()
    await phone.get_by_role("button", name="Reload").click()
    await expect(app.locator("#said")).to_have_text("")
    await expect(app.locator("#who")).to_have_text("Alice")


async def test_faults_can_be_injected_from_the_page(bot: Bot, page: Page, yoga: SandboxChat) -> None:
    number = await card(bot, yoga)
    trouble = page.locator("#trouble")
    await expect(page.locator(f"[data-message='{number}']")).to_be_visible()
    await trouble.get_by_role("button", name="Delete the last card").click()
    await expect(page.locator(f"[data-message='{number}']")).to_have_count(0)
    await trouble.get_by_role("button", name="Alice blocks the bot").click()
    await asyncio.to_thread(blocked, page.url.split("#")[0])
    await trouble.get_by_role("button", name="Bot may not write here").click()
    await expect(page.locator("#room")).to_contain_text("may not write")
    await trouble.get_by_role("button", name="Remove the bot").click()
    await page.get_by_role("button", name="Add the bot").click()
    await expect(page.locator("#room")).to_contain_text("Emerald bot")
    assert (await bot.get_chat_member(yoga.id, 42)).status == "administrator"
    await trouble.get_by_role("button", name="Bot is told “429, wait 5 s”").click()
    await expect(trouble.get_by_role("button", name="Bot will be told “429”")).to_be_visible()


def blocked(url: str) -> None:
    sandbox = Sandbox(url)
    while not sandbox.get("people/Alice")["blocks_bot"]:
        sandbox.get(f"changes?after={sandbox.counters()['version']}&within=0.1")


async def test_makes_a_group_and_upgrades_it(page: Page, sandbox: Sandbox) -> None:
    await page.get_by_role("button", name="New group").click()
    await page.get_by_label("Name of the group").fill("Sauna <crew>")
    await page.get_by_role("button", name="Make it").click()
    await expect(page.locator("#room")).to_contain_text("Sauna <crew>")
    await page.get_by_role("button", name="Upgrade to a supergroup").click()
    await expect(page.locator("#said")).to_contain_text("This group became a supergroup")
    assert sandbox.chat("Sauna <crew>").now["type"] == "supergroup"


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_fits_a_phone(
    browser: Browser, bot: Bot, sandbox: Sandbox, yoga: SandboxChat, mini_app: None, scheme: str
) -> None:
    await card(bot, yoga)
    context = await browser.new_context(
        viewport={"width": 390, "height": 844},
        color_scheme="dark" if scheme == "dark" else "light",
        has_touch=True,
    )
    page = await context.new_page()
    await page.goto(f"{sandbox.url}/")
    await expect(page.get_by_role("button", name="Join")).to_be_visible()
    wide = await page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390
    await page.get_by_role("button", name="Open in Emerald").tap()
    app = page.frame_locator("iframe")
    await expect(app.locator("#scheme")).to_have_text(scheme)
    await app.locator("#link").tap()
    await page.get_by_role("button", name="Back to the app").tap()
    await expect(app.locator("#link")).to_be_visible()
    await page.get_by_role("button", name="Back", exact=True).tap()
    await page.get_by_role("button", name="Close", exact=True).tap()
    await expect(page.get_by_role("button", name="START")).to_be_visible()
    await context.close()


def test_the_script_is_telegram_s_own() -> None:
    digest = hashlib.sha256(SCRIPT.read_bytes()).hexdigest()
    assert digest == "f4a03f7df8841ff5f232ad3a7416033df85594a23ce8b8cab64a82a9dad960d5"
