"""Telegram's HTML: the entities it becomes, and the texts of its errors."""

from typing import Any

import pytest

from sandbox.entities import normalize_text
from sandbox.errors import BotApiError
from sandbox.markup import read_html


def shown(source: str) -> dict[str, tuple[str, dict[str, Any]]]:
    """Each kind of entity with the text it covers and what it carries."""
    text, entities = read_html(source)
    units = text.encode("utf-16-le")
    return {
        e["type"]: (
            units[e["offset"] * 2 : (e["offset"] + e["length"]) * 2].decode("utf-16-le"),
            {k: v for k, v in e.items() if k not in {"type", "offset", "length"}},
        )
        for e in entities
    }


@pytest.mark.parametrize(
    ("source", "kind", "covers", "carries"),
    [
        ("🧘 <b>Flow</b>", "bold", "Flow", {}),
        ("<STRONG>a</strong>", "bold", "a", {}),
        ("<em>a</em>", "italic", "a", {}),
        ("<ins>a</ins>", "underline", "a", {}),
        ("<del>a</del>", "strikethrough", "a", {}),
        ("<b>a</>", "bold", "a", {}),
        ('<span class="tg-spoiler">a</span>', "spoiler", "a", {}),
        ("<tg-spoiler>a</tg-spoiler>", "spoiler", "a", {}),
        ("<code>a &lt; b</code>", "code", "a < b", {}),
        ("<pre>a</pre>", "pre", "a", {}),
        (
            '<pre><code class="language-python">a</code></pre>',
            "pre",
            "a",
            {"language": "python"},
        ),
        ("<blockquote>a</blockquote>", "blockquote", "a", {}),
        ("<blockquote expandable>a</blockquote>", "expandable_blockquote", "a", {}),
        (
            '<a href="https://a.fi/?x=1&amp;y=2">a</a>',
            "text_link",
            "a",
            {"url": "https://a.fi/?x=1&y=2"},
        ),
        ("<a href='a.fi'>a</a>", "text_link", "a", {"url": "http://a.fi/"}),
        ("<a>https://a.fi/b</a>", "text_link", "https://a.fi/b", {"url": "https://a.fi/b"}),
        ('<a href="tg://user?id=5">a</a>', "text_mention", "a", {"user": 5}),
        (
            '<tg-time unix="1795536000" format="wDT">Tuesday</tg-time>',
            "date_time",
            "Tuesday",
            {"unix_time": 1795536000, "date_time_format": "wDT"},
        ),
        ('<tg-emoji emoji-id="5">👍</tg-emoji>', "custom_emoji", "👍", {"custom_emoji_id": "5"}),
    ],
)
def test_reads_every_tag(source: str, kind: str, covers: str, carries: dict[str, Any]) -> None:
    assert shown(source)[kind] == (covers, carries)


def test_nests_and_counts_in_utf_16() -> None:
    text, entities = read_html("🧘 <b>a <i>b</i></b> &amp; &#x1f33f; &nbsp;")
    assert text == "🧘 a b & 🌿 &nbsp;"
    assert entities == [
        {"type": "italic", "offset": 5, "length": 1},
        {"type": "bold", "offset": 3, "length": 3},
    ]
    _, ordered = normalize_text(text, entities)
    assert [e["type"] for e in ordered] == ["bold", "italic"]


def test_a_link_with_an_invalid_url_stays_text() -> None:
    assert read_html('<a href="nowhere">a</a><a href="tg://user?id=x">b</a>') == ("ab", [])


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("a <3 b", 'Unsupported start tag "3" at byte offset 2'),
        ("ä <div>b</div>", 'Unsupported start tag "div" at byte offset 3'),
        ("<b>a", 'Can\'t find end tag corresponding to start tag "b"'),
        ("a</b>", "Unexpected end tag at byte offset 1"),
        (
            "<b>a</i>",
            'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"',
        ),
        ("a <b", "Unclosed start tag at byte offset 2"),
        ('<a href="x', "Unclosed start tag at byte offset 0"),
        ("<a =x>a</a>", 'Empty attribute name in the tag "a" at byte offset 0'),
        ("<a href=x_y>a</a>", "Unexpected end of name token at byte offset 8"),
        ("<b>a</b", "Unclosed end tag at byte offset 4"),
        ("<span>a</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ('<tg-time unix="soon">a</tg-time>', "Invalid Unix time specified"),
        ('<tg-time unix="1" format="Q">a</tg-time>', "Invalid date-time format specified"),
        ('<tg-emoji emoji-id="x">a</tg-emoji>', "Invalid custom emoji identifier specified"),
    ],
)
def test_refuses_as_telegram_words_it(source: str, reason: str) -> None:
    with pytest.raises(BotApiError) as refused:
        read_html(source)
    assert refused.value.description == f"Bad Request: can't parse entities: {reason}"


def test_trims_a_text_and_moves_its_entities() -> None:
    text, entities = normalize_text(*read_html("\n  <b> a </b>\n"))
    assert text == "a"
    assert entities == [{"type": "bold", "offset": 0, "length": 1}]


def test_a_character_outside_the_plane_counts_twice() -> None:
    assert len(normalize_text("🧘" * 2048, [])[0]) == 2048
    with pytest.raises(BotApiError, match="message is too long"):
        normalize_text("🧘" * 2048 + "a", [])
