"""Sharing an event or a poll: by a prepared message where the client can send one, else by a link."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.async_api import expect

from backend import clock
from backend.bookings import actions as seats
from backend.seats.requests import Via
from emerald.telegram_http import TelegramHttp
from tests.telegram import Telegram, connected, sandbox_url, telegram
from tests.webapp.browsing import last_client_event, wait_for_client
from webapp.miniapp import sharing

__all__ = ["connected", "sandbox_url", "telegram"]


@pytest.fixture
async def prepares(telegram: Telegram) -> AsyncIterator[Telegram]:
    """Telegram as the web process calls it: the sandbox."""
    async with TelegramHttp(telegram.url) as client:
        sharing.set_share_provider(client.prepare_message)
        yield telegram
        sharing.set_share_provider(None)


@pytest.fixture
def poll(olga: Any, account: Any) -> Callable[..., Awaitable[str]]:
    from backend.polls.actions import create_poll
    from backend.polls.drafts import OptionDraft, PollDraft

    async def make(*options: str, **about: Any) -> str:
        draft = {
            "question": "Who brings what?",
            "options": tuple(OptionDraft(text) for text in options),
            "kind": "single",
            "choices_max": 1,
            "anonymous": False,
            "results": "live",
            "closes_at": None,
        }
        return await create_poll(olga, account.id, PollDraft(**{**draft, **about}))

    return make


async def sent_into(room: Any, telegram: Telegram, person: Any, prepared: str) -> dict[str, Any]:
    """The person's client sends the message; the text of the message in the chat."""
    ask = {"prepared": prepared, "chat_id": room.id}
    done = await asyncio.to_thread(telegram.sandbox.post, f"people/{person.telegram_id}/share", ask)
    return dict(done)


async def test_an_event_is_shared_as_a_message_with_a_button(
    prepares: Telegram, app_of: Any, noon: Any, alice: Any, bob: Any, instance: Any
) -> None:
    """What, when, where, and nobody's name: anybody may receive it."""
    code = await instance(
        title="Yoga <&> tea", visibility="link", map_url="https://maps.example/kallio?a=1&b=2"
    )
    await seats.book(code, bob, via=Via.CARD)
    answer = await (await app_of(alice)).ask("POST", f"/app/events/{code}/share")
    assert answer.status_code == 200
    message = await sent_into(prepares.chat(), prepares, alice, answer.text)
    assert message["text"] == (
        "🧘 Yoga <&> tea\n🗓 Thu 26 Nov, 18:00–19:15\n📍 Kallion kulttuuritalo, sali 2\n👥 Kallio Yoga"
    )
    assert message["via_bot"]
    (button,) = message["buttons"][0]
    assert button["url"] == f"https://t.me/emerald_test_bot/app?startapp=e_{code}"
    assert button["text"] == "Open in Emerald ↗"
    kinds = {entity["type"] for entity in message["entities"]}
    assert {"bold", "date_time", "text_link"} <= kinds
    assert "Bob" not in str(message)


async def test_a_message_is_prepared_only_on_share(
    prepares: Telegram, app_of: Any, alice: Any, instance: Any
) -> None:
    code = await instance()
    app = await app_of(alice)
    await app.get(f"/app/events/{code}")
    assert prepares.calls("savePreparedInlineMessage") == []
    await app.ask("POST", f"/app/events/{code}/share")
    (call,) = prepares.calls("savePreparedInlineMessage")
    assert call["params"]["user_id"] == alice.telegram_id


async def test_a_cancelled_instance_is_shared_as_cancelled(
    prepares: Telegram, app_of: Any, olga: Any, alice: Any, instance: Any
) -> None:
    """`S5`"""
    from backend.events.cancel import cancel_instance

    code = await instance(visibility="link")
    await cancel_instance(code, olga, "A pipe burst.")
    answer = await (await app_of(alice)).ask("POST", f"/app/events/{code}/share")
    message = await sent_into(prepares.chat(), prepares, alice, answer.text)
    assert "Cancelled: “A pipe burst.”" in message["text"]
    assert "Olga" not in message["text"]


async def test_of_a_groups_date_it_says_neither_where_nor_why_it_was_cancelled(
    prepares: Telegram, app_of: Any, noon: Any, olga: Any, alice: Any, instance: Any
) -> None:
    """`C9`, by the rule that the bot's shared cards keep too: the chat may be any chat."""
    from backend.events.cancel import cancel_instance

    code = await instance(visibility="group", map_url="https://maps.example/kallio")
    app = await app_of(alice)
    answer = await app.ask("POST", f"/app/events/{code}/share")
    message = await sent_into(prepares.chat(), prepares, alice, answer.text)
    assert message["text"] == "🧘 Evening flow yoga\n🗓 Thu 26 Nov, 18:00–19:15\n👥 Kallio Yoga"
    assert "maps.example" not in str(message)
    await cancel_instance(code, olga, "A pipe burst.")
    answer = await app.ask("POST", f"/app/events/{code}/share")
    message = await sent_into(prepares.chat(), prepares, alice, answer.text)
    assert "Cancelled\n" in message["text"] and "pipe" not in message["text"]


async def test_what_people_typed_is_no_link_in_what_is_sent(
    prepares: Telegram, app_of: Any, alice: Any, instance: Any, poll: Any
) -> None:
    """`X10`: only the time is more than words."""
    typed = "casino.com @olga /join"
    code = await instance(title=typed, place=typed, visibility="link")
    chosen = await poll(typed, "No", question=typed)
    app = await app_of(alice)
    for path, expected in ((f"events/{code}", ["bold", "date_time"]), (f"polls/{chosen}", ["bold"])):
        answer = await app.ask("POST", f"/app/{path}/share")
        message = await sent_into(prepares.chat(), prepares, alice, answer.text)
        assert sorted(entity["type"] for entity in message["entities"]) == expected


async def test_a_poll_is_shared_as_a_message(prepares: Telegram, app_of: Any, alice: Any, poll: Any) -> None:
    code = await poll("Soup", "Pie & tea")
    answer = await (await app_of(alice)).ask("POST", f"/app/polls/{code}/share")
    message = await sent_into(prepares.chat(), prepares, alice, answer.text)
    assert message["text"] == "📊 Who brings what?\n· Soup\n· Pie & tea\n👥 Kallio Yoga"
    (button,) = message["buttons"][0]
    assert button["url"].endswith(f"/app?startapp=p_{code}")


async def test_a_poll_of_many_options_names_a_dozen(
    prepares: Telegram, app_of: Any, alice: Any, poll: Any
) -> None:
    """`C4`"""
    code = await poll(*(f"{'Pie ' * 20}{n}" for n in range(20)))
    answer = await (await app_of(alice)).ask("POST", f"/app/polls/{code}/share")
    message = await sent_into(prepares.chat(), prepares, alice, answer.text)
    assert message["text"].count("\n· ") == 12
    assert "\n…\n" in message["text"]


@pytest.mark.parametrize(
    "fault",
    [
        {"error_code": 400, "description": "Bad Request: USER_ID_INVALID"},
        {"error_code": 429, "retry_after": 30},
        {"error_code": 500},
        {"drop_after_apply": True},
    ],
)
async def test_the_link_is_shared_when_telegram_refuses(
    prepares: Telegram, app_of: Any, alice: Any, instance: Any, fault: dict[str, Any]
) -> None:
    code = await instance()
    prepares.sandbox.fault(method="savePreparedInlineMessage", **fault)
    answer = await (await app_of(alice)).ask("POST", f"/app/events/{code}/share")
    assert (answer.status_code, answer.text) == (204, "")


async def test_beyond_ten_messages_a_minute_the_link_is_shared(
    prepares: Telegram, app_of: Any, noon: Any, alice: Any, bob: Any, instance: Any
) -> None:
    """`X7`: for this person only."""
    code = await instance()
    app = await app_of(alice)
    answers = [await app.ask("POST", f"/app/events/{code}/share") for _ in range(12)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [204] * 2
    other = await (await app_of(bob)).ask("POST", f"/app/events/{code}/share")
    assert other.status_code == 200
    clock.advance(timedelta(minutes=1))
    assert (await app.ask("POST", f"/app/events/{code}/share")).status_code == 200


async def test_shares_would_not_be_counted(
    prepares: Telegram, app_of: Any, alice: Any, instance: Any, switch_off: Any
) -> None:
    """The control."""
    switch_off("rate-limits.off")
    code, app = await instance(), await app_of(alice)
    answers = [await app.ask("POST", f"/app/events/{code}/share") for _ in range(12)]
    assert [answer.status_code for answer in answers] == [200] * 12


async def test_concurrent_shares_are_limited(
    app_of: Any, alice: Any, bob: Any, olga: Any, instance: Any
) -> None:
    """While Telegram hangs, eight requests wait for it, three of each person; further people share the link."""
    code = await instance()
    hanging, held, holds = asyncio.Event(), asyncio.Event(), 0

    async def hang(telegram_id: int, article: dict[str, Any]) -> str:
        nonlocal holds
        holds += 1
        if holds == sharing.CONCURRENT_MAX:
            held.set()
        await hanging.wait()
        return "id"

    sharing.set_share_provider(hang)
    try:
        apps = [await app_of(person) for person in (alice, bob, olga)]
        share = f"/app/events/{code}/share"
        first = [asyncio.create_task(apps[n % 3].ask("POST", share)) for n in range(8)]
        await held.wait()
        assert (await apps[2].ask("POST", share)).status_code == 204
        hanging.set()
        assert {(await each).status_code for each in first} == {200}
    finally:
        sharing.set_share_provider(None)


async def test_an_invisible_event_is_not_shared(
    prepares: Telegram, app_of: Any, web: httpx.AsyncClient, charlie: Any, instance: Any, poll: Any
) -> None:
    """`A1`"""
    app = await app_of(charlie)
    for path in (f"events/{await instance()}", f"polls/{await poll('Yes', 'No')}"):
        assert (await app.ask("POST", f"/app/{path}/share")).status_code == 404
        assert (await web.post(f"/app/{path}/share")).status_code == 401
    assert prepares.calls("savePreparedInlineMessage") == []


@pytest.mark.parametrize(
    ("visibility", "shared"),
    [
        ("group", "https://t.me/emerald_test_bot/app?startapp=e_"),
        ("link", "https://emerald.example/e/"),
    ],
)
async def test_the_shared_link_is_one_its_reader_can_open(
    app_of: Any, alice: Any, instance: Any, visibility: str, shared: str
) -> None:
    """`A5`: the public page of an event with visibility `link`, else the link into the app."""
    code = await instance(visibility=visibility)
    page = (await (await app_of(alice)).get(f"/app/events/{code}")).text
    found = re.search(r'<a href="([^"]+)" data-share="/app/events/', page)
    assert found is not None
    query = parse_qs(urlsplit(found[1].replace("&amp;", "&")).query)
    assert query == {"url": [shared + code], "text": ["Evening flow yoga"]}


# --- in a browser ---


async def test_sharing_opens_telegrams_own_dialogue(
    phone: Any, prepares: Telegram, alice: Any, instance: Any
) -> None:
    code = await instance()
    page, app = await phone.framed(alice, f"/app/events/{code}")
    await app.locator("a", has_text="Share this event").click()
    await wait_for_client(page, "() => last('web_app_send_prepared_message')")
    asked = await last_client_event(page, "web_app_send_prepared_message")
    message = await sent_into(prepares.chat(), prepares, alice, asked["id"])
    assert "Evening flow yoga" in message["text"]
    await page.evaluate("emit('prepared_message_failed', {error: 'USER_DECLINED'})")
    await app.locator("a", has_text="Share this event").click()
    await wait_for_client(
        page,
        "() => events.filter(one => one.eventType === 'web_app_send_prepared_message').length === 2",
    )
    assert await last_client_event(page, "web_app_open_tg_link") is None


async def test_an_old_client_shares_the_link(
    phone: Any, prepares: Telegram, alice: Any, instance: Any
) -> None:
    code = await instance()
    page, app = await phone.framed(alice, f"/app/events/{code}")
    await app.locator("a", has_text="Share this event").click()
    await wait_for_client(page, "() => last('web_app_send_prepared_message')")
    await page.evaluate("emit('prepared_message_failed', {error: 'UNSUPPORTED'})")
    await wait_for_client(page, "() => last('web_app_open_tg_link')")
    assert code in (await last_client_event(page, "web_app_open_tg_link"))["path_full"]


@pytest.mark.parametrize("version", ["9.1", "7.0"])
async def test_without_a_message_the_link_is_shared_silently(
    phone: Any, alice: Any, instance: Any, version: str
) -> None:
    """Telegram is unavailable, or the client is old."""
    code = await instance()
    page, app = await phone.framed(alice, f"/app/events/{code}", version=version)
    await app.locator("a", has_text="Share this event").click()
    await wait_for_client(page, "() => last('web_app_open_tg_link')")
    path = (await last_client_event(page, "web_app_open_tg_link"))["path_full"]
    assert path.startswith("/share/url?url=")
    assert await last_client_event(page, "web_app_send_prepared_message") is None
    await expect(app.locator("#offline")).to_be_hidden()
    await expect(app.locator("#notice")).to_be_empty()


async def test_outside_telegram_a_public_event_shows_its_public_page(
    phone: Any, alice: Any, instance: Any
) -> None:
    """`A5`: somebody opens a URL of the app in a browser."""
    code = await instance(visibility="link")
    page = await phone.context.new_page()
    await page.goto(f"{phone.app}/app/events/{code}")
    await expect(page.locator("h1")).to_have_text("Evening flow yoga")
    assert page.url == f"{phone.app}/e/{code}"
    link = page.get_by_role("link", name="Open in Telegram")
    await expect(link).to_have_attribute("href", re.compile(rf"startapp=e_{code}$"))


async def test_outside_telegram_an_event_of_members_is_not_shown(
    phone: Any, alice: Any, instance: Any
) -> None:
    code = await instance()
    page = await phone.context.new_page()
    await page.goto(f"{phone.app}/app/?tgWebAppStartParam=e_{code}")
    await expect(page.locator("#outside")).to_contain_text("Open in Telegram to join")
    link = page.locator("#open-in-telegram")
    await expect(link).to_have_attribute("href", re.compile(rf"startapp=e_{code}$"))
