"""Signing in to the dashboard through the bot (`X3`)."""

from typing import Any

from backend.people.queries import person_of_browser
from backend.people.sign_ins import begin_sign_in, finish_sign_in, sign_in_state
from tests.telegram import Telegram, buttons


async def test_a_browser_is_signed_in_only_after_a_yes(telegram: Telegram, olga: Any) -> None:
    link = await begin_sign_in("Firefox on <Linux>")
    asked = await telegram.start("Olga", f"in_{link.key}")
    assert "Is it you" in asked["text"] and "Browser: Firefox on <Linux>" in asked["text"]
    assert buttons(asked) == [["Yes, sign me in"], ["It wasn’t me"]]
    assert await sign_in_state(link.browser_key) == "waiting"


async def test_yes_signs_the_browser_in(telegram: Telegram, olga: Any) -> None:
    link = await begin_sign_in("Firefox")
    asked = await telegram.start("Olga", f"in_{link.key}")
    answer = await telegram.tap("Olga", asked, "Yes")
    assert answer == {"text": "You’re signed in. Go back to the browser.", "show_alert": False}
    done = telegram.last(telegram.person("Olga").private)
    assert "You’re signed in on: Firefox" in done["text"] and not done["buttons"]
    person = await person_of_browser(await finish_sign_in(link.browser_key))
    assert person is not None and person.telegram_id == 1001


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
    answer = await telegram.tap("Olga", second, "Yes")
    assert "used up or too old" in answer["text"]
    assert await sign_in_state(link.browser_key) == "refused"


async def test_an_old_link_says_so(telegram: Telegram, olga: Any) -> None:
    reply = await telegram.start("Olga", "in_nosuchkey")
    assert "used up or too old" in reply["text"]
