"""Signing in to the dashboard through the bot (`X3`)."""

from datetime import datetime
from typing import Any

from backend import db
from backend.people.queries import person_of_browser
from backend.people.sign_ins import SignInLink, begin_sign_in, finish_sign_in, sign_in_state
from bot.callbacks import SignInCallback
from tests.telegram import Telegram, buttons


def wrong_number(asked: dict[str, Any], link: SignInLink) -> str:
    return next(label for label in buttons(asked)[0] if label != str(link.number))


async def test_the_bot_says_which_browser_asks_and_when(
    telegram: Telegram, olga: Any, noon: datetime
) -> None:
    link = await begin_sign_in("Firefox on <Linux>")
    asked = await telegram.start("Olga", f"in_{link.key}")
    assert "Is it you" in asked["text"] and "Browser: Firefox on <Linux>" in asked["text"]
    assert (
        "Asked at 12:00 (UTC)" in asked["text"] and "Tap the number that the browser shows." in asked["text"]
    )
    numbers, no = buttons(asked)
    assert len(set(numbers)) == 3 and str(link.number) in numbers and no == ["It wasn’t me"]
    assert all(number.isdecimal() and len(number) == 2 for number in numbers)
    again = await telegram.start("Olga", f"in_{link.key}")
    assert buttons(again) == buttons(asked), "asking twice does not tell which it is"
    assert await sign_in_state(link.browser_key) == "waiting"


async def test_the_browsers_number_signs_it_in(telegram: Telegram, olga: Any) -> None:
    link = await begin_sign_in("Firefox")
    asked = await telegram.start("Olga", f"in_{link.key}")
    answer = await telegram.tap("Olga", asked, str(link.number))
    assert answer == {"text": "You’re signed in. Go back to the browser.", "show_alert": False}
    done = telegram.last(telegram.person("Olga").private)
    assert "You’re signed in on: Firefox" in done["text"] and not done["buttons"]
    person = await person_of_browser(await finish_sign_in(link.browser_key))
    assert person is not None and person.telegram_id == 1001


async def test_another_number_signs_nobody_in(telegram: Telegram, olga: Any) -> None:
    """Whoever taps without a look at the browser signs in nobody, and has one try."""
    link = await begin_sign_in("Firefox")
    asked = await telegram.start("Olga", f"in_{link.key}")
    again = await telegram.start("Olga", f"in_{link.key}")
    answer = await telegram.tap("Olga", asked, wrong_number(asked, link))
    assert answer["show_alert"] and "not the number in the browser" in answer["text"]
    assert await sign_in_state(link.browser_key) == "refused"
    assert "used up" in (await telegram.tap("Olga", again, str(link.number)))["text"]
    assert await sign_in_state(link.browser_key) == "refused"


async def test_any_number_would_sign_in(telegram: Telegram, olga: Any, switch_off: Any) -> None:
    """The control of the test before."""
    switch_off("sign-ins.any-number")
    link = await begin_sign_in("Firefox")
    asked = await telegram.start("Olga", f"in_{link.key}")
    await telegram.tap("Olga", asked, wrong_number(asked, link))
    assert await sign_in_state(link.browser_key) == "confirmed"


async def test_no_signs_nobody_in(telegram: Telegram, olga: Any) -> None:
    link = await begin_sign_in("Firefox")
    asked = await telegram.start("Olga", f"in_{link.key}")
    answer = await telegram.tap("Olga", asked, "It wasn’t me")
    assert answer["show_alert"] and "Nobody was signed in." in answer["text"]
    assert await sign_in_state(link.browser_key) == "refused"


async def test_the_first_answer_counts(telegram: Telegram, olga: Any) -> None:
    """An answered link is used up, also for other messages with it."""
    link = await begin_sign_in("Firefox")
    first = await telegram.start("Olga", f"in_{link.key}")
    second = await telegram.start("Olga", f"in_{link.key}")
    await telegram.tap("Olga", first, "It wasn’t me")
    answer = await telegram.tap("Olga", second, str(link.number))
    assert "used up or too old" in answer["text"]
    assert await sign_in_state(link.browser_key) == "refused"


async def test_an_old_link_says_so(telegram: Telegram, olga: Any) -> None:
    reply = await telegram.start("Olga", "in_nosuchkey")
    assert "used up or too old" in reply["text"]


async def test_a_link_of_the_release_before_has_no_number_and_is_used_up(
    telegram: Telegram, olga: Any
) -> None:
    link = await begin_sign_in("Firefox")
    await db.execute("UPDATE sign_ins SET number = NULL, numbers = '{}'")
    assert "used up or too old" in (await telegram.start("Olga", f"in_{link.key}"))["text"]


async def test_a_plain_yes_is_retired(telegram: Telegram, olga: Any) -> None:
    """It stood under questions of the release before, and a changed client can send it."""
    link = await begin_sign_in("Firefox")
    asked = await telegram.start("Olga", f"in_{link.key}")
    press = telegram.person("Olga").press()
    query = {
        "id": press,
        "from": {"id": 1001, "is_bot": False, "first_name": "Olga"},
        "chat_instance": "1",
        "data": SignInCallback(yes=True, key=link.key).pack(),
        "message": {"message_id": asked["id"], "date": 0, "chat": {"id": 1001, "type": "private"}},
    }
    await telegram.dispatcher.feed_raw_update(
        telegram.bot, {"update_id": 910_900_001, "callback_query": query}
    )
    [answer] = telegram.calls("answerCallbackQuery")
    assert answer["params"]["text"] == "Ask for a new link in the browser, and tap the number that it shows."
    assert await sign_in_state(link.browser_key) == "waiting"
