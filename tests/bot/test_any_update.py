"""Whatever a changed client sends, and whatever somebody types, is answered or ignored: no fault of ours (`X5`, `X9`)."""

import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from traceback import format_exception
from typing import Any

import pytest
import structlog
from hypothesis import strategies as st
from structlog.testing import capture_logs

from bot.command_names import COMMANDS, ORGANISER_COMMANDS
from tests.bot.test_forged_taps import IN_GROUPS, Scene, scene
from tests.fuzzing import drawn

__all__ = ["scene"]
NAMES = ["Olga", "Charlie"]  # an organiser, a stranger
TAPS, LINES = 150, 150  # a few seconds each
# What was found.
TOO_LONG = [f"o:{'x' * 64}:none", f"s:find:{'x' * 64}"]
ONLY_SPACE = ["\u2003", "\x1f"]
_ids = itertools.count(920_000_000)
# What a client may put between the colons, and somebody after a command.
PIECES = st.sampled_from(
    [
        *("", "0", "1", "-1", "7", "²", "٧", str(2**63), "9" * 40, "join", "send", "page", "yes", "True", "None", "x" * 64),
        *("\0", "\u202e", "🧘", "%s", "{0}", "'", "<b>", "&", "tomorrow", "18:00", "2026-02-30", "+9", "Europe/Helsinki", "sk_"),
    ]
)  # fmt: skip


@pytest.fixture(autouse=True)
def _as_often_as_one_likes(switch_off: Any) -> None:
    switch_off("rate-limits.off")


@pytest.fixture
def faults() -> Iterator[list[str]]:
    """What was logged as a fault of ours."""
    found: list[str] = []
    with capture_logs() as logged:
        yield found
    found += errors_in(logged)
    assert found == []


@pytest.fixture(autouse=True)
def fresh_logger(monkeypatch: pytest.MonkeyPatch) -> None:
    """A logger that was used before keeps the processors of its time, and would be captured no more."""
    monkeypatch.setattr("bot.middleware.log", structlog.get_logger())


def errors_in(logged: Sequence[Mapping[str, Any]]) -> list[str]:
    faults = [line for line in logged if line["log_level"] in ("error", "critical")]
    return [f"{line['event']}: {''.join(format_exception(line.get('exc_info')))}" for line in faults]


def data_like(forms: list[str]) -> st.SearchStrategy[str]:
    """Any data of a tap: of our forms with other values, and without any form."""

    def changed(form: str, at: int, piece: str) -> str:
        parts = form.split(":")
        parts[at % len(parts)] = piece
        return ":".join(parts)

    some_form = st.sampled_from(forms)
    anything = st.text(st.characters(codec="utf-8"), min_size=1, max_size=64)
    return (
        st.builds(changed, some_form, st.integers(0, 4), PIECES | anything)
        | st.builds("{}:{}".format, some_form, PIECES)
        | anything
    )


@pytest.mark.parametrize("name", NAMES)
async def test_any_data_of_a_tap_is_answered(scene: Scene, name: str, faults: list[str]) -> None:
    room = scene.telegram.person(name).private
    chat = {"id": room.id, "type": "private", "first_name": name}
    scene.messages["private"] = {"message_id": 1, "date": int(time.time()), "chat": chat, "text": "a card"}
    places = itertools.cycle(["private", *IN_GROUPS])
    for data, where in zip([*TOO_LONG, *drawn(data_like(scene.forms), TAPS)], places, strict=False):
        text, _ = await scene.tap(name, where, data)
        assert "wrong on our side" not in text, (where, data)


def lines() -> st.SearchStrategy[str]:
    """A command, perhaps of ours, with any words after it; or any text."""
    anything = st.text(st.characters(codec="utf-8"), max_size=60)
    commands = st.sampled_from([*COMMANDS, *ORGANISER_COMMANDS, "start", "Book", "nothing"]) | anything
    words = st.lists(PIECES | anything, max_size=4).map(" ".join)
    bots = st.sampled_from(["", "@emerald_test_bot", "@another_bot"])
    return st.builds("/{}{} {}".format, commands, bots, words) | anything


@pytest.mark.parametrize("name", NAMES)
async def test_any_line_is_answered_or_ignored(scene: Scene, name: str, faults: list[str]) -> None:
    telegram = scene.telegram
    await telegram.start(name)
    private = {"id": telegram.person(name).private.id, "type": "private", "first_name": name}
    group = {"id": telegram.chat().id, "type": "supergroup", "title": "Kallio Yoga"}
    user = {"id": telegram.person(name).id, "is_bot": False, "first_name": name}
    for line, chat in zip(
        [*ONLY_SPACE, *drawn(lines(), LINES)], itertools.cycle([private, group]), strict=False
    ):
        command = {"type": "bot_command", "offset": 0, "length": len(line.split(" ")[0])}
        message = {
            "message_id": next(_ids),
            "date": int(time.time()),
            "chat": chat,
            "from": user,
            "text": line,
        }
        if line.startswith("/"):
            message["entities"] = [command]
        update = {"update_id": next(_ids), "message": message}
        await telegram.dispatcher.feed_raw_update(telegram.bot, update)
    answers = telegram.calls("sendMessage")
    assert len(answers) > LINES / 4
    assert [one for one in answers if "wrong on our side" in one["params"].get("text", "")] == []


async def test_a_fault_would_be_noticed(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control."""

    async def fail(query: Any) -> None:
        raise RuntimeError(query.data)

    monkeypatch.setattr("bot.middleware.verify_tap", fail)
    with capture_logs() as logged:
        text, _ = await scene.tap("Olga", "event card", f"s:join:{scene.event}")
    assert "wrong on our side" in text
    assert errors_in(logged)
