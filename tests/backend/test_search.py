"""Searching with a typing error, and for months and weekdays by their names in three languages."""

import re
from datetime import date
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend import db
from backend.search import (
    WORDS_MAX,
    _is_misspelt,
    _misspelt,
    named_days,
    search_words,
    word_pattern,
    word_patterns,
)

TODAY = date(2026, 11, 30)  # a Monday


def days_of(word: str, language: str = "en") -> list[str]:
    """The first days that the word names, in a year’s time."""
    return re.findall(r"\[(\d{4}-\d\d-\d\d),", named_days(word, language, TODAY))


async def finds(word: str, text: str) -> bool:
    return bool(await db.value("SELECT lower($1::text) ~ $2", text, word_pattern(word)))


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("yoga", "Evening flow yoga"),
        ("yog", "Evening flow yoga"),
        ("ening", "Evening flow yoga"),
        ("evning", "Evening flow yoga"),
        ("eveniing", "Evening flow yoga"),
        ("evenimg", "Evening flow yoga"),
        ("eveinng", "Evening flow yoga"),
        ("veening", "Evening flow yoga"),
        ("yoag", "Evening flow yoga"),
        ("suana", "Sauna"),
        ("kultuuri", "Kallion kulttuuritalo, sali 2"),
        ("пельмини", "Варим пельмени"),
        ("вечрняя", "Вечерняя йога"),
        ("c++", "C++ for beginners"),
        ("(a|b", "what is (a|b)?"),
    ],
)
async def test_a_typing_error_is_forgiven(world: None, word: str, text: str) -> None:
    assert await finds(word, text)


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("tango", "Evening flow yoga"),
        ("toga", "Evening flow yoga"),
        ("yogaflow", "Evening flow yoga"),
        ("evnig", "Evening flow yoga"),
        ("sali", "Salsa"),
        ("flw", "Evening flow yoga"),
        ("y.ga", "Evening flow yogurt"),
        ("....", "Sauna"),
    ],
)
async def test_other_words_are_not_found(world: None, word: str, text: str) -> None:
    assert not await finds(word, text)


@given(st.text(max_size=40))
def test_any_word_makes_a_bounded_pattern(text: str) -> None:
    words = search_words(text)
    assert len(words) <= WORDS_MAX
    assert sum(map(len, word_patterns(words))) < 5_000
    for word in words:
        assert named_days(word, "fi", TODAY).startswith("{")


@pytest.mark.parametrize(
    ("word", "language"),
    [
        ("december", "en"), ("dec", "en"), ("dec.", "en"), ("decmber", "en"), ("joulukuu", "en"),
        ("joulukuussa", "fi"), ("joulu", "fi"), ("jolukuu", "fi"), ("december", "fi"),
        ("декабрь", "ru"), ("декабря", "ru"), ("декабре", "ru"), ("дек", "en"),
    ],
)  # fmt: skip
def test_a_month_is_known_by_its_name(word: str, language: str) -> None:
    assert days_of(word, language) == ["2026-12-01", "2027-12-01"]


@pytest.mark.parametrize(
    ("word", "language"),
    [
        ("tuesday", "en"), ("tuesdays", "en"), ("tue", "en"), ("tuseday", "en"), ("tiistai", "en"),
        ("ti", "fi"), ("tiistaina", "fi"), ("tiistaisin", "fi"), ("tiistia", "fi"),
        ("вт", "ru"), ("вторник", "ru"), ("вторника", "ru"), ("вторнек", "ru"),
    ],
)  # fmt: skip
def test_a_weekday_is_known_by_its_name(word: str, language: str) -> None:
    assert days_of(word, language)[:3] == ["2026-12-01", "2026-12-08", "2026-12-15"]
    assert len(days_of(word, language)) >= 53


@pytest.mark.parametrize(
    "word", ["match", "marco", "mayor", "wedding", "sauna", "la", "to", "yo", "2", "фторник"]
)
def test_other_words_name_no_day(word: str) -> None:
    assert named_days(word, "en", TODAY) == "{}"


def test_the_readers_own_language_goes_first() -> None:
    """`mar` is March in English and November in Finnish."""
    assert days_of("mar", "en")[0] == "2027-03-01"
    assert days_of("mar", "fi") == ["2026-11-29", "2027-11-01"], "of this month what is left, and yesterday"


def test_a_misspelt_word_is_the_same_to_python_and_to_postgresql() -> None:
    """Every word of up to five of two letters, and of up to four of three, beside every other."""
    words = {
        "".join(letters)
        for some, most in (("ab", 5), ("abc", 4))
        for n in range(1, most + 1)
        for letters in product(some, repeat=n)
    }
    for word in words:
        pattern = re.compile(_misspelt(word))
        assert {each for each in words if _is_misspelt(word, each)} == {
            each for each in words if pattern.fullmatch(each)
        }
