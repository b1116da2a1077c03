"""A changed client can send any data under any message with buttons: it changes nothing for others (`X9`).

Every form of callback data that was ever released, under each kind of message, by an organiser, a member and
a stranger.
"""

import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from backend import db
from backend.announcements.actions import create_announcement
from backend.announcements.drafts import AnnouncementDraft
from backend.cards.actions import post_card, post_poll_card
from backend.cards.posting import claim_due, record_posted
from backend.cards.rules import UNSCHEDULED
from backend.cards.shared import share_instance, share_poll
from backend.errors import Refusal
from backend.events.queries import find_instance
from backend.people.sign_ins import begin_sign_in
from backend.polls.actions import create_poll, find_poll
from backend.polls.drafts import OptionDraft, PollDraft
from bot.callbacks import BUTTON_PLACES
from bot.cards import render_card
from bot.delivery.client import post
from bot.retired_callbacks import find_retired_sentence
from bot.tap_verification import verify_tap
from sandbox.client import SandboxChat, SandboxPerson
from tests.bot.test_every_tap import all_callbacks
from tests.bot.test_released_callbacks import CODE, RELEASED, query
from tests.telegram import Telegram

Make = Callable[..., Awaitable[str]]
READERS = ["Olga", "Alice", "Charlie"]  # an organiser, a member, a stranger
IN_GROUPS = ["event card", "poll card", "link offer", "answer in a group", "inaccessible"]
SHARED = [
    "shared event card",
    "shared poll card",
]  # by inline mode: Telegram tells only the id of the message
ELSEWHERE = [*SHARED, "inline", "channel", "the private chat of another"]
# What the forms could change for others than the reader.
TABLES = (
    "event_instances", "instance_seats", "polls", "announcements", "cards", "shared_cards", "groups",
    "accounts", "messages", "sign_ins",
)  # fmt: skip
# What stands on cards of an instance and of a poll, now or after the next change.
ON_CARDS = {"s:join", "s:more", "s:leave", "s:take"}
_ids = itertools.count(910_000_000)


@dataclass(frozen=True)
class Scene:
    """Messages of each kind, as Telegram sends them with a tap, and the data of each released form."""

    telegram: Telegram
    event: str
    poll: str
    forms: list[str]
    messages: dict[str, dict[str, Any] | None]
    people: dict[str, SandboxPerson]
    calls: list[dict[str, Any]]  # all that the bot has made so far

    async def tap(self, name: str, where: str, data: str) -> tuple[str, list[dict[str, Any]]]:
        """Send a tap with this data; the text of its answer, and the bot's other calls."""
        person = self.people[name]
        query: dict[str, Any] = {"id": person.press(), "chat_instance": "1", "data": data}
        query["from"] = {"id": person.id, "is_bot": False, "first_name": name}
        message = self.messages[where]
        inline_id = where if where in SHARED else "AAAA"
        query |= {"inline_message_id": inline_id} if message is None else {"message": message}
        update = {"update_id": next(_ids), "callback_query": query}
        await self.telegram.dispatcher.feed_raw_update(self.telegram.bot, update)
        calls = self.new_calls()
        [answer] = [call["params"] for call in calls if call["method"] == "answerCallbackQuery"]
        return answer.get("text", ""), [call for call in calls if call["method"] != "answerCallbackQuery"]

    def new_calls(self) -> list[dict[str, Any]]:
        """What the bot has called since this was asked last."""
        new = self.telegram.sandbox.calls(after=self.calls[-1]["number"])
        self.calls.extend(new)
        return new

    def stands_there(self, where: str, data: str) -> bool:
        """Whether a button of that message may say this."""
        if where.endswith(" card"):
            code = self.event if "event" in where else self.poll
            kinds = ON_CARDS if "event" in where else {"v"}
            return any(data.startswith(f"{kind}:{code}") for kind in kinds)
        return where == "link offer" and data.startswith("g:")


async def state_of_tables() -> dict[str, Any]:
    """The rows of each table."""
    columns = (f"(SELECT json_agg(t ORDER BY t::text)::text FROM {table} t) AS {table}" for table in TABLES)
    [row] = await db.rows(f"SELECT {', '.join(columns)}")
    return dict(row)


async def forge(scene: Scene, name: str, where: str) -> AsyncIterator[str]:
    """Tap with every form that stands nowhere under this message; what the taps did, which is to be nothing."""
    before = await state_of_tables()
    for data in scene.forms:
        if scene.stands_there(where, data):
            continue
        text, calls = await scene.tap(name, where, data)
        for call in calls:
            yield f"{data} made the bot call {call['method']}"
        if not text:
            yield f"{data} was answered by nothing"
        after = await state_of_tables()
        for table in TABLES:
            if after[table] != before[table]:
                yield f"{data} changed {table}"
        before = after


@pytest.fixture
async def scene(
    telegram: Telegram, olga: Any, alice: Any, account: Any, series: Any, instance: Make
) -> Scene:
    made = await series(rule="FREQ=WEEKLY")
    event = made.first_code
    draft = PollDraft(
        question="Tea?", options=(OptionDraft("Chai"), OptionDraft("Sencha")), group_id=account.group_id
    )
    poll = await create_poll(olga, account.id, draft)
    announcement = await create_announcement(
        olga, account.id, AnnouncementDraft(text="Hello", to_members=True)
    )
    sign_in = await begin_sign_in("Firefox")
    yoga, strangers = telegram.chat(), telegram.sandbox.make_chat("Padel", creator="Olga", with_bot=False)
    await telegram.during(strangers.bot, "member")  # offers to link the group
    event_card = await _posted(telegram, yoga, post_card(olga, event))
    poll_card = await _posted(telegram, yoga, post_poll_card(olga, poll))
    answer = await telegram.say("Olga", "/help", yoga)
    card_id = await db.value("SELECT min(id) FROM cards")
    ids = {
        "z": account.id,
        "a": announcement,
        "g": account.id,
        "r": card_id,
        "rs": made.series_id,
        "rx": made.series_id,
    }

    def about_them(form: str) -> str:
        kind = form.partition(":")[0]
        form = form.replace(CODE, poll if kind in ("p", "v", "pr", "pm") else event)
        return form.replace("0123456789abcdef", sign_in.key).replace(":7", f":{ids.get(kind, 7)}", 1)

    await share_instance(await find_instance(event), "shared event card")
    await share_poll(await find_poll(poll), "shared poll card")
    return Scene(
        telegram,
        event,
        poll,
        [about_them(form) for form in RELEASED],
        {
            "event card": _as_telegram_sends(yoga, event_card),
            "poll card": _as_telegram_sends(yoga, poll_card),
            "link offer": _as_telegram_sends(strangers, telegram.last(strangers)),
            "answer in a group": _as_telegram_sends(yoga, answer),
            "inaccessible": {"message_id": event_card["id"] + 900, "date": 0, "chat": _chat(yoga.id)},
            "shared event card": None,
            "shared poll card": None,
            "inline": None,
            "channel": _as_telegram_sends(yoga, event_card) | {"chat": {"id": -1009, "type": "channel"}},
            "the private chat of another": _as_telegram_sends(yoga, answer)
            | {"chat": _chat(1007, "private")},
        },
        {name: telegram.person(name) for name in READERS},
        telegram.sandbox.calls(),
    )


async def _posted(telegram: Telegram, chat: SandboxChat, posting: Awaitable[None]) -> dict[str, Any]:
    await posting
    job = await claim_due([])
    assert job is not None
    drawn = await render_card(instance_id=job.instance_id, poll_id=job.poll_id)
    assert drawn is not None
    sent = await post(telegram.bot, job.chat_id, drawn.message)
    await record_posted(job, sent.message_id, drawn.message.digest, UNSCHEDULED)
    return telegram.last(chat)


def _chat(chat_id: int, kind: str = "supergroup") -> dict[str, Any]:
    return {"id": chat_id, "type": kind, "title": "Kallio Yoga", "first_name": "Mikko"}


def _as_telegram_sends(chat: SandboxChat, message: dict[str, Any]) -> dict[str, Any]:
    return {
        "message_id": message["id"],
        "chat": _chat(chat.id),
        "date": int(time.time()),
        "text": message["text"],
        "reply_markup": {"inline_keyboard": message["buttons"]},
    }


def test_each_kind_of_button_has_its_places() -> None:
    assert set(all_callbacks()) == set(BUTTON_PLACES)


@pytest.mark.parametrize("data", [data for data in RELEASED if find_retired_sentence(data) is None])
async def test_no_form_passes_where_no_button_can_stand(data: str) -> None:
    """Not even one that shares its prefix with another."""
    with pytest.raises(Refusal):
        await verify_tap(query(data))


@pytest.mark.parametrize("where", IN_GROUPS + ELSEWHERE)
@pytest.mark.parametrize("name", READERS)
async def test_forged_data_does_nothing(scene: Scene, name: str, where: str) -> None:
    assert [found async for found in forge(scene, name, where)] == []


@pytest.mark.parametrize("where", [*IN_GROUPS, *SHARED])
async def test_unverified_taps_would_reach_the_group(scene: Scene, where: str, switch_off: Any) -> None:
    """The control of the test before: without the check it finds what handlers do to others' messages."""
    switch_off("taps.unverified")
    assert await anext(forge(scene, "Olga", where), None)


@pytest.mark.parametrize("name", READERS)
async def test_in_private_one_reaches_only_ones_own_chat(scene: Scene, name: str) -> None:
    """Any data there is answered, and what the bot then shows is shown to the reader."""
    own = await scene.telegram.start(name)
    scene.new_calls()
    room = scene.telegram.person(name).private
    scene.messages["private"] = _as_telegram_sends(room, own) | {"chat": _chat(room.id, "private")}
    before = await state_of_tables()
    for data in scene.forms:
        _, calls = await scene.tap(name, "private", data)
        assert {int(call["params"]["chat_id"]) for call in calls} <= {room.id}, (data, calls)
    after = await state_of_tables()
    if name != "Olga":
        assert {table for table in TABLES if after[table] != before[table]} <= {"instance_seats", "sign_ins"}


async def test_a_card_that_changed_since_the_tap_still_answers_it(scene: Scene) -> None:
    """Two people tap at once: the second taps a button that the card has lost meanwhile."""
    shown = scene.messages["event card"]
    assert shown is not None
    shown["reply_markup"] = {"inline_keyboard": [[{"text": "Open", "url": "https://t.me/x"}]]}
    text, _ = await scene.tap("Alice", "event card", f"s:join:{scene.event}")
    assert text.startswith("You’re in.")
    scene.messages["event card"] = {"message_id": shown["message_id"], "date": 0, "chat": shown["chat"]}
    text, _ = await scene.tap("Alice", "event card", f"s:leave:{scene.event}")
    assert text == "You’ve left."


async def test_a_shared_card_takes_taps_about_what_it_shows_alone(scene: Scene, instance: Make) -> None:
    """It is bound to the id of its message, which another message cannot have."""
    text, calls = await scene.tap("Alice", "shared event card", f"s:join:{scene.event}")
    assert text.startswith("You’re in.") and not calls
    other = await instance()
    for where, code in (
        ("shared event card", other),
        ("shared poll card", scene.event),
        ("inline", scene.event),
    ):
        text, calls = await scene.tap("Alice", where, f"s:join:{code}")
        assert "too old" in text and not calls, where
    assert await db.value("SELECT count(*) FROM bookings WHERE answer = 'in'") == 1


async def test_a_lost_card_is_not_found_under_another_message(
    scene: Scene, instance: Make, olga: Any
) -> None:
    """C1: the first tap on it makes it known; a tap that only says so would have another message rewritten."""
    other = await instance()
    await post_card(olga, other)
    await claim_due([])
    await db.execute(
        "UPDATE cards SET state = 'lost', trouble = 'unknown', lost_at = now() WHERE state = 'posting'"
    )
    for where in IN_GROUPS:
        await scene.tap("Alice", where, f"s:join:{other}")
        assert await db.value("SELECT count(*) FROM cards WHERE state = 'lost'") == 1, where


NUMBERS = ["9223372036854775808", "9" * 40, "-1", "²", "٧", "７", "+7", " 7", "7.0", "1_0", "007", ""]
FORMS_WITH_NUMBERS = [
    "r:%s", "g:%s", "a:send:%s:0", "a:club:1:%s", "rs:%s", "rx:%s", "o:lead:%s", "v:{code}:%s", "pm:{code}:%s:1",
    "d:{code}:%s", "s:join:\x00%s", "o:zone:\x00%s",
]  # fmt: skip


@pytest.mark.parametrize("where", ["private", "event card"])
async def test_odd_numbers_are_a_plain_no(scene: Scene, where: str) -> None:
    """Beyond 64 bits, in digits of other scripts, or spelt as no button of ours spells them."""
    room = scene.telegram.person("Olga").private
    scene.messages["private"] = {"message_id": 1, "date": 0, "chat": _chat(room.id, "private")}
    for form, number in itertools.product(FORMS_WITH_NUMBERS, NUMBERS):
        text, calls = await scene.tap("Olga", where, form.replace("{code}", scene.event) % number)
        assert text and "went wrong on our side" not in text and not calls, (form, number, text)
