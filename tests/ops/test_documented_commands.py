"""Every command of README, of the documents about running it, of ops/systemd and of the runbooks is run here, or
`documented.py` says why not."""

import asyncio
import importlib
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from backend import clock, db, embedded_files, leases
from backend.settings import settings
from tests import prepared_rows, workers
from tests.nginx.front import free_port
from tests.ops.documented import DOCUMENTS, ENGINE, NOT_RUN, ROOT, Command, commands_in, every_command
from tests.ops.scraping import await_health, process

STAND_INS = Path(__file__).parent / "stand_ins"
DATABASE = "documented"  # a copy of the tests' database, in place of the documents' `emerald`
INSIDE = re.compile(r"^dc exec (?:-T )?(?:app|worker) emerald ")
yaml: Any = importlib.import_module("yaml")  # a dependency of a dependency, without types
pytestmark = pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")


@dataclass(frozen=True, slots=True)
class Server:
    """What the commands are run against: a club, a web process, and a directory with two backups."""

    directory: Path
    environ: dict[str, str]
    names: dict[str, str]

    def named(self, text: str) -> str:
        """The command, with the documents' names made those of the tests."""
        for name, value in self.names.items():
            text = re.sub(rf"\b{name}\b", value, text)
        return text

    def shell(self, text: str) -> subprocess.CompletedProcess[str]:
        """Run a line in bash, where `dc` is what the documents say."""
        text = (
            re.sub(r"\bemerald(_new|_old|)(?=\s|$|\")", rf"{DATABASE}\1", text)
            if " postgres " in text
            else text
        )
        script = f'dc() {{ docker compose -f docker-compose.prod.yml --env-file .env.prod "$@"; }}\n{text}\n'
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=self.directory, env=self.environ, capture_output=True, text=True, timeout=60,
        )  # fmt: skip

    def sql(self, statement: str) -> subprocess.CompletedProcess[str]:
        """Run a statement, and take back what it changed."""
        alone = statement.startswith("VACUUM")
        text = statement if alone else f"BEGIN;\n{statement}\nROLLBACK;"
        command = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", DATABASE, "-c" if alone else "-f", text]
        if not alone:
            command[-1] = "-"
        return subprocess.run(
            command, env=self.environ, input=text, capture_output=True, text=True, timeout=60
        )


def services() -> list[str]:
    return list(yaml.safe_load((ROOT / "docker-compose.prod.yml").read_text())["services"])


@pytest.fixture(scope="module")
async def server(database: None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    await prepared_rows.empty()
    from tests.conftest import _make_account, _make_people

    people = await prepared_rows.made_once("people", _make_people)
    account = await prepared_rows.made_once("club", lambda: _make_account(people))
    directory = tmp_path_factory.mktemp("server")
    port = free_port()
    address = settings.database
    data = Path(await db.value("SHOW data_directory"))
    binaries = embedded_files.binaries(embedded_files.owner_of(data))
    environ = {
        **os.environ,
        "PATH": f"{STAND_INS}:{binaries}:{os.environ['PATH']}",
        "PGHOST": address.host, "PGPORT": str(address.port), "PGUSER": address.user or "", "PGPASSWORD": address.password,
        "PYTHONPATH": str(ROOT),
        "STAND_IN_SERVICES": " ".join(services()), "STAND_IN_PYTHON": sys.executable, "STAND_IN_PORT": str(port),
    }  # fmt: skip
    in_a_month = (clock.now() + timedelta(days=30)).strftime("%Y-%m-%dT12:00")
    words = ["--account", str(account.id), "--as", "1001", "--text", "Hello", "--members", "--at", in_a_month]
    planned = await workers.command("announce", *words, "--json")
    number = re.search(r"\d+", planned.stdout)
    assert planned.returncode == 0 and number, planned.stderr
    in_an_hour = (clock.now() + timedelta(hours=1)).isoformat(timespec="minutes")
    names = {
        "MOMENT": in_an_hour,
        "NUMBER": number[0],
        "ACCOUNT": str(account.id),
        "OWNER_ID": "1001",
        "CODE": "none",
        "PID": "0",
    }
    shutil.copy(ROOT / ".env.example", directory)
    made = Server(directory, environ, names)
    done = made.shell(
        f"pg_dump --no-owner {address.database} > backup-20260123.sql; pg_dump -Fc {address.database} > emerald-20260123.dump;"
        f" createdb {DATABASE}; psql -q -v ON_ERROR_STOP=1 -d {DATABASE} -f backup-20260123.sql"
    )
    assert done.returncode == 0, done.stderr
    with process("serve", directory / "log", PORT=str(port)):
        await asyncio.to_thread(await_health, port, directory / "log")
        yield made


def to_be_run(document: Path) -> list[Command]:
    """Each command that is run, once, though several pages have it."""
    return [command for command in commands_in(document) if not command.reason]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
async def test_commands_of_documents_work(server: Server, document: Path, done_already: set[str]) -> None:
    await leases.take("worker", "somebody", timedelta(minutes=10))
    for command in to_be_run(document):
        if command.text in done_already and (
            INSIDE.match(command.text) or not command.text.startswith("dc exec")
        ):
            continue
        done_already.add(command.text)
        result = await run(server, command)
        assert result.returncode == 0, f"{command.place}: {command.text}\n{result.stdout}{result.stderr}"


async def run(server: Server, command: Command) -> Any:
    """Run a command as its kind is run, and return how it ended."""
    text = server.named(command.text)
    if command.language == "sql":
        return await asyncio.to_thread(server.sql, text)
    if INSIDE.match(text) or text.startswith(("emerald ", "bin/emerald ")):
        arguments = shlex.split(text.replace("bin/emerald", "emerald", 1))
        home = str(server.directory / "home")
        return await asyncio.to_thread(
            workers.run, *arguments[arguments.index("emerald") + 1 :], EMERALD_HOME=home
        )
    if "pg_restore" in text:  # in place of what the page has restored just before
        server.shell(f"dropdb {DATABASE}_new; createdb {DATABASE}_new")
    return await asyncio.to_thread(server.shell, text)


@pytest.fixture(scope="module")
def done_already() -> set[str]:
    return set()


def test_every_reason_is_needed() -> None:
    """No reason stays in the list without a command."""
    commands = every_command()
    unused = [
        pattern for pattern, _ in NOT_RUN if not any(re.search(pattern, command.text) for command in commands)
    ]
    assert unused == []


def test_commands_are_found() -> None:
    """The negative control: a document whose blocks are not read would pass."""
    found = every_command()
    assert len(found) > 100
    assert {command.language for command in found} == {"bash", "sql"}
    assert sum(bool(ENGINE.match(command.text)) for command in found) > 20
    assert sum(bool(INSIDE.match(command.text)) for command in found) > 15


async def test_a_wrong_command_is_found(server: Server) -> None:
    """The negative control."""
    for language, text in (
        ("bash", "dc exec app emerald no-such-command"),
        ("bash", "dc restart no-such-service"),
        ("bash", "dc frobnicate"),
        ("bash", "curl https://club.example/no/such/page"),
        ("bash", "no-such-program --help"),
        ("sql", "SELECT tablename FROM pg_stat_user_indexes;"),
    ):
        assert (await run(server, Command(ROOT / "README.md", 1, language, text))).returncode != 0, text
