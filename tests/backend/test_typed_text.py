"""What people typed, cleaned (`X10`), and links that Telegram keeps."""

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.errors import InvalidForm
from backend.events.drafts import SeriesDraft
from backend.people.actions import TelegramIdentity
from backend.polls.drafts import OptionDraft, PollDraft
from backend.typed_text import clean_line, clean_lines, clean_link, is_link, is_visible
from sandbox.links import check_link
from tests.views import START

NOTHING = [
    "",
    " \t\n",
    "\u3164",
    "\u2800\u2800",
    "\u200b\u200d\u200e\u2060\u00ad",
    "\ufe0f\u034f\U000e0101",
    "\u115f\u1160\uffa0\u17b4",
    "\u2028\x85\u2029",
    "\u202e\u2066\u2069\ufeff",
    "\udc00",
]


@pytest.mark.parametrize(
    ("typed", "line", "lines"),
    [
        ("  Kallio \u00a0 Yoga ", "Kallio Yoga", "Kallio \u00a0 Yoga"),
        ("A\u030ane", "Åne", "Åne"),
        ("one\r\ntwo\rthree\nfour", "one two three four", "one\ntwo\nthree\nfour"),
        ("one\u2028two\u2029three\x85four", "one two three four", "one\ntwo\nthree\nfour"),
        ("a\x00b\tc\x07d\x9fe", "a b c d e", "a b c d e"),
        ("\u202emirror\u202c \u2067aside\u2069", "mirror aside", "mirror aside"),
        ("half \ud83d emoji", "half emoji", "half  emoji"),
        ("👩\u200d👩\u200d👧 ❤\ufe0f", "👩\u200d👩\u200d👧 ❤\ufe0f", "👩\u200d👩\u200d👧 ❤\ufe0f"),
        ("می\u200cخواهم", "می\u200cخواهم", "می\u200cخواهم"),
        ("\u3164 Anna \u200b", "\u3164 Anna \u200b", "\u3164 Anna \u200b"),
    ],
)
def test_text_is_cleaned_on_one_line_and_on_several(typed: str, line: str, lines: str) -> None:
    assert (clean_line(typed), clean_lines(typed)) == (line, lines)


@pytest.mark.parametrize("typed", NOTHING)
def test_text_of_nothing_visible_is_empty(typed: str) -> None:
    assert (clean_line(typed), clean_lines(typed)) == ("", "")


@given(st.text(st.characters(exclude_categories=())))
def test_clean_text_stays_as_it_is_and_holds_no_control(text: str) -> None:
    line, lines = clean_line(text), clean_lines(text)
    assert (clean_line(line), clean_lines(lines)) == (line, lines)
    for clean, kept in ((line, ""), (lines, "\n")):
        assert unicodedata.is_normalized("NFC", clean)
        assert all(c in kept or unicodedata.category(c) not in ("Cc", "Cs", "Zl", "Zp") for c in clean)
        assert not set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069") & set(clean)
        assert clean == "" or is_visible(clean)


@pytest.mark.parametrize(
    "address",
    [
        "https://maps",
        "https://maps.example:99999/x",
        "https://maps.example:0",
        "https://maps.example\\x",
        "https://maps.example/a\\b",
        "https://maps.example/a b",
        'https://maps.example/"><b>',
        "https://",
        "https://.",
        "https://[::1",
        "https://[::g]/",
        "https://maps%.example/",
        "http://maps.example/",
        "maps.example",
        "javascript:alert(1)",
        "https://olga@maps.example/",
    ],
)
def test_a_link_that_telegram_drops_is_refused(address: str) -> None:
    assert not is_link(clean_link(address))


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("HTTPS://Maps.example/X", "https://Maps.example/X"),
        (" https://maps.example ", "https://maps.example"),
        ("https://maps.example:8443/?q=60.1,24.9#pin", "https://maps.example:8443/?q=60.1,24.9#pin"),
        ("https://карта.рф/дом", "https://карта.рф/дом"),
        ("https://[2001:db8::1]:443/", "https://[2001:db8::1]:443/"),
        ("https://maps.example/%20(a)", "https://maps.example/%20(a)"),
    ],
)
def test_a_link_that_telegram_keeps_is_taken(typed: str, kept: str) -> None:
    assert clean_link(typed) == kept
    assert is_link(kept)


@given(st.text("abz09.:/@?#[]\\-_%é ~&='()", max_size=30))
def test_every_link_that_is_taken_is_one_that_telegram_keeps(rest: str) -> None:
    """Telegram is the sandbox, which reads links as TDLib does (`tests/sandbox/test_telegram_texts.py`)."""
    address = clean_link(f"https://{rest}")
    assert not is_link(address) or check_link(address) is not None


def draft(**fields: Any) -> SeriesDraft:
    return SeriesDraft(
        **{"title": "Yoga", "zone": "UTC", "starts_local": START.replace(tzinfo=None), **fields}
    )


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"title": "\u3164\u2800"}, "title", "Give it a title."),
        (
            {"map_url": "https://maps"},
            "map_url",
            "This link leads nowhere. Copy it from the map again.",
        ),
        ({"map_url": "http://maps.example"}, "map_url", "A link that begins with https://, please."),
    ],
)
def test_a_series_says_what_is_wrong_beside_the_field(
    fields: dict[str, str], field: str, sentence: str
) -> None:
    with pytest.raises(InvalidForm) as refused:
        draft(**fields).validate()
    assert {name: words.message for name, words in refused.value.faults.items()} == {field: sentence}


def test_a_series_takes_a_scheme_in_capitals() -> None:
    taken = draft(map_url="HTTPS://maps.example/1")
    taken.validate()
    assert taken.map_url == "https://maps.example/1"


def test_a_poll_has_a_question_and_options_that_can_be_seen() -> None:
    with pytest.raises(InvalidForm) as refused:
        PollDraft(question="\u3164", options=(OptionDraft("Tea"), OptionDraft("\u200b"))).validate()
    assert list(refused.value.faults) == ["question", "option-1"]


def test_options_that_look_alike_are_the_same() -> None:
    with pytest.raises(InvalidForm) as refused:
        PollDraft(question="Who?", options=(OptionDraft("Åsa"), OptionDraft("A\u030asa"))).validate()
    assert list(refused.value.faults) == ["option-1"]


@pytest.mark.parametrize(
    ("first", "last", "shown"),
    [
        ("\u3164", "", ("Someone", "")),
        ("\u2800", "Virtanen", ("Virtanen", "")),
        ("A\u030asa\n", " \u200b", ("Åsa", "")),
    ],
)
def test_whose_name_cannot_be_seen_is_someone(first: str, last: str, shown: tuple[str, str]) -> None:
    who = TelegramIdentity(1, first, last)
    assert (who.first_name, who.last_name) == shown
