"""Other programs' readers of iCalendar: what instants each finds in a file. None of them is told which zone is meant.

`python -m tests.events.calendar_readers` holds every day of four years in six zones against all of them, and prints the table of
docs/CALENDARS.md; the tests take the days around each change of the clocks.
"""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import vobject
from icalendar import Calendar

from backend.ical import CalendarEvent, EventStatus, render_calendar
from backend.zones import offset_changes, resolve_local

ZONES = (
    "Europe/Helsinki",
    "America/New_York",
    "America/Santiago",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Australia/Lord_Howe",
)
SINCE, UNTIL = datetime(2026, 12, 1, tzinfo=UTC), datetime(2030, 12, 1, tzinfo=UTC)
HERE = Path(__file__).parent
ICAL_JS = HERE.parent / "vendor" / "ical-2.2.1.es5.min.cjs"

Ends = tuple[int, int]  # start and end, Unix seconds
Reader = Callable[[Sequence[str]], list[Ends]]


def file_of(starts_at: datetime, minutes: int, zone: str) -> tuple[str, Ends]:
    """A file of one instance, and its instants. Its zone has a name of its own that no reader knows, so that each has to read
    the VTIMEZONE instead of its own zone data, or of what it remembers of another file."""
    ends_at = starts_at + timedelta(minutes=minutes)
    event = CalendarEvent(
        code="abcdefghjk",
        title="Yoga",
        account_name="Kallio Yoga",
        starts_at=starts_at,
        ends_at=ends_at,
        zone=zone,
        sequence=0,
        status=EventStatus.CONFIRMED,
        changed_at=SINCE,
    )
    text = (
        render_calendar([event], host="emerald.example")
        .decode()
        .replace(zone, f"X-{zone.replace('/', '-')}-{starts_at:%Y%m%d%H%M}")
    )
    return text, (int(starts_at.timestamp()), int(ends_at.timestamp()))


def days_around_changes(zone: str, reach: int) -> list[datetime]:
    """The days (UTC midnight) within `reach` days of a change of the zone's clocks, and every thirtieth day."""
    changes = offset_changes(zone, SINCE, UNTIL)
    every = [SINCE + timedelta(days=n) for n in range((UNTIL - SINCE).days)]
    return [
        day
        for n, day in enumerate(every)
        if n % 30 == 0 or any(abs(day - change) <= timedelta(days=reach) for change in changes)
    ]


def files(
    zone: str, days: Sequence[datetime], hours: Sequence[int] = (1, 3, 18, 23)
) -> list[tuple[str, Ends]]:
    """Files of instances of 45 minutes on these days at these wall clocks."""
    found = []
    for n, day in enumerate(days):
        local = day.replace(tzinfo=None) + timedelta(hours=hours[n % len(hours)], minutes=30)
        found.append(file_of(resolve_local(local, zone), 45, zone))
    return found


def read_by_icalendar(texts: Sequence[str]) -> list[Ends]:
    found = []
    for text in texts:
        event: Any = Calendar.from_ical(text).walk("VEVENT")[0]
        found.append((int(event["DTSTART"].dt.timestamp()), int(event["DTEND"].dt.timestamp())))
    return found


def read_by_vobject(texts: Sequence[str]) -> list[Ends]:
    found = []
    for text in texts:
        event = vobject.readOne(text).vevent
        found.append((int(event.dtstart.value.timestamp()), int(event.dtend.value.timestamp())))
    return found


def read_by_ical_js(texts: Sequence[str]) -> list[Ends]:
    """The reader of Thunderbird and Nextcloud. Needs Node."""
    script = """
const ICAL = require(process.argv[1]);
const texts = JSON.parse(require("fs").readFileSync(0, "utf8"));
const found = texts.map((text) => {
  const calendar = new ICAL.Component(ICAL.parse(text));
  const event = new ICAL.Event(calendar.getFirstSubcomponent("vevent"));
  return [event.startDate.toUnixTime(), event.endDate.toUnixTime()];
});
process.stdout.write(JSON.stringify(found));
"""
    return _run([_program("node"), "-e", script, str(ICAL_JS)], texts)


def read_by_libical(texts: Sequence[str]) -> list[Ends]:
    """The reader of Evolution and many others. Needs a C compiler and libical's headers."""
    source = HERE / "libical_reader.c"
    with tempfile.TemporaryDirectory() as folder:
        program = f"{folder}/read"
        subprocess.run(
            [_program("cc"), str(source), "-o", program, "-lical"], check=True, capture_output=True
        )
        return _run([program], texts, separator="\f")


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise FileNotFoundError(name)
    return found


def _run(command: Sequence[str], texts: Sequence[str], separator: str = "") -> list[Ends]:
    given = separator.join(texts) if separator else json.dumps(list(texts))
    done = subprocess.run(command, input=given, text=True, capture_output=True, check=True)
    return [(int(start), int(end)) for start, end in json.loads(done.stdout)]


READERS: dict[str, Reader] = {
    "icalendar": read_by_icalendar,
    "vobject": read_by_vobject,
    "ical.js": read_by_ical_js,
    "libical": read_by_libical,
}


def main() -> None:
    every = [SINCE + timedelta(days=n) for n in range((UNTIL - SINCE).days)]
    for zone in ZONES:
        made = files(zone, every)
        for name, reader in READERS.items():
            found = reader([text for text, _ in made])
            wrong = sum(one != expected for one, (_, expected) in zip(found, made, strict=True))
            print(f"| {zone} | {name} | {len(made):,} | {wrong} |", flush=True)


if __name__ == "__main__":
    main()
