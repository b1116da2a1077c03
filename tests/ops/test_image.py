"""What the Dockerfile promises, read from the file; `docs/OPERATIONS.md` says how it was built and run."""

import json
import os
import re
import shutil
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
        *("CHANGELOG.md", "LICENSE", "requirements.lock", "requirements-backup.lock"),
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
    assert installs == ["--require-hashes --no-deps --only-binary :all: \\"] * 2
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


@pytest.mark.skipif(not shutil.which("hadolint"), reason="hadolint is not installed")
def test_hadolint_finds_nothing() -> None:
    said = subprocess.run(["hadolint", ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout
