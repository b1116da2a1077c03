"""Updates of a newer Bot API than aiogram knows: never lost, never stuck, logged once; and every kind that it knows, filled
with anything: no fault of ours, and nothing written that only people write."""

import enum
import random
import time
import types
import typing
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import structlog
from aiogram.types import Update
from pydantic import BaseModel
from structlog.testing import capture_logs

from bot import updates
from bot.delivery.client import get_updates
from bot.updates import read_update
from tests.bot.test_any_update import errors_in
from tests.bot.test_forged_taps import state_of_tables
from tests.telegram import Telegram

OLGA = {"id": 1001, "is_bot": False, "first_name": "Olga"}
PRIVATE = {"id": 1001, "type": "private", "first_name": "Olga"}
KINDS = sorted(set(Update.model_fields) - {"update_id"})
EACH = 12  # updates of each kind
# Only people's own acts by known buttons and commands write these.
UNTOUCHED = (
    *(
        "accounts",
        "api_keys",
        "bookings",
        "event_series",
        "event_instances",
        "event_participation_log",
        "polls",
    ),
    *("poll_votes", "announcements", "messages", "audit_log", "regulars", "conversations"),
)


@pytest.fixture(autouse=True)
def anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(updates, "_logged", set())
    for module in ("bot.updates", "bot.middleware"):
        monkeypatch.setattr(f"{module}.log", structlog.get_logger())


def message(**fields: Any) -> dict[str, Any]:
    return {"message_id": 5, "date": int(time.time()), "chat": PRIVATE, "from": OLGA, **fields}


def command(text: str, **fields: Any) -> dict[str, Any]:
    entity = {"type": "bot_command", "offset": 0, "length": len(text)}
    return message(text=text, entities=[entity], **fields)


@pytest.mark.parametrize(
    "unknown",
    [
        {"forward_origin": {"type": "hologram", "date": 1}},
        {"reply_markup": {"inline_keyboard": "none"}},
        {"paid_media": {"star_count": "many", "paid_media": [{"type": "smell"}]}},
        {"entities": [{"type": "smell", "offset": 0, "length": 5}]},
        {"a_new_field": {"of": "10.9"}},
        {"chat_background_set": {"type": {"type": "smell"}}},
    ],
)
async def test_a_command_with_what_nobody_knows_is_answered(
    telegram: Telegram, olga: Any, unknown: dict[str, Any]
) -> None:
    await telegram.start("Olga")
    fields = {**command("/help"), **unknown}
    if "entities" in unknown:
        fields["entities"] = [*command("/help")["entities"], *unknown["entities"]]
    update = read_update({"update_id": 7_000_001, "message": fields}, telegram.bot)
    assert update is not None
    await telegram.dispatcher.feed_update(telegram.bot, update)
    assert telegram.last(telegram.person("Olga").private)["text"].startswith("Commands")


@pytest.mark.parametrize(
    "raw",
    [
        {"update_id": 1, "a_new_kind": {"id": 5}},
        {"update_id": 1},
        {
            "update_id": 1,
            "my_chat_member": {
                "chat": PRIVATE,
                "from": OLGA,
                "date": 1,
                "new_chat_member": {"status": "ghost"},
            },
        },
        {"update_id": 1, "message": {"message_id": 5}},
        {"update_id": 1, "message": "text"},
        {"update_id": 1, "message": None, "callback_query": []},
    ],
)
def test_what_cannot_be_read_is_logged_once(telegram_bot: Any, raw: dict[str, Any]) -> None:
    with capture_logs() as logged:
        assert [read_update(raw, telegram_bot) for _ in range(3)] == [None, None, None]
    seen = [line["error"] for line in logged if line["event"] == "update not understood"]
    assert seen and len(seen) == len(set(seen))


@pytest.fixture
def telegram_bot(connected: tuple[Any, Any]) -> Any:
    return connected[0]


async def test_the_poll_goes_on_behind_an_update_that_nobody_knows(
    telegram: Telegram, olga: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of a batch are read, whatever one of them is."""
    person = telegram.person("Olga")
    person.say("/help")
    raws = await get_updates(telegram.bot, None, ["message"], 0)
    assert raws and all(isinstance(raw, dict) for raw in raws)
    assert [read_update(raw, telegram.bot) is not None for raw in raws] == [True] * len(raws)


# --- every kind, filled with anything ---


class Filler:
    """Fills a model of aiogram with what its fields may have, some left out."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def fill(self, model: type[BaseModel], depth: int = 0) -> dict[str, Any]:
        model.model_rebuild()  # ours are built when they are needed (decision 0008)
        filled = {}
        for name, field in model.model_fields.items():
            is_tag = typing.get_origin(field.annotation) is typing.Literal
            if not (field.is_required() or is_tag) and (depth > 3 or self.random.random() > 0.3):
                continue
            filled[field.alias or name] = self.value(field.annotation, name, depth)
        return {name: value for name, value in filled.items() if value is not None}

    def value(self, kind: Any, name: str, depth: int) -> Any:
        origin, parts = typing.get_origin(kind), typing.get_args(kind)
        if origin is typing.Annotated:
            return self.value(parts[0], name, depth)
        if origin in (typing.Union, types.UnionType):
            return self.value(
                self.random.choice([part for part in parts if part is not type(None)]), name, depth
            )
        if origin is typing.Literal:
            return self.random.choice(parts)
        if origin in (list, tuple):
            count = 0 if depth > 3 else self.random.randint(0, 2)
            return [self.value(parts[0], name, depth + 1) for _ in range(count)]
        if not isinstance(kind, type):
            return None
        if issubclass(kind, enum.Enum):
            return self.random.choice(list(kind)).value
        if issubclass(kind, BaseModel):
            return self.fill(kind, depth + 1)
        return self.plain(kind, name)

    def plain(self, kind: type, name: str) -> Any:
        if name == "type" and issubclass(kind, str):
            return self.random.choice(["private", "group", "supergroup", "channel", "bot_command", "smell"])
        if issubclass(kind, bool):
            return self.random.random() < 0.5
        if issubclass(kind, datetime | timedelta):
            return int(time.time())
        if issubclass(kind, int):
            return self.random.choice([0, 1, -1, 1001, 1002, 2**31, 2**52, -(10**12)])
        if issubclass(kind, float):
            return 0.5
        if issubclass(kind, str):
            return self.random.choice(
                ["", "x", "/book yoga +1", "/create", "Привет", "\u202e<b>&", "🧘" * 600]
            )
        return None


@pytest.fixture
def faults() -> Iterator[list[str]]:
    found: list[str] = []
    with capture_logs() as logged:
        yield found
    assert errors_in(logged) == []


@pytest.mark.parametrize("kind", KINDS)
async def test_every_kind_of_update_is_handled_or_ignored(
    telegram: Telegram, alice: Any, instance: Any, switch_off: Any, faults: list[str], kind: str
) -> None:
    switch_off("rate-limits.off")
    await instance(title="Evening yoga")
    await telegram.start("Olga")
    before = await state_of_tables()
    read = 0
    for seed in range(EACH):
        filler = Filler(hash((kind, seed)) % 2**31)
        body = filler.value(Update.model_fields[kind].annotation, kind, 0)
        update = read_update(
            {"update_id": 8_000_000 + seed + 100 * KINDS.index(kind), kind: body}, telegram.bot
        )
        if update is None:
            continue
        read += 1
        await telegram.dispatcher.feed_update(telegram.bot, update)
    assert read > EACH / 2, updates._logged
    after = await state_of_tables()
    changed = {table for table in UNTOUCHED if table in after and after[table] != before[table]}
    assert changed <= ({"bookings"} if kind in ("message", "callback_query") else set())
