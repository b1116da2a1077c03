"""What people write after a command without a number of a list: words of a title, a day, an hour, and guests, as in
"/book yoga +Anna" or "/leave tuesday"."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from backend.bookings.views import InstanceView
from backend.errors import Invalid
from backend.i18n import N_, Voice
from backend.known_zones import reading_zone
from backend.polls.views import OptionView, PollView
from backend.search import is_like, named_in_calendar
from backend.typed_text import clean_line

WORDS_MAX = 8  # that count
TOKENS_MAX = 200  # words, numbers and guests that are read
GUESTS_MAX = 99  # that are read; how many may come, the event says
_GLUED_PLUS = re.compile(r"(?<=\w)\+(?=\w)")
_LONE_PLUS = re.compile(r"(?<!\S)\+ ")
_DATE = re.compile(r"(\d{1,2})[./](\d{1,2})(?:[./](\d{4}|\d{2})?)?")
_ISO_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_HOUR = re.compile(r"(\d{1,2})[:.](\d{2})")
# Words that a sentence needs and that say nothing about which event is meant.
_FILLERS = frozenset({
    *("a", "an", "at", "for", "the", "on", "in", "of", "to", "me", "my", "this", "next", "with", "and"),
    *("klo", "kello", "ja", "mulle", "minulle", "tämä", "ensi"),
    *("в", "во", "на", "к", "ко", "с", "со", "и", "по", "мне", "у", "этот", "эту", "следующий", "следующую"),
})  # fmt: skip
_DAYS_AHEAD = {
    "today": 0, "tonight": 0, "tomorrow": 1, "tänään": 0, "huomenna": 1, "ylihuomenna": 2, "сегодня": 0, "завтра": 1,
    "послезавтра": 2,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands after a command. `guests` is None where nobody wrote of guests; `names` are those of the first."""

    words: tuple[str, ...] = ()
    guests: int | None = None
    names: tuple[str, ...] = ()


def read_typed(text: str | None, language: str) -> Typed:
    """Tell guests ("+1", "+Anna Korhonen +Ben") from all other words. Raises `Invalid` for a number of guests that is none."""
    words: list[str] = []
    names: list[str] = []
    number, has_guests = 0, False
    tokens = (
        _GLUED_PLUS.sub(" +", _LONE_PLUS.sub("+", clean_line(text or "")))
        .replace(",", " ")
        .split()[:TOKENS_MAX]
    )
    is_name = False
    for token in tokens:
        guest = token.removeprefix("+") if token.startswith("+") else ""
        if guest.isdecimal():
            number, has_guests, is_name = number + _guests(guest), True, False
        elif guest:
            names.append(guest)
            has_guests = is_name = True
        elif is_name and token[:1].isupper() and not _is_day(token.lower(), language):
            names[-1] += f" {token}"
        else:
            is_name = False
            words.append(token)
    guests = number + len(names) if has_guests else None
    return Typed(tuple(words[:WORDS_MAX]), guests, tuple(names))


def _guests(digits: str) -> int:
    if len(digits) > len(str(GUESTS_MAX)):
        raise Invalid(N_("How many guests? Send a number like +2."))
    return int(digits)


def _is_day(word: str, language: str) -> bool:
    return word in _DAYS_AHEAD or any(named_in_calendar(word, language)) or bool(_DATE.fullmatch(word))


@dataclass(frozen=True, slots=True)
class Found:
    """The events that some words are about: the one that is `meant`, or None and the `candidates` to be asked about. With
    `is_unknown` none of the words fits any event, and the candidates are all."""

    meant: InstanceView | None
    candidates: tuple[InstanceView, ...]
    is_unknown: bool = False


def find_meant(
    words: Sequence[str], views: Sequence[InstanceView], voice: Voice, *, nearest: bool = False
) -> Found:
    """The event that the words are about, among `views`, soonest first.

    With `nearest` a day means the next such day, and a title that repeats the next date of it; without, one of several is
    never taken for the one that is meant.
    """
    lowered = [word.lower() for word in words]
    telling = [word for word in lowered if word not in _FILLERS]
    fitting = [_fitting(word, telling, views, voice) for word in telling]
    about = [view for n, view in enumerate(views) if all(n in fits for fits in fitting)]
    if not about:
        # A word that fits nowhere: those that fit most of the others are asked about.
        scores = [sum(n in fits for fits in fitting) for n in range(len(views))]
        best = [view for view, score in zip(views, scores, strict=True) if score == max(scores)]
        return Found(None, tuple(best), is_unknown=not any(scores))
    if not nearest and telling and all(_names_account_of_all(word, views) for word in telling):
        return Found(None, tuple(about))  # "yoga" in Kallio Yoga says nothing about a run
    chosen = about
    if nearest:
        if any(_is_day(word, voice.language) for word in telling):
            chosen = [view for view in about if _day(view) == _day(about[0])]
        elif telling:
            next_dates: dict[int, InstanceView] = {}
            for view in about:
                next_dates.setdefault(view.series_id, view)
            chosen = [*next_dates.values()]
    if len(chosen) == 1 and (telling or len(views) == 1):
        return Found(chosen[0], ())
    return Found(None, tuple(chosen))


def _names_account_of_all(word: str, views: Sequence[InstanceView]) -> bool:
    """Whether the word is found in the names of the clubs of all views, and in no title or place."""
    is_named = any(words_like([word], f"{view.title} {view.place}")[0] for view in views)
    return not is_named and all(words_like([word], view.account_name)[0] for view in views)


def _day(view: InstanceView) -> object:
    return view.starts_at.astimezone(reading_zone(view.zone)).date()


def _fitting(word: str, words: Sequence[str], views: Sequence[InstanceView], voice: Voice) -> frozenset[int]:
    """Which of the views the word fits: by title; by place or club only where no title has it, as a club is often called
    after what it does; and by day or hour on one of the two clocks."""
    texts: tuple[list[str], ...] = (
        [view.title for view in views],
        [view.place for view in views],
        [view.account_name for view in views],
    )
    by_text = next(
        (
            fits
            for each in texts
            if (fits := {n for n, text in enumerate(each) if words_like([word], text)[0]})
        ),
        set(),
    )
    by_time = {
        n
        for n, view in enumerate(views)
        for zone in {view.zone, voice.zone or view.zone}
        if is_time_of(word, words, view.starts_at, view.now, zone, voice.language)
    }
    return frozenset(by_text | by_time)


def is_time_of(
    word: str, words: Sequence[str], at: datetime, now: datetime, zone: str, language: str
) -> bool:
    """Whether the word, one of these words, names the day or the hour of an instant on the clock of a zone."""
    local = at.astimezone(reading_zone(zone))
    if word in _DAYS_AHEAD:
        today = now.astimezone(reading_zone(zone)).date()
        return local.date() == today + timedelta(days=_DAYS_AHEAD[word])
    if (found := _HOUR.fullmatch(word)) and (local.hour, local.minute) == (int(found[1]), int(found[2])):
        return True
    if found := _DATE.fullmatch(word):
        year = int(found[3] or local.year)
        return (local.day, local.month, local.year % 100) == (int(found[1]), int(found[2]), year % 100)
    if found := _ISO_DATE.fullmatch(word):
        return (local.year, local.month, local.day) == (int(found[1]), int(found[2]), int(found[3]))
    day = re.sub(r"(?:st|nd|rd|th|\.|-го|-е)$", "", word)
    if day.isdecimal():
        is_dated = any(named_in_calendar(other, language)[0] for other in words)
        return is_dated and len(day) < 3 and local.day == int(day)
    months, weekdays = named_in_calendar(word, language)
    return local.month in months or local.isoweekday() in weekdays


def words_like(words: Sequence[str], text: str) -> list[bool]:
    """For each word whether it is one of the text's."""
    return [_is_word_of(word, text) for word in words]


def all_words_like(words: Sequence[str], text: str) -> bool:
    """Whether each word is one of the text's."""
    return all(_is_word_of(word, text) for word in words)


def _is_word_of(word: str, text: str) -> bool:
    plain = _plain_word(word.lower())
    return any(is_like(plain, each) for each in _plain(text))


def telling_words(words: Sequence[str]) -> list[str]:
    """The words that say something, in small letters."""
    return [word.lower() for word in words if word.lower() not in _FILLERS]


@lru_cache(4096)  # of what is searched there is little, and it is asked about each word
def _plain(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", _plain_word(text.lower())))


def _plain_word(word: str) -> str:
    """Without accents: `jääkiekko` is written `jaakiekko` where a keyboard has no ä."""
    if word.isascii():
        return word
    return "".join(
        letter for letter in unicodedata.normalize("NFKD", word) if not unicodedata.combining(letter)
    )


def find_vote(
    words: Sequence[str], views: Sequence[PollView], voice: Voice
) -> list[tuple[PollView, list[OptionView]]]:
    """The polls that the words are about, each with the options that fit all words which are none of its question's; no
    option where there are no such words."""
    found = []
    for view in views:
        asked = words_like(words, view.question)
        chosen = [word for word, is_asked in zip(words, asked, strict=True) if not is_asked]
        options = [option for option in view.options if chosen and _is_option(chosen, option, view, voice)]
        if options or (words and not chosen):
            found.append((view, options))
    return found


def _is_option(words: Sequence[str], option: OptionView, view: PollView, voice: Voice) -> bool:
    if option.starts_at is None:
        return all_words_like(words, option.text)
    at = option.starts_at
    return all(is_time_of(word, words, at, view.now, view.zone, voice.language) for word in words)
