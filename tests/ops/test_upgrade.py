"""bin/upgrade and bin/rollback, where the engine is a stand-in that writes down what it is asked for."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# $RUNNING: services that run; $FAILS: a call that fails, by a part of it.
ENGINE = """#!/usr/bin/env bash
call="$(basename "$0") $*"
call=${call/ -f docker-compose.prod.yml --env-file .env.prod / }
case $call in
    "docker compose version") [ -z "${NO_PLUGIN:-}" ]; exit ;;
    "docker compose ps -q "* | "docker-compose ps -q "*)
        case " $RUNNING " in *" ${call##* } "*) echo 1f2e ;; esac
        exit 0 ;;
    *" python -c "*) call="${call%% python -c *} ready" ;;
    *"pg_dump"*) echo PGDMP ;;
esac
echo "${VERSION:-} $call" >>"$CALLS"
if [ -n "${FAILS:-}" ] && [[ "${VERSION:-} $call" == *"$FAILS"* ]]; then exit 1; fi
exit 0
"""


@dataclass(frozen=True, slots=True)
class Machine:
    """A checkout on a server, with an engine."""

    directory: Path

    def run(
        self,
        command: str,
        *arguments: str,
        running: str = "postgres app worker nginx",
        fails: str = "",
        **environ: str,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of `bin/`."""
        given = {
            "PATH": f"{self.directory}/engine:{os.environ['PATH']}",
            "CALLS": str(self.directory / "calls"),
            "RUNNING": running,
        }
        given |= {"FAILS": fails, "READY_TRIES": "2", "READY_PAUSE": "0", **environ}
        (self.directory / "calls").write_text("")
        return subprocess.run(
            [self.directory / "bin" / command, *arguments], env=given, capture_output=True, text=True, timeout=30
        )  # fmt: skip

    def calls(self) -> list[str]:
        return (self.directory / "calls").read_text().splitlines()

    @property
    def settings(self) -> str:
        return (self.directory / ".env.prod").read_text()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    (tmp_path / "bin").mkdir()
    for name in ("upgrade", "rollback", "rolling.sh"):
        shutil.copy(ROOT / "bin" / name, tmp_path / "bin" / name)
    (tmp_path / "engine").mkdir()
    for name in ("docker", "docker-compose"):
        (tmp_path / "engine" / name).write_text(ENGINE)
        (tmp_path / "engine" / name).chmod(0o755)
    (tmp_path / ".env.prod").write_text("DB_PASSWORD=a=b c\nVERSION=v1.0.0\n")
    (tmp_path / ".env.prod").chmod(0o600)
    return Machine(tmp_path)


ROLLING = [
    "docker compose up -d --no-deps app-2",
    "docker compose exec -T app-2 ready",
    "docker compose up -d --no-deps app",
    "docker compose exec -T app ready",
    "docker compose up -d --no-deps worker",
    "docker compose exec -T app ready",
    "docker compose up -d --no-deps nginx",
    "docker compose rm --stop --force app-2",
]


def test_upgrades_one_process_after_another(machine: Machine) -> None:
    done = machine.run("upgrade", "v1.1.0", fails="image inspect", running="postgres app worker nginx backup")
    assert done.returncode == 0, done.stderr
    rolling = list(ROLLING)
    rolling.insert(5, "docker compose up -d --no-deps backup")
    assert machine.calls() == [
        f"v1.1.0 {call}"
        for call in (
            "docker compose exec -T backup emerald backup",
            "docker image inspect booking-system:v1.1.0",
            "docker build -t booking-system:v1.1.0 --build-arg VERSION=1.1.0 .",
            "docker compose run --rm --no-deps migrate version --notes",
            "docker compose run --rm --no-deps roles",
            "docker compose run --rm --no-deps migrate",
            *rolling,
        )
    ]
    assert machine.settings == "DB_PASSWORD=a=b c\nVERSION=v1.1.0\nPREVIOUS_VERSION=v1.0.0\n"
    assert (machine.directory / ".env.prod").stat().st_mode & 0o777 == 0o600
    assert "bin/rollback (starts v1.0.0" in done.stdout


def test_an_engine_without_the_plugin_has_the_program(machine: Machine) -> None:
    assert machine.run("rollback", "v0.9.0", NO_PLUGIN="yes").returncode == 0
    assert machine.calls()[1:] == [
        f"v0.9.0 {call}".replace("docker compose", "docker-compose") for call in ROLLING
    ]


def test_dumps_where_no_backups_are_made(machine: Machine) -> None:
    assert machine.run("upgrade", "v1.1.0").returncode == 0
    dump = machine.directory / "backup-before-v1.1.0.dump"
    assert dump.read_text() == "PGDMP\n"
    assert dump.stat().st_mode & 0o777 == 0o600


def test_pulls_from_a_registry(machine: Machine) -> None:
    (machine.directory / ".env.prod").write_text("IMAGE=your-registry/booking-system\n")
    done = machine.run("upgrade", "v1.1.0", fails="image inspect", SKIP_BACKUP="1")
    assert done.returncode == 0, done.stderr
    assert "v1.1.0 docker pull your-registry/booking-system:v1.1.0" in machine.calls()
    assert not any("build" in call or "backup" in call for call in machine.calls())


def test_the_same_version_built_anew_keeps_the_old_image(machine: Machine) -> None:
    assert machine.run("upgrade").returncode == 0
    assert machine.calls()[0] == "v1.0.0 docker tag booking-system:v1.0.0 booking-system:previous"
    assert "v1.0.0 docker build -t booking-system:v1.0.0 --build-arg VERSION=1.0.0 ." in machine.calls()
    assert "PREVIOUS_VERSION=previous" in machine.settings


@pytest.mark.parametrize("fails", ["emerald backup", "docker build", "--no-deps roles", "--no-deps migrate"])
def test_what_fails_before_replaces_nothing(machine: Machine, fails: str) -> None:
    before = machine.settings
    running = "postgres app worker nginx backup"
    version = "v1.0.0" if fails == "docker build" else "v1.1.0"
    assert machine.run("upgrade", version, fails=fails, running=running).returncode != 0
    assert fails in machine.calls()[-1]
    assert not any(" up " in call for call in machine.calls())
    assert machine.settings == before


def test_a_version_that_does_not_become_ready_replaces_nothing(machine: Machine) -> None:
    before = machine.settings
    done = machine.run("upgrade", "v1.1.0", fails="app-2 ready")
    assert done.returncode == 1
    assert "What ran before still runs" in done.stderr
    ups = [call for call in machine.calls() if " up " in call]
    assert ups == ["v1.1.0 docker compose up -d --no-deps app-2"]
    assert machine.calls()[-1] == "v1.1.0 docker compose rm --stop --force app-2"
    assert machine.settings == before


def test_a_second_web_process_that_ran_before_stays(machine: Machine) -> None:
    assert machine.run("upgrade", "v1.1.0", running="app app-2 worker").returncode == 0
    assert not any(" rm " in call for call in machine.calls())


def test_goes_back_and_forward_again(machine: Machine) -> None:
    assert machine.run("upgrade", "v1.1.0").returncode == 0
    assert machine.run("rollback").returncode == 0
    assert machine.calls() == ["v1.0.0 docker image inspect booking-system:v1.0.0"] + [
        f"v1.0.0 {call}" for call in ROLLING
    ]
    assert machine.settings == "DB_PASSWORD=a=b c\nVERSION=v1.0.0\nPREVIOUS_VERSION=v1.1.0\n"
    assert machine.run("rollback").returncode == 0
    assert "VERSION=v1.1.0" in machine.settings


def test_goes_back_to_nothing_unknown(machine: Machine) -> None:
    assert "bin/rollback VERSION" in machine.run("rollback").stderr
    assert "is not here any more" in machine.run("rollback", "v0.9.0", fails="image inspect").stderr
    assert not any(" up " in call for call in machine.calls())
