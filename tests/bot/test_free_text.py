"""What people write after a command: words of a title, a day, an hour, guests."""

import random
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from backend.errors import Invalid
from backend.i18n import Voice
from bot.event_drafts import Step, read_answer
from bot.free_text import TOKENS_MAX, Typed, find_meant, read_typed
from tests.views import START, instance_view


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("yoga +1", Typed(("yoga",), 1)),
        ("yoga+1", Typed(("yoga",), 1)),
        ("yoga + 2 tuesday", Typed(("yoga", "tuesday"), 2)),
        ("yoga +Anna", Typed(("yoga",), 1, ("Anna",))),
        ("+Anna Korhonen +Ben yoga", Typed(("yoga",), 2, ("Anna Korhonen", "Ben"))),
        ("+Anna Tuesday", Typed(("Tuesday",), 1, ("Anna",))),
        ("+Anna +2", Typed((), 3, ("Anna",))),
        ("1, +2", Typed(("1",), 2)),
        ("+0", Typed((), 0)),
        ("C++ evening", Typed(("C++", "evening"))),
        ("", Typed()),
        ("\u202e\u200b", Typed()),
    ],
)
def test_guests_are_told_from_words(text: str, typed: Typed) -> None:
    assert read_typed(text, "en") == typed


def test_a_number_of_guests_that_is_none() -> None:
    with pytest.raises(Invalid):
        read_typed("yoga +1000", "en")


def at(day: int, hour: int = 18, month: int = 11) -> datetime:
    return datetime.fromisoformat(f"2026-{month}-{day:02}T{hour - 2:02}:00+00:00")


@pytest.fixture
def views() -> list[Any]:
    """In Helsinki; it is Tuesday 24 November, noon."""
    dates = [
        ("Evening yoga", at(24), 1), ("Padel", at(26, 9), 2), ("Evening yoga", at(1, month=12), 1),
        ("Jääkiekko", at(3, 20, 12), 3), ("Вечерняя йога", at(5, month=12), 4),
    ]  # fmt: skip
    return [
        instance_view(
            now=datetime.fromisoformat("2026-11-24T10:00+00:00"),
            id=n,
            title=title,
            series_id=series,
            starts_at=starts,
            place="Hall",
            account_name="Kallio",
            code=str(n),
        )
        for n, (title, starts, series) in enumerate(dates, 1)
    ]


@pytest.mark.parametrize(
    ("language", "text", "meant"),
    [
        ("en", "padel", 2), ("en", "the padel", 2), ("en", "padle", 2), ("en", "tuesday", 1), ("en", "yoga tuesday", 1),
        ("en", "yoga 1 december", 3), ("en", "1/12", 3), ("en", "1.12.", 3), ("en", "01.12.2026", 3), ("en", "2026-12-01", 3),
        ("en", "december 3rd", 4), ("en", "today", 1), ("en", "20:00", 4), ("en", "jaakiekko", 4), ("en", "evening", 1),
        ("fi", "tiistaina", 1), ("fi", "torstaina padel", 2), ("fi", "padeliin", 2), ("fi", "jääkiekkoon", 4),
        ("fi", "3. joulukuuta", 4), ("fi", "tänään", 1), ("fi", "20.00", 4),
        ("ru", "на йогу в субботу", 5), ("ru", "во вторник", 1), ("ru", "в четверг на падел", 0), ("ru", "1 декабря", 3),
        ("ru", "сегодня", 1), ("ru", "йога", 5), ("ru", "завтра", 0), ("en", "swimming", 0), ("en", "friday", 0),
    ],
)  # fmt: skip
def test_what_is_meant_in_the_readers_language(
    views: list[Any], language: str, text: str, meant: int
) -> None:
    found = find_meant(text.split(), views, Voice(language, "Europe/Helsinki"), nearest=True)
    assert (found.meant.id if found.meant else 0) == meant


def test_one_of_several_is_never_taken_where_it_costs_a_seat(views: list[Any]) -> None:
    voice = Voice("en", "Europe/Helsinki")
    found = find_meant(["evening"], views, voice)
    assert found.meant is None and [view.id for view in found.candidates] == [1, 3]
    assert find_meant(["december", "1"], views, voice).meant is views[2]
    only = find_meant([], views[:1], voice)
    assert only.meant is views[0]


def test_of_several_events_of_a_name_the_next_dates_are_asked_about(views: list[Any]) -> None:
    other = replace(views[3], title="Morning yoga", id=9)
    found = find_meant(["yoga"], [*views[:3], other], Voice("en", "Europe/Helsinki"), nearest=True)
    assert [view.id for view in found.candidates] == [1, 9]


def test_those_that_fit_best_are_asked_about(views: list[Any]) -> None:
    voice = Voice("en", "Europe/Helsinki")
    assert [view.id for view in find_meant(["padel", "friday"], views, voice).candidates] == [2]
    assert len(find_meant(["swimming"], views, voice).candidates) == len(views)
    assert find_meant(["swimming"], [], voice).candidates == ()


def crafted(length: int, number: int, first: str = "s") -> list[str]:
    """Words that begin as many names of days and months do, and are none."""
    letters = random.Random(number)
    return [first + "".join(letters.choices("abcdef", k=length - 1)) for _ in range(number)]


@contextmanager
def calls_counted() -> Iterator[Counter[str]]:
    calls: Counter[str] = Counter()
    before = sys.getprofile()
    sys.setprofile(
        lambda frame, event, argument: calls.update([event]) if event in ("call", "c_call") else None
    )
    try:
        yield calls
    finally:
        sys.setprofile(before)


@pytest.mark.parametrize("kind", ["words", "names", "day"])
def test_no_text_holds_up_others(kind: str) -> None:
    """`X8`: as many words as a message holds, and as many dates as words can name; by the calls that it takes, for time depends
    on the machine. A million of them take a fifth of a second."""
    views = [
        replace(
            instance_view(title=" ".join(crafted(8, 13 + n)), place=" ".join(crafted(8, 100 + n))[:160]),
            series_id=n,
        )
        for n in range(100)
    ]
    find_meant(["sauna"], views, Voice("en"))  # what is read of each title is kept
    with calls_counted() as calls:
        if kind == "words":
            find_meant(read_typed(" ".join(crafted(8, 450)), "en").words, views, Voice("en"))
        elif kind == "names":
            read_typed("+A " + " ".join(crafted(9, 400, "S")), "en")
        else:
            with pytest.raises(Invalid):
                read_answer(Step.DAY, " ".join(crafted(8, 450)), START.date(), "en")
    assert 0 < calls.total() < 1_500_000


def test_of_what_nobody_would_write_only_the_beginning_is_read() -> None:
    assert read_typed("+a " * TOKENS_MAX, "en") == read_typed("+a " * (TOKENS_MAX + 100), "en")
