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
    _, split = normalize_text(text, entities)
    assert [(e["type"], e["offset"], e["length"]) for e in split] == [
        ("bold", 3, 2),
        ("bold", 5, 1),
        ("italic", 5, 1),
    ]


def test_a_link_with_an_invalid_url_stays_text() -> None:
    assert read_html('<a href="nowhere">a</a><a href="https://maps">b</a>') == ("ab", [])


@pytest.mark.parametrize("unix", ["soon", "-5", "0", "", "2147483648"])
def test_a_time_that_is_none_stays_text(unix: str) -> None:
    assert read_html(f'<tg-time unix="{unix}">a</tg-time>') == ("a", [])


@pytest.mark.parametrize(
    ("written", "kept"), [("Dw", "wD"), ("dD", "d"), ("Tt", "t"), ("TwD", "wDT"), ("r", "r"), ("ww", "w")]
)
def test_the_format_of_a_time_has_one_order(written: str, kept: str) -> None:
    _, (entity,) = read_html(f'<tg-time unix="5" format="{written}">a</tg-time>')
    assert entity["date_time_format"] == kept


def test_a_date_has_no_style_and_no_link() -> None:
    source = '<b>on <tg-time unix="5">Tuesday</tg-time></b><a href="a.fi"><tg-time unix="5">x</tg-time></a>'
    _, entities = normalize_text(*read_html(source))
    assert [(e["type"], e["offset"], e["length"]) for e in entities] == [
        ("bold", 0, 3),
        ("date_time", 3, 7),
        ("date_time", 10, 1),
    ]


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
        ('<tg-time unix="1" format="Q">a</tg-time>', "Invalid date format used"),
        ('<tg-emoji emoji-id="x">a</tg-emoji>', "Invalid custom emoji identifier specified"),
    ],
)
def test_refuses_as_telegram_words_it(source: str, reason: str) -> None:
    with pytest.raises(BotApiError) as refused:
        read_html(source)
    assert refused.value.description == f"Bad Request: can't parse entities: {reason}"


def test_trims_spaces_and_line_feeds_and_nothing_else() -> None:
    assert normalize_text("\n \u00a0a\u00a0\u200b \n", [])[0] == "\u00a0a\u00a0\u200b"


def test_trims_a_text_up_to_its_first_entity() -> None:
    text, entities = normalize_text(*read_html("\n  <b> a </b>\n"))
    assert text == " a"
    assert entities == [{"type": "bold", "offset": 0, "length": 2}]


def test_a_text_of_nothing_but_spaces_is_refused() -> None:
    with pytest.raises(BotApiError, match="message text is empty"):
        normalize_text(*read_html("<b> </b>\n"))


def test_what_is_found_does_not_reach_into_what_is_written() -> None:
    _, entities = normalize_text(
        *read_html('<b>see a.fi</b> <code>b.fi</code> <a href="c.fi">d.fi</a> 18:00')
    )
    assert [(e["type"], e["offset"], e["length"]) for e in entities] == [
        ("bold", 0, 4),
        ("url", 4, 4),
        ("bold", 4, 4),
        ("code", 9, 4),
        ("text_link", 14, 4),
    ]


def test_a_text_has_as_many_characters_as_telegram_counts() -> None:
    assert len(normalize_text("🧘" * 4096, [])[0]) == 4096
    with pytest.raises(BotApiError, match="message is too long"):
        normalize_text("🧘" * 4096 + "a", [])
