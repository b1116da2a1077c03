"""Instances are at the same instant in every program that reads our files (`S5`, docs/CALENDARS.md)."""

import subprocess
from datetime import datetime

import pytest

from backend.zones import resolve_local
from tests.events.calendar_readers import READERS, ZONES, days_around_changes, file_of, files


def read(name: str, texts: list[str]) -> list[tuple[int, int]]:
    try:
        return READERS[name](texts)
    except (FileNotFoundError, subprocess.CalledProcessError) as error:
        if name in ("ical.js", "libical"):
            pytest.skip(f"{name} cannot be run on this machine: {error}")
        raise


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("name", READERS)
def test_no_instance_is_an_hour_off_around_a_change_of_the_clocks(name: str, zone: str) -> None:
    """The VTIMEZONE alone says so: no reader is given a zone it knows."""
    made = files(zone, days_around_changes(zone, reach=6))
    assert read(name, [text for text, _ in made]) == [expected for _, expected in made]


@pytest.mark.parametrize(
    ("zone", "local", "minutes"),
    [
        ("America/New_York", datetime(2027, 11, 3, 18, 0), 60),  # three days before the change
        ("Europe/Helsinki", datetime(2027, 10, 31, 3, 30), 45),  # begins in the hour that comes twice
        ("Africa/Cairo", datetime(2027, 10, 28, 22, 0), 120),  # ends in it
        ("America/Santiago", datetime(2027, 4, 3, 21, 0), 180),
    ],
)
@pytest.mark.parametrize("name", READERS)
def test_the_hour_that_comes_twice(name: str, zone: str, local: datetime, minutes: int) -> None:
    text, expected = file_of(resolve_local(local, zone), minutes, zone)
    assert read(name, [text]) == [expected]
    assert expected[1] - expected[0] == minutes * 60
