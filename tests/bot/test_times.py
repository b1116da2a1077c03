"""Times in Telegram's texts: bold, italic, struck or linked they would lose it. (The fixture `telegram` looks at
every text that the bot sends in any test.)"""

import re
from pathlib import Path

import pytest

from tests.telegram import styled_times

SNAPSHOTS = Path(__file__).parents[1]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('<b>Fri</b>, <tg-time unix="1">18:00</tg-time>', 0),
        ('<b><tg-time unix="1">18:00</tg-time></b>', 1),
        ('<tg-time unix="1">at <i>18:00</i></tg-time>', 1),
        ('<a href="https://x.fi">See <tg-time unix="1">18:00</tg-time></a> <s>no</s>', 1),
        ('<blockquote><tg-time unix="1">18:00</tg-time></blockquote>', 0),
    ],
)
def test_a_styled_time_is_found(text: str, found: int) -> None:
    assert len(styled_times(text)) == found


def test_no_message_of_any_kind_has_a_styled_time() -> None:
    """Every card, message and answer, in each language: the snapshots show them all."""
    files = sorted(SNAPSHOTS.rglob("snapshots/**/*.txt"))
    # Labels of buttons, which stand in brackets, are plain text: a title in one may hold a tag.
    texts = {path: re.sub(r"^\[.*\]$", "", path.read_text(), flags=re.MULTILINE) for path in files}
    with_times = {path: text for path, text in texts.items() if "<tg-time" in text}
    assert len(with_times) > 30
    assert [path.name for path, text in with_times.items() if styled_times(text)] == []
