"""Which zone data is used, and that everything here goes by it (`S10`)."""

import ast
import subprocess
import sys
import zoneinfo
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import tzdata
from babel.dates import format_datetime, format_time

from backend import zone_data
from backend.i18n import Voice
from backend.ical import CalendarEvent, EventStatus, render_calendar
from backend.zone_data import Source, ZoneData, newest, read_version
from backend.zones import resolve_local, wall_clock, zone_by_name

ROOT = Path(__file__).parents[2]
OLD, NEW = (str(ROOT / "tests" / "zone_data" / release) for release in ("2025b", "2026f"))
# A Tuesday evening after the clocks were to go back.
TUESDAY = datetime(2026, 12, 1, 18, 0)
Release = Callable[[str], None]


def test_the_newer_of_the_systems_and_the_packages_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tzdata, "IANA_VERSION", "2026a")
    package = ZoneData("2026a", Source.PACKAGE)
    assert newest([OLD]) == package
    assert newest([OLD, NEW]) == ZoneData("2026f", Source.SYSTEM, (NEW,))
    assert newest([]) == package
    assert newest([str(tmp_path), str(tmp_path / "nothing")]) == package, "a folder that does not say"
    (tmp_path / "+VERSION").write_text("2026b\n")
    assert newest([str(tmp_path)]) == ZoneData("2026b", Source.SYSTEM, (str(tmp_path),))
    (tmp_path / "+VERSION").write_text("2026a\n")
    assert newest([str(tmp_path)]) == package, "of equal ones the package"


def test_a_folder_says_its_version(tmp_path: Path) -> None:
    assert (read_version(OLD), read_version(NEW), read_version(str(tmp_path))) == ("2025b", "2026f", "")
    (tmp_path / "tzdata.zi").write_bytes(b"\xff\xfe no version here\n")
    assert read_version(str(tmp_path)) == ""


def test_this_process_goes_by_the_newest_from_the_start() -> None:
    assert zone_data.current() == newest(zone_data._SYSTEM_PATH)
    assert zone_data.current().version >= tzdata.IANA_VERSION
    assert zone_data.current().folders == zoneinfo.TZPATH


@pytest.mark.parametrize(
    ("path", "version", "utc"),
    [(OLD, "2025b (PYTHONTZPATH)", 2), (NEW, "2026f (PYTHONTZPATH)", 1)],
)
def test_who_starts_a_process_may_choose(path: str, version: str, utc: int) -> None:
    """PYTHONTZPATH names the data, in any process that loads anything of ours."""
    code = (
        "from backend.zones import resolve_local; from backend import zone_data; from datetime import datetime;"
        "print(zone_data.current(), resolve_local(datetime(2026, 12, 1, 18), 'America/Vancouver').hour, sep='|')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={"PYTHONTZPATH": path}, capture_output=True, text=True
    )
    assert done.stdout.strip() == f"{version}|{utc}", done.stderr


def test_what_was_read_before_is_forgotten(zones_of: Release) -> None:
    before = []
    for release in ("2025b", "2026f", "2025b"):
        zones_of(release)
        before.append(resolve_local(TUESDAY, "America/Vancouver").hour)
    assert before == [2, 1, 2]


def test_a_zone_that_the_folder_lacks_is_read_from_the_package(zones_of: Release) -> None:
    zones_of("2025b")
    assert wall_clock(datetime(2026, 12, 1, 12, tzinfo=UTC), "Asia/Tokyo") == datetime(2026, 12, 1, 21)


@pytest.mark.parametrize(
    ("zone", "old", "new"),
    [
        ("America/Vancouver", "18.00", "19.00"),
        ("America/Edmonton", "18.00", "19.00"),
        ("America/Winnipeg", "18.00", "19.00"),
        ("Africa/Casablanca", "18.00", "17.00"),
        ("Europe/Helsinki", "18.00", "18.00"),
    ],
)
def test_sentences_and_babel_follow(zones_of: Release, zone: str, old: str, new: str) -> None:
    """Babel formats what it is given and looks up no zone by itself."""
    zones_of("2025b")
    instant = resolve_local(TUESDAY, zone)
    seen = []
    for release in ("2025b", "2026f"):
        zones_of(release)
        assert format_time(instant, "short", tzinfo=zone_by_name(zone), locale="fi") == Voice("fi").hour(
            instant, zone
        )
        assert format_datetime(instant, "HH.mm", tzinfo=zone_by_name(zone)) == Voice("fi").hour(instant, zone)
        seen.append(Voice("fi").hour(instant, zone))
    assert seen == [old, new]


def test_calendars_follow(zones_of: Release) -> None:
    """The library icalendar writes the offsets of the zone it is given."""
    at = datetime(2026, 12, 2, 1, 0, tzinfo=UTC)
    event = CalendarEvent(
        "abc", "Yoga", "Kallio", at, at.replace(hour=2), "America/Vancouver", 0, EventStatus.CONFIRMED, at
    )
    files = []
    for release in ("2025b", "2026f"):
        zones_of(release)
        files.append(render_calendar([event], host="emerald.example").decode())
    old, new = files
    assert "DTSTART;TZID=America/Vancouver:20261201T170000" in old
    assert "DTSTART;TZID=America/Vancouver:20261201T180000" in new
    assert "TZOFFSETTO:-0800" in old


@pytest.mark.parametrize(
    ("version", "now", "old"),
    [
        ("2025b", datetime(2026, 11, 30, tzinfo=UTC), True),
        ("2025b", datetime(2026, 4, 1, tzinfo=UTC), False),
        ("2026f", datetime(2026, 11, 30, tzinfo=UTC), False),
        ("2026f", datetime(2028, 1, 1, tzinfo=UTC), True),
        ("2025z", datetime(2026, 12, 1, tzinfo=UTC), False),
        ("", datetime(2036, 1, 1, tzinfo=UTC), False),
    ],
)
def test_data_of_more_than_a_year_is_old(version: str, now: datetime, old: bool) -> None:
    assert ZoneData(version, Source.SYSTEM).is_old(now) is old


def modules() -> Iterator[tuple[str, ast.Module]]:
    for folder in ("backend", "bot", "emerald", "webapp"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text("utf-8"))


def other_sources(tree: ast.Module) -> list[str]:
    """What in a module would read zone data of its own: dateutil's, pytz's, the machine's, or what Babel
    finds by a name."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            names = {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names = {alias.name for alias in node.names}
        else:
            names = set()
        found += [
            name
            for name in names
            if name.split(".")[0] in ("pytz", "tzlocal")
            or name.startswith(("dateutil.tz", "dateutil.zoneinfo"))
            or (name.startswith("babel.") and name.endswith(("get_timezone", "LOCALTZ")))
        ]
        for keyword in node.keywords if isinstance(node, ast.Call) else ():
            if keyword.arg == "tzinfo" and isinstance(keyword.value, ast.Constant) and keyword.value.value:
                found.append(f"tzinfo={keyword.value.value!r}")
    return found


def test_nothing_of_ours_reads_zones_from_elsewhere() -> None:
    assert {path: found for path, tree in modules() if (found := other_sources(tree))} == {}


@pytest.mark.parametrize(
    "source",
    [
        "import pytz",
        "from dateutil.tz import gettz",
        "from babel.dates import get_timezone",
        "format_time(at, tzinfo='Europe/Helsinki')",
    ],
)
def test_another_source_is_found(source: str) -> None:
    """The negative control."""
    assert other_sources(ast.parse(source))
