"""What people search for: words with a typing error, and names of months and weekdays."""

import re
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from functools import cache, lru_cache

from babel import Locale

from backend.i18n import DEFAULT, LOCALES
from backend.typed_text import clean_line

WORDS_MAX = 8  # words of a search that count
_TYPO_MIN, _TYPO_MAX = 4, 14  # letters of a word that may have a typing error
_FORGIVEN_MAX = 3  # such words in a search: each costs the database some microseconds a row
_BEGINNING_MIN = 6  # letters of one that may also be the beginning of a longer word
_PREFIX_MIN = 3  # letters that are enough of a month's or weekday's name
_INFLECTION_MAX = 4  # letters behind it, as in `joulukuussa`
_AHEAD = timedelta(weeks=54)  # instances exist so far ahead, but for the first of a series


def search_words(text: str) -> list[str]:
    """The words of what was typed, in small letters; more than eight do not count."""
    return clean_line(text).lower().split()[:WORDS_MAX]


def word_patterns(words: Sequence[str]) -> list[str]:
    """A pattern for each word; the first three may have a typing error."""
    return [
        word_pattern(word) if number < _FORGIVEN_MAX else re.escape(word) for number, word in enumerate(words)
    ]


def word_pattern(word: str) -> str:
    """A regular expression of PostgreSQL that finds the word anywhere in a text in small letters, and, with one
    letter wrong, missing, too many or exchanged with the next, where a word of the text begins. The first letter
    must be right, unless it is exchanged; numbers must be right."""
    exact = re.escape(word)
    if not _TYPO_MIN <= len(word) <= _TYPO_MAX or not word.isalpha():
        return exact
    end = "" if len(word) >= _BEGINNING_MIN else r"\M"
    return rf"{exact}|\m(?:{_misspelt(word)}){end}"


def _misspelt(word: str) -> str:
    """A regular expression of the word with one typing error, for PostgreSQL."""
    letters = [re.escape(letter) for letter in word]

    def written(*parts: list[str] | str) -> str:
        return "".join("".join(part) for part in parts)

    spots = range(1, len(word))
    return "|".join(
        [
            *(written(letters[:at], ".?", letters[at + 1 :]) for at in spots),
            *(written(letters[:at], ".", letters[at:]) for at in spots),
            *(written(letters[: at - 1], letters[at], letters[at - 1], letters[at + 1 :]) for at in spots),
        ]
    )


def _is_misspelt(word: str, written: str) -> bool:
    """Whether `_misspelt` fits all that is written. To make an expression of each word would hold up everybody: what is
    searched for is compared with every word of every title."""
    length, more = len(word), len(written) - len(word)
    if not -1 <= more <= 1:
        return False
    spot = next(
        (n for n, (one, other) in enumerate(zip(word, written, strict=False)) if one != other), length
    )
    spot = min(spot, length - 1)  # there is no error behind the last letter
    if (
        more == 0
        and word[spot : spot + 2] == written[spot : spot + 2][::-1]
        and word[spot + 2 :] == written[spot + 2 :]
    ):
        return length > 1
    if spot < 1:
        return False
    return word[spot + (more < 1) :] == written[spot + (more > -1) :]


def named_days(word: str, language: str, today: date) -> str:
    """The days that a month's or a weekday's name means, from yesterday to a year ahead, as a `tsmultirange` of wall
    clocks; empty for any other word. The name may be of any language; that of the reader goes first."""
    months, weekdays = named_in_calendar(word, language)
    if not months and not weekdays:
        return "{}"
    return _multirange(
        day
        for day in (today + timedelta(days=n) for n in range(-1, _AHEAD.days))
        if day.month in months or day.isoweekday() in weekdays
    )


@lru_cache(2048)
def named_in_calendar(word: str, language: str) -> tuple[frozenset[int], frozenset[int]]:
    """The months and the weekdays (from 1, as in ISO 8601) that a word in small letters names, both empty for any other
    word. The name may be of any language; that of the reader goes first."""
    for one in (language, *(each for each in LOCALES if each != language)):
        months, weekdays = _find_names(word.rstrip("."), one, is_own=one == language)
        if months or weekdays:
            return months, weekdays
    return frozenset(), frozenset()


def is_like(word: str, written: str) -> bool:
    """Whether a word in small letters stands for one that is written somewhere: it is the same or its beginning, or it is
    inflected (`joogaan`, `йогу`) or misspelt by one letter."""
    if word == written or (len(word) >= _PREFIX_MIN and written.startswith(word)):
        return True
    if not (word.isalpha() and written.isalpha() and len(written) >= _TYPO_MIN):
        return False
    if len(word) <= len(written) + _INFLECTION_MAX and word.startswith(written[:-1]):
        return True
    return len(word) <= _TYPO_MAX and _is_misspelt(word, written)


def _find_names(word: str, language: str, *, is_own: bool) -> tuple[frozenset[int], frozenset[int]]:
    months, weekdays, short = _names(language)
    if is_own and word in short:
        return frozenset(), frozenset({short[word]})
    shortest = 6 if language == DEFAULT else 5
    return (
        frozenset(number for name, number in months if _is_name(word, name, shortest)),
        frozenset(number for name, number in weekdays if _is_name(word, name, shortest)),
    )


def _is_name(word: str, name: str, shortest: int) -> bool:
    """Whether the word is the name, its beginning, inflected (`joulukuussa`, `среду`) or misspelt; the latter two only
    where the name has so many letters that it is not taken for other words (`Marco`, `match`)."""
    if word == name or (len(word) >= _PREFIX_MIN and name.startswith(word)):
        return True
    if len(name) < shortest or len(word) > len(name) + _INFLECTION_MAX:
        return False
    return word.startswith(name[:-1]) or _is_misspelt(word, name)


Names = tuple[tuple[str, int], ...]


@cache
def _names(language: str) -> tuple[Names, Names, dict[str, int]]:
    """The names of the months and of the weekdays (from 1, as in ISO 8601), and the short ones of the latter."""
    locale = Locale.parse(LOCALES[language])
    months = {
        (name.lower(), number)
        for context in ("format", "stand-alone")
        for number, name in locale.months[context]["wide"].items()
    }
    weekdays = {
        (name.lower(), number + 1)
        for context in ("format", "stand-alone")
        for number, name in locale.days[context]["wide"].items()
    }
    short = {name.lower(): number + 1 for number, name in locale.days["stand-alone"]["abbreviated"].items()}
    return tuple(sorted(months)), tuple(sorted(weekdays)), short


def _multirange(days: Iterable[date]) -> str:
    spans: list[tuple[date, date]] = []
    for day in days:
        if spans and spans[-1][1] == day:
            spans[-1] = (spans[-1][0], day + timedelta(days=1))
        else:
            spans.append((day, day + timedelta(days=1)))
    return "{" + ",".join(f"[{since},{until})" for since, until in spans) + "}"
