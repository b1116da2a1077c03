"""What the Dockerfile promises, read from the file; `docs/OPERATIONS.md` says how it was built and run."""

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
IGNORED = [
    line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")
]


def test_only_named_files_are_copied() -> None:
    """No secret, no test, no sandbox: everything is excluded, and a few are included."""
    assert IGNORED[0] == "*"
    let_in = {line[1:] for line in IGNORED if line.startswith("!")}
    assert let_in == {
        *(
            "CHANGELOG.md",
            "LICENSE",
            "requirements.lock",
            "requirements-backup.lock",
            "requirements-sbom.lock",
        ),
        *("backend", "bot", "emerald", "locales", "migrations", "webapp"),
        *("ops", "ops/container"),
    }
    assert IGNORED.index("!ops") < IGNORED.index("ops/*") < IGNORED.index("!ops/container")
    assert {"**/.env*", "**/*.pem", "**/*.key"} <= set(IGNORED)
    assert not any("sandbox" in line or "tests" in line for line in IGNORED)


def test_every_package_of_the_product_is_copied() -> None:
    """The packages of pyproject.toml, and the files that they read at run time."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = project["tool"]["setuptools"]["packages"]["find"]["include"]
    copied = re.findall(r"^COPY ([\w./-]+?)/? ", DOCKERFILE, re.MULTILINE)
    assert {name.rstrip("*") for name in packages} - {"sandbox"} <= set(copied)
    assert "CHANGELOG.md" in copied, "the version is read from it"
    assert "sandbox" not in copied and "." not in copied
    for name in copied:
        if name != "--from=build":
            assert (ROOT / name).exists(), name


def test_installs_only_what_the_lock_names() -> None:
    installs = re.findall(r"pip install (.*)", DOCKERFILE)
    assert installs == ["--require-hashes --no-deps --only-binary :all: \\"] * 3
    assert "curl" not in DOCKERFILE
    assert re.findall(r"apt-get install (.*) \\\n", DOCKERFILE) == [
        "--yes --no-install-recommends rsync file gnupg"
    ], "only what Barman calls"


def test_runs_as_an_unprivileged_user() -> None:
    assert re.findall(r"^USER (.*)$", DOCKERFILE, re.MULTILINE) == ["10001:10001"]
    assert "--chown" not in DOCKERFILE, "what runs cannot change its own code"


def test_holds_no_secret() -> None:
    declared = re.findall(r"^(?:ARG|ENV) .*", DOCKERFILE, re.MULTILINE)
    assert not [line for line in declared if re.search("SECRET|TOKEN|PASSWORD|KEY", line)]


def test_depends_on_nothing_of_the_build_machine() -> None:
    """The base can be set; Python packages, and what Barman calls, are downloaded."""
    assert DOCKERFILE.count("FROM ${BASE}") == 2
    assert "ARG BASE=python:3.13-slim\n" in DOCKERFILE
    assert not re.findall(r"\w+://(?!127\.0\.0\.1)", DOCKERFILE)


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    """A server that answers /health."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/health" else 500)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = Thread(target=listening.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield listening
        listening.shutdown()
        thread.join(10)


def test_the_health_check_fails_without_a_server(server: HTTPServer) -> None:
    """The command of the Dockerfile, which docker-compose.prod.yml repeats."""
    found = re.search(r"^HEALTHCHECK .*?CMD (\[.*?\])$", DOCKERFILE, re.MULTILINE | re.DOTALL)
    assert found
    command = json.loads(found[1])
    assert json.dumps(command[2]) in (ROOT / "docker-compose.prod.yml").read_text()

    def check(port: int) -> int:
        return subprocess.run(
            [sys.executable, *command[1:]],
            env={**os.environ, "PORT": str(port)},
            capture_output=True,
        ).returncode

    assert check(server.server_port) == 0
    server.shutdown()
    server.server_close()
    assert check(server.server_port) != 0


def test_hadolint_finds_nothing() -> None:
    program = Path(sys.executable).with_name("hadolint")
    said = subprocess.run([program, ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout


def test_lists_what_is_in_it_with_its_licences(tmp_path: Path) -> None:
    """The Dockerfile's command, for the environment of the tests: every library of the lock, and a licence for each."""
    command = re.search(
        r"(cyclonedx-py environment .*?) \\\n +--output-file .*? (/\S+/python)", DOCKERFILE, re.DOTALL
    )
    assert command
    program = Path(sys.executable).with_name("cyclonedx-py")
    file = tmp_path / "emerald.cdx.json"
    subprocess.run(
        [program, *command[1].split()[1:], "--output-file", file, sys.executable],
        check=True,
        capture_output=True,
    )
    found = json.loads(file.read_text())["components"]
    components = {re.sub(r"[-_.]+", "-", component["name"]).lower(): component for component in found}
    locked = dict(re.findall(r"^([\w.-]+)==([\w.]+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
    for_windows = {"colorama", "tzlocal", "win32-setctime"}
    assert locked.keys() - components.keys() <= for_windows
    for name in locked.keys() & components.keys():
        assert components[name]["version"] == locked[name], name
        assert components[name].get("licenses"), name


def test_the_list_is_written_before_the_image_is_put_together() -> None:
    first, last = DOCKERFILE.split("FROM ${BASE}\n")
    assert "/opt/sbom/bin/cyclonedx-py" in first and "cyclonedx" not in last and "/opt/sbom" not in last
