"""The image, really built, and the composition, really started: only where somebody asks for it, with `ENGINE=yes bin/test
tests/ops/test_engine.py`, for it takes minutes and the ports 80 and 443. CONTRIBUTING.md says what it needs."""

import os
import secrets
import shlex
import shutil
import ssl
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread

import httpx
import pytest

from backend import clock
from tests.nginx.front import certificates, make_certificate
from tests.webapp.conftest import init_data, launch_of

ROOT = Path(__file__).parents[2]
# `docker compose`, or the program that COMPOSE names, like COMPOSE=docker-compose.
COMPOSE = shlex.split(os.environ.get("COMPOSE") or "docker compose")
BASES = ("python:3.13-slim", "postgres:18", "nginx:1.30-alpine")
VERSION, NEXT_VERSION = "under-test", "under-test-next"
BUILD_MAX, START_MAX = 1800.0, 600.0  # seconds
PROJECT = {"COMPOSE": shlex.join(COMPOSE), "COMPOSE_PROJECT_NAME": "emerald-under-test"}
# What Compose finds in its environment wins over the file of settings, and the tests' own settings are there.
ENGINE = {
    name: os.environ[name] for name in ("PATH", "HOME", "DOCKER_CONFIG", "DOCKER_HOST") if name in os.environ
}
TOKEN = "42:ENGINE_TOKEN_OF_NO_BOT"
AWAIT_READY = """
import time, urllib.request
for _ in range(120):
    try:
        print(urllib.request.urlopen("http://127.0.0.1:3000/ready").read().decode())
        break
    except OSError:  # also 503
        time.sleep(1)
"""


def docker(*arguments: str, seconds: float = 60) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=seconds)


def obstacle() -> str:
    """Why it cannot be run here, in one sentence; "" when it can."""
    if os.environ.get("ENGINE") != "yes":
        return "it takes minutes: ENGINE=yes runs it"
    if not shutil.which("docker") or not shutil.which(COMPOSE[0]):
        return f"docker and {COMPOSE[0]} are not installed"
    if subprocess.run([*COMPOSE, "version"], capture_output=True).returncode:
        return f"`{shlex.join(COMPOSE)}` is not there: install Compose, or name it in COMPOSE"
    if docker("info").returncode:
        return "no engine answers: start one, or name its socket in DOCKER_HOST"
    if missing := [base for base in BASES if docker("image", "inspect", base).returncode]:
        return f"images are missing: docker pull {' '.join(missing)}"
    if running := docker("ps", "-aq", "--filter", "name=booking-").stdout.split():
        return f"{len(running)} containers of an installation are here already"
    return ""


OBSTACLE = obstacle()
pytestmark = pytest.mark.skipif(bool(OBSTACLE), reason=OBSTACLE or "it can run")


@dataclass(frozen=True, slots=True)
class Server:
    """A checkout with its settings and secrets, of which only files know."""

    directory: Path

    def compose(self, *arguments: str, seconds: float = 120) -> str:
        """What Compose printed. It must succeed."""
        done = subprocess.run(
            [*COMPOSE, "-f", "docker-compose.prod.yml", "--env-file", ".env.prod", *arguments],
            cwd=self.directory,
            env={**ENGINE, **PROJECT},
            capture_output=True,
            text=True,
            timeout=seconds,
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout

    def run(self, command: str, *arguments: str) -> None:
        """Run a command of `bin/`. It must succeed."""
        done = subprocess.run(
            [self.directory / "bin" / command, *arguments],
            env={**ENGINE, **PROJECT},
            capture_output=True,
            text=True,
            timeout=BUILD_MAX,
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]

    @contextmanager
    def watched(self) -> Iterator[Counter[int]]:
        """Somebody who looks at the server all the time; how often came which status, complete after the block."""
        ended, statuses = Event(), Counter[int]()

        def look() -> None:
            with self.client() as browser:
                while not ended.wait(0.2):
                    statuses[browser.get("/health").status_code] += 1

        watching = Thread(target=look)
        watching.start()
        try:
            yield statuses
        finally:
            ended.set()
            watching.join()

    def client(self) -> httpx.Client:
        """A browser that trusts the server's certificate and no other."""
        trust = ssl.create_default_context(cafile=str(certificates(self.directory) / "fullchain.pem"))
        return httpx.Client(base_url="https://localhost", verify=trust, timeout=30)


def checked_out(directory: Path) -> None:
    """Copy what git knows of the working tree."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in filter(None, listed.stdout.split("\0")):
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, directory / name)


def keep_secrets(directory: Path) -> dict[str, str]:
    """Write every secret into a file of its own; the settings that name them."""
    files = {
        "SECRET_KEY": ("key", secrets.token_hex(32)),
        "TELEGRAM_BOT_TOKEN": ("token", TOKEN),
        "POSTGRES_PASSWORD": ("database/password", secrets.token_hex(20)),
        "BACKUP_PASSPHRASE": ("backup/passphrase", secrets.token_hex(32)),
    }
    for name, secret in files.values():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(secret + "\n")
        (directory / name).chmod(0o444)
    return {f"{setting}_FILE": f"/run/secrets/{name}" for setting, (name, _) in files.items()}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Built and started as docs/OPERATIONS.md says; removed with its volumes afterwards. Telegram is away."""
    directory = tmp_path_factory.mktemp("server")
    for above in (directory, *directory.parents[:2]):
        above.chmod(0o755)  # the containers' users have to enter
    checked_out(directory)
    make_certificate(directory)
    settings = {
        "VERSION": VERSION,
        "PUBLIC_URL": "https://localhost",
        "TELEGRAM_BOT_NAME": "engine_test_bot",
        "TELEGRAM_API_URL": "http://127.0.0.1:9",
        "LETSENCRYPT_DIR": str(directory / "letsencrypt"),
        "SECRETS_DIR": str(directory / "secrets"),
        **keep_secrets(directory / "secrets"),
    }
    (directory / ".env.prod").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    image = f"booking-system:{VERSION}"
    built = docker("build", "-t", image, "--build-arg", "VERSION=0", str(directory), seconds=BUILD_MAX)
    assert built.returncode == 0, built.stdout[-3000:] + built.stderr[-3000:]
    made = Server(directory)
    try:
        made.compose("up", "-d", seconds=START_MAX)
        yield made
    finally:
        made.compose("down", "-v", "--remove-orphans", seconds=START_MAX)
        docker("rmi", image, f"booking-system:{NEXT_VERSION}")


def test_everything_is_ready_and_a_seat_is_booked(server: Server) -> None:
    ready = server.compose("exec", "-T", "app", "python", "-c", AWAIT_READY, seconds=START_MAX)
    assert '"ok"' in ready
    server.compose("exec", "-T", "app", "emerald", "create-account", "Kallio", "--zone", "Europe/Helsinki")
    day = (clock.now() + timedelta(days=9)).date().isoformat()
    made = f"emerald create-event Kallio --title Yoga --starts-at {day}T18:00 --zone Europe/Helsinki --capacity 2"
    code = server.compose("exec", "-T", "app", *made.split(), "--visibility", "link").split()[-1]
    with server.client() as browser:
        assert browser.get("/health").json() == {"status": "ok"}
        assert browser.get("/ready").status_code == 404
        opened = browser.post(
            "/app/session", headers={"Authorization": f"tma {init_data(launch_of(1002, 'Alice'), TOKEN)}"}
        )
        alice = {"Authorization": f"Bearer {opened.headers['x-session']}", "HX-Request": "true"}
        booked = browser.post(f"/app/events/{code}/booking", headers=alice, data={"guests": "0"})
    assert 'data-outcome="booked"' in booked.text
    server.compose("exec", "-T", "app", "emerald", "doctor", "--invariants", "--database-only")
    seats = "SELECT sum(seats) FROM bookings"
    asked = server.compose("exec", "-T", "postgres", "psql", "-U", "admin", "-d", "emerald", "-Atc", seats)
    assert asked.strip() == "1"


def test_no_secret_is_in_the_environment_of_a_container(server: Server) -> None:
    kept = [file.read_text().strip() for file in (server.directory / "secrets").rglob("*") if file.is_file()]
    for container in server.compose("ps", "-q").split():
        environment = docker("inspect", "--format", "{{json .Config.Env}}", container).stdout
        assert "PATH=" in environment
        assert [secret for secret in kept if secret in environment] == []


def test_goes_to_a_new_version_and_back_without_a_pause(server: Server) -> None:
    """Names, aliases and labels of Compose's own are what this depends on: it differs between its versions."""
    ours = ("booking-app", "booking-worker", "booking-backup")
    with server.watched() as statuses:
        server.run("upgrade", NEXT_VERSION)
        assert {image_of(name) for name in ours} == {f"booking-system:{NEXT_VERSION}"}
        server.run("rollback")
        assert {image_of(name) for name in ours} == {f"booking-system:{VERSION}"}
    assert set(statuses) == {200}
    assert docker("inspect", "booking-app-2").returncode == 1
    server.compose("exec", "-T", "app", "emerald", "doctor", "--invariants", "--database-only")


def image_of(container: str) -> str:
    return docker("inspect", "--format", "{{.Config.Image}}", container).stdout.strip()
