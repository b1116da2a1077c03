"""Buttons of released versions: messages keep them for years, so a tap on one is handled, or answered as
retired."""

from typing import Any

import pytest
from aiogram.types import CallbackQuery, User

from bot import retired_callbacks
from bot.dispatcher import make_dispatcher
from bot.handlers.fallback import answer_unknown_button
from bot.retired_callbacks import find_retired_sentence

CODE = "abcdefghjk"

# All callback data that 0.3.0 put under messages (0.1 and 0.2 had no other), and what 0.4.0 adds: `z`, `n`, `b`, `u`, `l`,
# `lc`, `x`, `ce`, `m`, `k`, `y`, `ad`, `ky`, `au`, `pc`, `cd`. The list only grows: a release that adds a form adds it here;
# a release that stops handling one leaves it here, and adds it to `RETIRED`.
RELEASED = [
    *(
        f"s:{action}:{CODE}"
        for action in (
            "join", "more", "leave", "stop", "cant", "maybe", "take", "free", "pass", "find", "keep",
        )
    ),
    f"e:{CODE}",
    f"p:{CODE}",
    f"v:{CODE}:7",
    *(f"pr:{action}:{CODE}" for action in ("close", "now", "make", "remind", "back")),
    f"pm:{CODE}:7:12",
    f"pm:{CODE}:0:0",
    f"k:{CODE}",
    f"d:{CODE}:1",
    f"d:{CODE}:0",
    "i:1:0123456789abcdef",
    "i:0:0123456789abcdef",
    "n:47:0123456789abcdef",
    "g:7",
    *(f"a:{action}:7:0" for action in ("groups", "members", "send", "cancel", "stop")),
    "a:club:7:8",
    "o:page:",
    *(f"o:page:{page}" for page in ("leads", "languages", "zones")),
    *(f"o:kind:{kind}" for kind in ("reminders", "nudges", "polls", "announcements")),
    "o:lead:",
    "o:lead:none",
    "o:lead:120",
    "o:language:fi",
    "o:zone:Europe/Helsinki",
    "c",
    "z:0:",
    "z:0:Europe/Helsinki",
    "z:7:*",
    "z:9223372036854775807:America/Argentina/ComodRivadavia",
    "r:7",
    "rs:7",
    "rx:7",
    f"b:{CODE}:2:0",
    f"b:{CODE}::47",
    *(f"ce:{what}" for what in ("edit:", "edit:day", "cancel:", "confirm:47", "club:7", "repeat:weekly")),
    *(f"ce:{what}" for what in ("day:2026-12-24", "time:1800", "group:7-3", "group:0", "seats:12")),
    *(f"m:{action}:{CODE}" for action in ("show", "people", "post", "back")),
    *(f"k:{action}:{CODE}" for action in ("show", "close", "reopen")),
    *(f"y:{action}:{CODE}:0" for action in ("line", "list")),
    *(f"y:{action}:{CODE}:7" for action in ("asks", "seat", "over", "askr", "remove")),
    *(f"ad:{action}:{CODE}:7:12345" for action in ("who", "ask", "seat", "over", "wait")),
    *(f"ky:{what}" for what in ("role:MEMBER", "uses:10", "club:7", "make:12345", "cancel:")),
    *("au:7:0", "au:7:12"),
    *(f"cd:{what}" for what in (f"askc:{CODE}:0", f"why:{CODE}:2", f"cancel:{CODE}:12345", f"undo:{CODE}:0")),
    *(f"cd:{what}" for what in (f"askm:{CODE}:0", f"by:{CODE}:-60", f"move:{CODE}:12345")),
    *(f"cd:{what}" for what in (f"askt:{CODE}:0", f"asks:{CODE}:0", f"seats:{CODE}:12", f"save:{CODE}:12345")),
    *(f"pc:{what}" for what in ("club:7", "group:7-3", "several:", "anonymous:", "question:", "confirm:12345", "cancel:")),
    *(f"su:{what}" for what in ("link:-1001234567890:7", "new:-1001234567890:", "new:-1001234567890:Europe/Helsinki")),
    *(f"su:{what}" for what in ("new:-1001234567890:*", "look:-1001234567890:")),
    f"u:{CODE}:",
    f"u:{CODE}:2",
    "l:1:0",
    "l:0:7",
    *(f"lc:7:{answer}" for answer in ("", "yes", "no")),
    *(f"x:{action}" for action in ("export", "ask", "back", "erase")),
]  # fmt: skip


def query(data: str) -> CallbackQuery:
    alice = User(id=1002, is_bot=False, first_name="Alice")
    return CallbackQuery(id="1", from_user=alice, chat_instance="1", data=data)


async def find_handler(data: str) -> Any:
    """The handler that the dispatcher gives a tap to, by the filters of all its routers in their order."""
    tap = query(data)
    for router in make_dispatcher().sub_routers:
        for handler in router.callback_query.handlers:
            accepts, _ = await handler.check(tap, person=object())
            if accepts:
                return handler.callback
    raise AssertionError(f"Nothing answers a tap on {data}.")


@pytest.mark.parametrize("data", RELEASED)
async def test_a_released_button_is_handled_or_retired(data: str) -> None:
    is_handled = await find_handler(data) is not answer_unknown_button
    assert is_handled != (find_retired_sentence(data) is not None)


@pytest.mark.parametrize("data", ["s:dance:abcdefghjk", "s:join", "zz:1", "", "v:abcdefghjk:seven"])
async def test_any_other_button_is_answered_too(data: str) -> None:
    assert await find_handler(data) is answer_unknown_button


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ("zz:1", "Send /events instead."),
        ("s:join:abcdefghjk", "Send /book instead."),
        ("s:leave:abcdefghjk", None),
        ("z:1", None),
    ],
)
def test_a_retired_form_has_its_sentence(
    monkeypatch: pytest.MonkeyPatch, data: str, sentence: str | None
) -> None:
    retired = {"zz": "Send /events instead.", "s:join": "Send /book instead."}
    monkeypatch.setattr(retired_callbacks, "RETIRED", retired)
    assert find_retired_sentence(data) == sentence
