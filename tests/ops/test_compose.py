"""What docker-compose.prod.yml promises, read from the file; `docs/OPERATIONS.md` says how it was run."""

import asyncio
import importlib
import os
import re
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from backend import db, embedded_files, leases
from emerald.roles import NAMES

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker-compose.prod.yml"
# Settings that a container does not need, or that the file itself sets.
NOT_OURS = {"DATABASE_ONLY", "EMERALD_HOME", "FAILPOINTS", "PGBIN", "SANDBOX_PORT"}
# Known to the service that makes backups, and to no other: the passphrase above all.
OF_BACKUPS = re.compile(r"BACKUP_\w+|BARMAN")
OF_ARCHIVE = {
    "ARCHIVE_DATABASE_URL",
    "ARCHIVE_INSTANCES_DAYS",
    "ARCHIVE_LOG_DAYS",
}  # known to the worker alone
SECRETS = (
    *("DATABASE_URL", "POSTGRES_PASSWORD", "REPLICA_DATABASE_URL", "SECRET_KEY"),
    *("TELEGRAM_BOT_TOKEN", "TELEGRAM_WEBHOOK_SECRET"),
)
BACKUP_SECRETS = ("BACKUP_PASSPHRASE",)
# These end by themselves.
ONCE = {"roles", "migrate"}
PROFILES = ("replica", "polling", "pgbouncer", "monitoring")
UNEXAMINED = ONCE
# Where the database is, and as whom: each process has the address of its role instead.
ADDRESSES = {
    *("DATABASE_URL", "MIGRATE_DATABASE_URL", "POSTGRES_USER", "POSTGRES_PASSWORD"),
    *("POSTGRES_DB", "POSTGRES_HOST", "POSTGRES_PORT"),
}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    # A dependency of a dependency, without types.
    yaml = importlib.import_module("yaml")
    loaded: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
    return loaded


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose["services"]
    return found


def megabytes(limit: str) -> int:
    assert limit.endswith("m")
    return int(limit[:-1])


def test_only_nginx_is_published(services: dict[str, dict[str, Any]]) -> None:
    """The others that have a port are for whoever is on the machine."""
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert published.pop("nginx") == ["80:8080", "443:8443"]
    assert set(published) == {"prometheus", "grafana"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)
    assert not any(service.get("network_mode") for service in services.values())


def test_nginx_is_not_told_of_the_port_for_metrics(services: dict[str, dict[str, Any]]) -> None:
    """X11"""
    assert services["app"]["expose"] == ["${PORT:-3000}", "${METRICS_PORT:-9464}"]
    assert "METRICS_PORT" in services["app"]["environment"]
    assert "METRICS_PORT" not in services["nginx"]["environment"]


def test_the_database_has_no_network_outside(
    compose: dict[str, Any], services: dict[str, dict[str, Any]]
) -> None:
    assert compose["networks"]["back"]["internal"] is True
    assert services["postgres"]["networks"] == ["back"]
    assert services["nginx"]["networks"] == ["edge"]


def test_every_service_is_restricted(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        assert service["read_only"] is True, name
        assert service["init"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["pids_limit"] <= 200, name
        assert service["logging"]["options"]["max-size"], name
        assert service["stop_grace_period"], name
        assert not service.get("privileged"), name
        disabled = service["healthcheck"].get("disable", False)
        assert disabled == (name in UNEXAMINED), name
        assert name in ONCE or service["restart"] == "unless-stopped", name
    given = {name: service["cap_add"] for name, service in services.items() if "cap_add" in service}
    assert given == {"nginx": ["CHOWN", "SETUID", "SETGID"]}


def test_a_tmpfs_has_the_mode_of_the_images_own_directory(services: dict[str, dict[str, Any]]) -> None:
    """runc 1.1, which Debian 12's engine has, gives it that mode, whatever is asked for."""
    given = {"/tmp": "1777", "/var/run/postgresql": "3777", "/etc/nginx/conf.d": "0755"}
    for name, service in services.items():
        for place in service.get("tmpfs", []):
            directory, _, options = place.partition(":")
            asked = re.search(r"mode=(\d+)", options)
            assert asked, (name, place)
            assert int(asked[1], 8) & 0o777 == int(given[directory], 8) & 0o777, (name, place)


def test_it_fits_a_server_of_two_gigabytes(services: dict[str, dict[str, Any]]) -> None:
    """As the operations guide requires. What runs once has ended when the others start."""
    ever = [s for name, s in services.items() if name not in ONCE and "profiles" not in s]
    assert sum(megabytes(service["mem_limit"]) for service in ever) <= 1792
    assert all("mem_limit" in service for service in services.values())


def test_services_have_the_names_of_the_guide(services: dict[str, dict[str, Any]]) -> None:
    assert services["postgres"]["container_name"] == "booking-db"
    assert services["app"]["container_name"] == "booking-app"
    assert services["app"]["image"].startswith("${IMAGE:-booking-system}:")


def test_what_is_not_always_wanted_is_a_profile(services: dict[str, dict[str, Any]]) -> None:
    found = {name: service["profiles"][0] for name, service in services.items() if "profiles" in service}
    assert set(found.values()) == set(PROFILES)
    of_monitoring = {name for name, profile in found.items() if profile == "monitoring"}
    assert of_monitoring == {"prometheus", "alertmanager", "postgres-exporter", "node-exporter", "grafana"}


def test_nothing_starts_before_the_migrations(services: dict[str, dict[str, Any]]) -> None:
    for name in ("app", "app-2", "worker", "bot", "backup"):
        awaited = services[name]["depends_on"]
        assert awaited["migrate"] == {"condition": "service_completed_successfully"}, name
        assert awaited["postgres"] == {"condition": "service_healthy"}, name


def test_nginx_answers_while_the_application_is_away(services: dict[str, dict[str, Any]]) -> None:
    """It shows the page that says so. `up` fails, and leaves a dependent closed, where a dependency is not healthy in time."""
    assert services["nginx"]["depends_on"] == {"app": {"condition": "service_started"}}


def test_the_example_documents_every_variable() -> None:
    text = (ROOT / ".env.example").read_text()
    documented = set(re.findall(r"^(?:# )?([A-Z_]+)=", text, re.MULTILINE))
    used = set(re.findall(r"\$\{([A-Z_]+)", COMPOSE.read_text()))
    assert {name.removesuffix("_FILE") for name in used} <= documented


def test_every_setting_reaches_the_processes(services: dict[str, dict[str, Any]]) -> None:
    text = (ROOT / ".env.example").read_text()
    settings = set(re.findall(r"^([A-Z_]+)=", text, re.MULTILINE)) - NOT_OURS
    for name in ("app", "app-2", "worker", "bot"):
        environment = services[name]["environment"]
        given = {variable for variable in environment if not variable.endswith("_FILE")} - OF_ARCHIVE
        wanted = settings - ADDRESSES - OF_ARCHIVE
        assert given == {one for one in wanted if not OF_BACKUPS.fullmatch(one)}, name
        archives = {one for one in OF_ARCHIVE if {one, f"{one}_FILE"} & set(environment)}
        assert archives == (OF_ARCHIVE if name == "worker" else set()), name
        assert environment["ENV"] == "production"
        assert all(f"{secret}_FILE" in environment for secret in set(SECRETS) - ADDRESSES), name
    of_backups = {one for one in settings if OF_BACKUPS.fullmatch(one)}
    assert of_backups <= {variable.removesuffix("_FILE") for variable in services["backup"]["environment"]}
    for name in ("roles", "migrate", "backup"):
        assert services[name]["environment"]["DATABASE_ONLY"] == "true"
        assert services[name]["environment"]["ENV"] == "production"


def test_no_process_is_the_databases_superuser(services: dict[str, dict[str, Any]]) -> None:
    """B8: only `roles`, which ends at once, knows its password; each other one sees the addresses of its own roles alone."""
    for name in ("migrate", "app", "app-2", "worker", "bot"):
        environment = services[name]["environment"]
        assert set(environment) & {f"{variable}{end}" for variable in ADDRESSES for end in ("", "_FILE")} == {
            "DATABASE_URL_FILE"
        }
        assert environment["DATABASE_URL_FILE"] == "/run/secrets/database/database_url"
        role = "owner" if name == "migrate" else "app"
        assert f"{role}_role:/run/secrets/database:ro" in services[name]["volumes"], name
    assert services["backup"]["environment"]["DATABASE_URL_FILE"] == "/run/app_role/database_url"
    assert services["backup"]["environment"]["BACKUP_DATABASE_URL_FILE"] == "/run/backup_role/database_url"
    assert not any(variable.startswith("POSTGRES_") for variable in services["backup"]["environment"])
    assert not any(volume.endswith("/run/secrets/database:ro") for volume in services["backup"]["volumes"])
    kept = [volume.split(":") for volume in services["roles"]["volumes"] if "_role:" in volume]
    assert kept == [[f"{role}_role", f"/var/lib/emerald/roles/{role}"] for role in NAMES.values()]
    assert services["roles"]["command"][:3] == ["create-roles", "--into", "/var/lib/emerald/roles"]
    assert services["migrate"]["depends_on"]["roles"] == {"condition": "service_completed_successfully"}
    made = re.findall(r"for role in ([a-z ]+); do", (ROOT / "Dockerfile").read_text())
    assert made == [" ".join(NAMES.values())]


def test_processes_start_anew_when_their_database_is_reached_another_way(
    services: dict[str, dict[str, Any]],
) -> None:
    """Their address lies in a volume, so `up` would not see that it changed."""
    for name in ("app", "app-2", "worker", "bot", "backup"):
        assert "${DATABASE_THROUGH" in services[name]["labels"]["database-through"], name


def test_the_file_holds_no_secret(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        for variable, value in service.get("environment", {}).items():
            if variable.removesuffix("_FILE") in (*SECRETS, *BACKUP_SECRETS) and "/" not in value:
                assert re.fullmatch(r"(\$\{[A-Z_]+:-\})+", value), (name, variable)


def test_each_container_gets_its_own_secrets_only(services: dict[str, dict[str, Any]]) -> None:
    """`X6`: whoever breaks into PostgreSQL or nginx finds neither the bot's token nor the key of the sessions."""
    secrets: dict[str, set[str]] = {}
    for name, service in services.items():
        given = {variable.removesuffix("_FILE") for variable in service.get("environment", {})}
        secrets[name] = given & set(SECRETS)
    assert secrets["postgres"] == {"POSTGRES_PASSWORD"}
    assert secrets["nginx"] == set()
    seen = {
        name: [volume.split(":")[-2] for volume in service.get("volumes", []) if "/run/secrets" in volume]
        for name, service in services.items()
    }
    assert seen["postgres"] == ["/run/secrets/database"]
    assert seen["nginx"] == []
    assert secrets["migrate"] == {"DATABASE_URL"}
    assert secrets["roles"] == ADDRESSES & set(SECRETS)
    assert secrets["backup"] == {"DATABASE_URL"}
    assert seen["backup"] == ["/run/secrets/backup"]
    assert seen["roles"] == seen["migrate"] == ["/run/secrets/database"]
    both = ["/run/secrets", "/run/secrets/database"]
    assert all(seen[name] == both for name in ("app", "app-2", "worker", "bot"))


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("command", "variables", "code", "says"),
    [
        (["migrate", "--check"], {}, 0, "The database is up to date."),
        # The controls.
        (["migrate", "--check"], {"DATABASE_ONLY": "false"}, 2, "SECRET_KEY must be set"),
        (["serve"], {}, 2, "DATABASE_ONLY is for `emerald migrate`"),
        (["work"], {}, 2, "DATABASE_ONLY is for `emerald migrate`"),
    ],
)
def test_migrating_needs_the_database_only(
    command: list[str], variables: dict[str, str], code: int, says: str
) -> None:
    """`X6`: with the variables of its service, and nothing else may be run with them."""
    environ = {"ENV": "production", "DATABASE_ONLY": "true", "DATABASE_URL": os.environ["DATABASE_URL"]}
    ran = subprocess.run(
        [sys.executable, "-m", "emerald", *command],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environ, **variables},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (ran.returncode, says in ran.stdout + ran.stderr) == (code, True), ran.stderr


def test_mounted_files_exist(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("./"):
                assert (ROOT / source).exists(), (name, volume)
                assert volume.endswith(":ro"), (name, volume)


def versions_of_compose() -> list[list[str]]:
    """How Compose is called here: as docker's plugin, as a program, or not at all."""
    called = [["docker", "compose"], ["docker-compose"]]
    return [
        words
        for words in called
        if shutil.which(words[0]) and not subprocess.run([*words, "version"], capture_output=True).returncode
    ]


def test_compose_understands_it(tmp_path: Path) -> None:
    """With the unchanged example, as the guide begins."""
    called = versions_of_compose()
    if not called:
        pytest.skip("neither `docker compose` nor docker-compose is installed")
    profiles = [word for name in PROFILES for word in ("--profile", name)]
    given = ["-f", str(COMPOSE), "--env-file", str(ROOT / ".env.example"), *profiles]
    for words in called:
        done = subprocess.run(
            [*words, *given, "config", "--quiet"], capture_output=True, text=True, cwd=tmp_path
        )
        assert (done.returncode, done.stderr) == (0, ""), words


@pytest.fixture
async def data(database: None) -> Path:
    """The data directory of the tests' server."""
    return Path(await db.value("SHOW data_directory"))


def test_postgresql_understands_its_configuration(data: Path) -> None:
    """A name it does not know, or a value out of range, is an error."""
    program = embedded_files.binaries(embedded_files.owner_of(data)) / "postgres"
    for name, value in {
        "shared_buffers": "32768",  # pages of 8 kB
        "max_connections": "60",
        "log_parameter_max_length": "0",
        "synchronous_commit": "on",
        "password_encryption": "scram-sha-256",
    }.items():
        told = f"config_file={ROOT}/ops/postgres/postgresql.conf"
        said = subprocess.run([program, "-C", name, "-D", data, "-c", told], capture_output=True, text=True)
        assert said.returncode == 0, said.stderr
        assert said.stdout.strip() == value, name


@pytest.mark.parametrize("name", ["worker", "backup"])
async def test_the_health_check_asks_for_the_lease(
    world: None, services: dict[str, dict[str, Any]], name: str
) -> None:
    """The command of the file, as the engine runs it."""
    asked = services[name]["healthcheck"]["test"]
    assert asked[:2] == ["CMD", "python"]
    command = [sys.executable, *asked[2:]]

    environ = {**os.environ, "PYTHONPATH": str(ROOT)}

    def beats() -> int:
        return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True).returncode

    assert await asyncio.to_thread(beats) == 1
    await leases.take(name, "somebody", timedelta(minutes=1))
    assert await asyncio.to_thread(beats) == 0
