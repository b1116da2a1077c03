"""Sentences in the reader's language: dates, ordinals, plural forms."""

from datetime import UTC, datetime, timedelta

import pytest

from backend import clock, db
from backend.errors import Invalid
from backend.i18n import Ordinal, Voice, Words, nearest
from backend.people.queries import Person

ZONE = "Europe/Helsinki"
EVENING = datetime(2026, 11, 24, 16, 0, tzinfo=UTC)  # 18:00 in Helsinki


@pytest.mark.parametrize(
    ("language", "span", "full"),
    [
        ("en", "Tue 24 Nov, 18:00–19:15", "Tuesday 24 November"),
        ("fi", "ti 24.11. klo 18.00–19.15", "tiistai 24. marraskuuta"),
        ("ru", "вт, 24 нояб., 18:00–19:15", "вторник, 24 ноября"),
    ],
)
def test_a_date_is_written_as_people_write_it(language: str, span: str, full: str, noon: datetime) -> None:
    voice = Voice(language, ZONE)
    assert voice.span(EVENING, EVENING + timedelta(minutes=75), ZONE) == span
    assert voice.full_date(EVENING, ZONE) == full


def test_near_days_have_names_and_far_ones_a_year(noon: datetime) -> None:
    voice = Voice("en")
    assert voice.moment(EVENING - timedelta(days=1), ZONE) == "today at 18:00"
    assert voice.moment(EVENING, ZONE) == "tomorrow at 18:00"
    assert voice.moment(EVENING + timedelta(days=1), ZONE) == "Wed 25 Nov at 18:00"
    assert voice.date(EVENING + timedelta(days=90), ZONE) == "Mon 22 Feb 2027"


def test_the_day_is_that_of_the_zone_it_is_shown_in() -> None:
    """S3: just before midnight in London it is tomorrow in Helsinki."""
    with clock.stopped(datetime(2026, 11, 23, 23, 0, tzinfo=UTC)):
        late = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
        assert Voice("en").near_day(late, "Europe/London") == 0
        assert Voice("en").near_day(late, ZONE) == 0
        assert Voice("en").date(late, ZONE) == "Tue 24 Nov"


@pytest.mark.parametrize(
    ("language", "zone", "span", "moment"),
    [
        ("en", "Europe/Helsinki", "Tue 24 Nov, 18:00–19:15", "tomorrow at 18:00"),
        ("en", "Europe/Kyiv", "Tue 24 Nov, 18:00–19:15", "tomorrow at 18:00"),  # the same clock
        ("en", None, "Tue 24 Nov, 18:00–19:15", "tomorrow at 18:00"),
        ("en", "Europe/London", "Tue 24 Nov, 18:00–19:15 (Helsinki)", "tomorrow at 18:00 (Helsinki)"),
        ("fi", "Europe/London", "ti 24.11. klo 18.00–19.15 (Helsinki)", "huomenna klo\xa018.00 (Helsinki)"),
        ("ru", "Europe/London", "вт, 24 нояб., 18:00–19:15 (Хельсинки)", "завтра в 18:00 (Хельсинки)"),
    ],
)
def test_an_hour_of_another_clock_names_its_zone(
    language: str, zone: str | None, span: str, moment: str, noon: datetime
) -> None:
    """S3: wherever an hour is said."""
    voice = Voice(language, zone)
    assert voice.span(EVENING, EVENING + timedelta(minutes=75), ZONE) == span
    assert voice.moment(EVENING, ZONE) == moment
    words = Words("You’re in. See you %(when)s.", {"when": EVENING}, zone=ZONE)
    assert moment in voice.translate(words)


def test_tomorrow_becomes_today_at_midnight() -> None:
    with clock.stopped(datetime(2026, 11, 23, 21, 59, 59, tzinfo=UTC)):  # 23:59:59 in Helsinki
        assert Voice("en").moment(EVENING, ZONE) == "tomorrow at 18:00"
        clock.advance(timedelta(seconds=1))
        assert Voice("en").moment(EVENING, ZONE) == "today at 18:00"


def test_today_means_one_day_to_the_zone_and_the_reader() -> None:
    """S3: else the date is written."""
    with clock.stopped(datetime(2026, 11, 23, 22, 30, tzinfo=UTC)):  # Tuesday in Helsinki, Monday in London
        morning = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)  # 9:00 in Helsinki
        assert Voice("en", ZONE).moment(morning, ZONE) == "today at 09:00"
        assert Voice("en", "Europe/London").moment(morning, ZONE) == "Tue 24 Nov at 09:00 (Helsinki)"
        assert Voice("en", "Europe/London").until(morning, ZONE) == "Tue 24 Nov at 09:00 (Helsinki)"
        assert Voice("en", ZONE).until(morning, ZONE) == "09:00"
        assert Voice("en", "Europe/London").day(morning, ZONE) == "Tue 24 Nov"
        night = datetime(2026, 11, 23, 23, 0, tzinfo=UTC)
        assert Voice("en", "Europe/London").hour_of_day(night, ZONE) == "Tue 24 Nov, 01:00 (Helsinki)"


@pytest.mark.parametrize(
    ("zone", "cities"),
    [
        ("Europe/London", ["London", "Lontoo", "Лондон"]),
        ("America/Argentina/Buenos_Aires", ["Buenos Aires"] * 3),
        ("UTC", ["UTC"] * 3),
    ],
)
def test_a_zone_is_called_by_its_city(zone: str, cities: list[str]) -> None:
    assert [Voice(language).city(zone) for language in ("en", "fi", "ru")] == cities


def test_what_ends_soon_after_midnight_has_one_date(noon: datetime) -> None:
    voice = Voice("en")
    assert voice.span(EVENING, EVENING + timedelta(hours=8), ZONE) == "Tue 24 Nov, 18:00–02:00"
    assert voice.span(EVENING, EVENING + timedelta(days=2), ZONE) == "Tue 24 Nov, 18:00 – Thu 26 Nov, 18:00"


@pytest.mark.parametrize(
    ("n", "english"),
    [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (112, "112th"), (23, "23rd")]
)  # fmt: skip
def test_a_place_in_the_waitlist_is_an_ordinal(n: int, english: str) -> None:
    words = Words("You’re %(place)s in line", {"place": Ordinal(n)})
    assert Voice("en").translate(words) == f"You’re {english} in line"
    assert Voice("fi").ordinal(n) == f"{n}."


def test_a_number_chooses_the_plural_form() -> None:
    for n, sentence in ((1, "1 seat for Bob"), (2, "2 seats for Bob")):
        words = Words("%(n)s seat for %(who)s", {"who": "Bob"}, "%(n)s seats for %(who)s", n)
        assert Voice("en").translate(words) == sentence


@pytest.mark.parametrize(
    ("tag", "language"), [("fi", "fi"), ("fi-FI", "fi"), ("pt-br", "en"), ("", "en"), (None, "en")]
)
def test_the_nearest_language_is_used(tag: str | None, language: str) -> None:
    assert nearest(tag) == language


async def test_a_character_that_no_text_can_hold_is_refused(alice: Person) -> None:
    """X5: never a 500. Doors clean what is typed; this is what the database says of what no door has cleaned."""
    with pytest.raises(Invalid):
        await db.value("SELECT $1::text", "A\x00B")
