"""`emerald …` as a person and as a script use it: answers, exit codes, and sentences instead of
tracebacks."""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from backend import clock, db, embedded_files, zone_data
from backend.database_address import DatabaseAddress
from emerald.cli import COMMANDS
from emerald.errors import explain
from emerald.health_report import report
from tests.bin.running import free_port
from tests.workers import Done, run

ROOT = Path(__file__).parents[2]
Command = Callable[..., Done]
EVENT = ("--title", "Sunday run", "--starts-at", "2030-03-01T18:00", "--zone", "Europe/Helsinki")


async def on_server(sql: str) -> None:
    connection = await asyncpg.connect(
        **DatabaseAddress.from_url(os.environ["DATABASE_URL"]).connect_kwargs()
    )
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """An empty database of its own."""
    asyncio.run(on_server("CREATE DATABASE for_commands"))
    yield replace(DatabaseAddress.from_url(os.environ["DATABASE_URL"]), database="for_commands").url()
    asyncio.run(on_server("DROP DATABASE for_commands WITH (FORCE)"))


@pytest.fixture(scope="module")
def bare(url: str) -> Command:
    """Run a command on the database as it is."""
    return partial(run, DATABASE_URL=url)


@pytest.fixture(scope="module")
def emerald(bare: Command) -> Command:
    """Run a command on the migrated database."""
    done = bare("migrate")
    assert done.returncode == 0, done.stderr
    return bare


def refusal(done: Done, code: int = 1) -> str:
    assert (done.returncode, done.stdout) == (code, ""), done
    assert "Traceback" not in done.stderr
    return done.stderr


def test_before_migrating_it_says_so(bare: Command) -> None:
    assert "is missing tables: run `emerald migrate`" in refusal(bare("create-account", "X"), 2)
    assert bare("doctor").stdout.endswith("migration steps are missing: run `emerald migrate`.\n")


def test_migrate_takes_steps_once(bare: Command) -> None:
    missing = bare("migrate", "--check")
    assert missing.returncode == 1 and "missing: " in missing.stdout
    taken = bare("migrate")
    assert taken.returncode == 0
    assert taken.stdout.replace("taken", "missing") == missing.stdout
    for arguments in (("migrate",), ("migrate", "--check")):
        again = bare(*arguments)
        assert (again.returncode, again.stdout) == (0, "The database is up to date.\n")


def test_migrate_goes_as_far_as_it_is_told(emerald: Command) -> None:
    there = emerald("migrate", "--to", "2026-11-25T20:02:00:000000")
    assert (there.returncode, there.stdout) == (0, "The database has migration 2026-11-25T20:02:00:000000.\n")
    assert refusal(emerald("migrate", "--to", "2026")).startswith("There is no migration 2026")
    assert "cannot be combined" in refusal(emerald("migrate", "--to", "2026", "--check"), 2)


@pytest.fixture
async def programs() -> Path:
    """The directory of psql and pg_dump, of the version that the server has."""
    return embedded_files.binaries(embedded_files.owner_of(Path(await db.value("SHOW data_directory"))))


def test_psql_understands_the_address_with_a_schema(emerald: Command, url: str, programs: Path) -> None:
    """`pg_dump "$DATABASE_URL"` refuses Prisma's `?schema=`."""
    tail = "&schema=odd%20%22one%22%5C"
    printed = emerald("database-url", "--libpq", DATABASE_URL=url + tail)
    kept = emerald("database-url", "--migrate", MIGRATE_DATABASE_URL=url + tail)
    assert kept.stdout.strip() == DatabaseAddress.from_url(url + tail).own_url()
    shown = subprocess.run(
        [programs / "psql", printed.stdout.strip(), "-XAtqc", "SHOW search_path"],
        capture_output=True,
        text=True,
    )
    assert (shown.stdout, shown.stderr) == ('"odd ""one""\\"\n', "")


def test_create_account_prints_the_key_once(emerald: Command) -> None:
    """`A3`."""
    made = emerald("create-account", "Maintenance notice")
    assert made.returncode == 0 and made.stderr == ""
    assert len(re.findall(r"\bsk_[0-9a-f]{48}\b", made.stdout)) == 1
    assert "Time zone: UTC." in made.stdout
    there = emerald("create-account", "Kallio Jooga", "--zone", "Europe/Helsinki")
    assert "Time zone: Europe/Helsinki." in there.stdout
    assert "Unknown time zone" in refusal(emerald("create-account", "Nowhere", "--zone", "Factory"))
    as_json = json.loads(emerald("create-account", "Kallio Jooga", "--json").stdout)
    assert set(as_json) == {"account_id", "name", "key"}


def test_new_key_lets_somebody_into_a_club_whose_owner_is_lost(emerald: Command) -> None:
    """`A2`, `A3`: whoever runs the server can make an owner."""
    emerald("create-account", "Orphans")
    first = emerald("new-key", "Orphans")
    assert first.returncode == 0 and first.stderr == "", first
    assert first.stdout.startswith("OWNER key, shown this once: sk_")
    helper = json.loads(emerald("new-key", "Orphans", "--role", "HELPER", "--json").stdout)
    assert helper["role"] == "HELPER" and re.fullmatch(r"sk_[0-9a-f]{48}", helper["key"])
    assert refusal(emerald("new-key", "Nobody's club")).startswith("No club has this name")
    assert "Invalid value for '--role'" in refusal(emerald("new-key", "Orphans", "--role", "KING"), 2)


def test_create_event_prints_the_code_of_the_first_date(emerald: Command) -> None:
    emerald("create-account", "Runners")
    plain = emerald("create-event", "Runners", *EVENT)
    assert plain.returncode == 0, plain.stderr
    assert re.fullmatch(r"[a-z0-9]{6,}\n", plain.stdout)
    weekly = emerald("create-event", "Runners", *EVENT, "--rrule", "FREQ=WEEKLY", "--capacity", "3",
                     "--guests", "2", "--visibility", "link", "--json")  # fmt: skip
    assert json.loads(weekly.stdout)["first_code"] != plain.stdout.strip()


def test_a_refusal_is_a_sentence(emerald: Command) -> None:
    sentence = refusal(emerald("create-event", "Nobody's club", *EVENT))
    assert sentence == "No club has this name or number, or several have it.\n"


def test_every_fault_of_a_form_is_told_with_its_field(emerald: Command) -> None:
    """`X5`."""
    emerald("create-account", "Careful")
    sentence = refusal(emerald("create-event", "Careful", *EVENT, "--capacity", "-3", "--guests", "88"))
    assert [line.split(":")[0] for line in sentence.splitlines()] == ["capacity", "guests_max"]
    far = emerald("create-event", "Careful", *EVENT, "--starts-at", "2099-03-01T18:00")
    assert refusal(far) == (
        "starts_local: This is too far ahead. The first date can be at most 10 years from now.\n"
    )


def test_a_healthy_database_is_well_to_the_last_seat(emerald: Command) -> None:
    done = emerald("doctor", "--invariants")
    assert (done.returncode, done.stdout) == (0, "All is well.\n"), done
    assert done.stderr == f"Time zone data: {zone_data.current()}\n", "S10"


async def test_zone_data_of_more_than_a_year_is_found(world: None, zones_of: Callable[[str], None]) -> None:
    """`S10`."""
    with clock.stopped(datetime(2026, 11, 30, tzinfo=UTC)):
        zones_of("2026f")
        assert await report(invariants=False) == []
        zones_of("2025b")
        assert await report(invariants=False) == [
            "Time zone data 2025b (PYTHONTZPATH) is more than a year old: update the system’s, or tzdata."
        ]


async def test_events_of_other_zone_data_are_found(
    series: Any, zones_of: Callable[[str], None], noon: datetime
) -> None:
    """`S10`: those that nobody has brought to the data here, and those that are of newer ones."""
    zones_of("2026f")
    await series(rule="FREQ=WEEKLY")
    assert await report(invariants=True) == []
    await db.execute("UPDATE event_series SET zone_data = '2026a'")
    behind = "Events not at time zone data 2026f (PYTHONTZPATH) yet: 1. Start a worker."
    assert await report(invariants=False) == [behind]
    await db.execute("UPDATE event_series SET zone_data = '2027a'")
    assert await report(invariants=False) == [
        "Dates were computed with time zone data 2027a, and this is 2026f (PYTHONTZPATH): install newer data here."
    ]
    zone_data.use(replace(zone_data.current(), version=zone_data.UNKNOWN))
    await db.execute("UPDATE event_series SET zone_data = ''")
    [found] = await report(invariants=False)
    assert found.startswith("Time zone data of an unknown version (PYTHONTZPATH): name a folder")


@pytest.mark.parametrize(
    ("address", "says"),
    [
        (
            "postgresql://u:hidden@127.0.0.1:1/x",
            "127.0.0.1:1 cannot be reached (connection refused)",
        ),
        ("postgresql://u:hidden@nowhere.invalid/x", "Unknown database host nowhere.invalid"),
        ("postgresql://u@/x?host=/nowhere", "/nowhere cannot be reached"),
        ("postgresql://hidden", "DATABASE_URL lacks a user and a database name"),
    ],
)
def test_a_database_out_of_reach_is_a_sentence(bare: Command, address: str, says: str) -> None:
    sentence = refusal(bare("migrate", DATABASE_URL=address), 2)
    assert says in sentence and sentence.count("\n") == 1
    assert "hidden" not in sentence


def test_a_web_server_that_finds_no_database_ends_with_a_sentence(bare: Command, url: str) -> None:
    port = {"PORT": str(free_port())}
    gone = bare("serve", DATABASE_URL="postgresql://u:hidden@127.0.0.1:1/x", **port)
    assert "127.0.0.1:1 cannot be reached" in refusal(gone, 2)
    stranger = bare(
        "serve", DATABASE_URL=replace(DatabaseAddress.from_url(url), user="stranger").url(), **port
    )
    assert "refused user stranger" in refusal(stranger, 2)


def test_a_missing_database_or_user_is_a_sentence(bare: Command, url: str) -> None:
    other = replace(DatabaseAddress.from_url(url), database="other").url()
    assert "has no database other: create it" in refusal(bare("migrate", DATABASE_URL=other), 2)
    stranger = replace(DatabaseAddress.from_url(url), user="stranger").url()
    assert "refused user stranger" in refusal(bare("migrate", DATABASE_URL=stranger), 2)


def test_help_is_quick_and_asks_for_no_settings(bare: Command) -> None:
    done = bare("--help", PORT="nonsense")
    assert done.returncode == 0
    for command in COMMANDS:
        assert re.search(rf"^  {command} ", done.stdout, re.MULTILINE), command
    loaded = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "emerald", "--help"],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    for heavy in (
        "aiogram",
        "litestar",
        "asyncpg",
        "uvloop",
        "babel",
        "asyncio",
        "backend",
        "emerald.commands",
    ):
        assert not re.search(rf"\| +{re.escape(heavy)}$", loaded.stderr, re.MULTILINE), heavy


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("no-such-command",), "No such command"),
        (("migrate", "--no-such-option"), "No such option"),
        (("create-event", "Club"), "Missing option"),
        (("series",), "Commands:"),
        ((), "Commands:"),
    ],
)
def test_a_command_typed_wrongly_is_told_with_exit_code_2(
    bare: Command, arguments: tuple[str, ...], says: str
) -> None:
    assert says in refusal(bare(*arguments), 2)


def test_settings_that_are_wrong_are_told_all_at_once(bare: Command) -> None:
    sentence = refusal(bare("migrate", PORT="nonsense", LOG_LEVEL="loud"), 2)
    assert [line.split()[0] for line in sentence.splitlines()] == ["PORT", "LOG_LEVEL"]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("emerald mig", ["migrate"]),
        ("emerald series pa", ["pause"]),
        ("emerald migrate --", ["--check", "--to", "--help"]),
        ("emerald create-event Club --visibility ", ["link", "group"]),
    ],
)
def test_the_shell_completes_what_is_typed(bare: Command, words: str, offered: list[str]) -> None:
    completing = {"COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    done = bare(_EMERALD_COMPLETE="bash_complete", **completing)
    assert [line.removeprefix("plain,") for line in done.stdout.splitlines()] == offered, done


def test_completing_a_command_loads_none(bare: Command) -> None:
    """All of them are offered from the table, as quickly as `--help`."""
    done = bare(_EMERALD_COMPLETE="bash_complete", COMP_WORDS="emerald ", COMP_CWORD="1", PORT="nonsense")
    assert [line.removeprefix("plain,") for line in done.stdout.splitlines()] == list(COMMANDS), done


def test_an_error_that_is_its_own_cause_ends_a_command() -> None:
    """Piccolo raises them: `raise exc from exc`."""
    error = ModuleNotFoundError("piccolo_conf")
    error.__cause__ = error
    assert explain(error) is None
