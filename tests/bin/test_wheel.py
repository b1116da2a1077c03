"""`pip install .` into an environment elsewhere gives an `emerald` that runs there, with all that it reads."""

import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.nginx.front import free_port

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`emerald` in a new environment, which finds the libraries, and no file of the checkout."""
    directory = tmp_path_factory.mktemp("wheel")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in listed.decode().split("\0"):
        if name and (ROOT / name).is_file() and not name.startswith(("tests/", "docs/", "e2e/", "bench/")):
            (directory / "source" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, directory / "source" / name)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input"]
    built = subprocess.run(
        [*pip, "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", directory, "./source"],
        cwd=directory, capture_output=True, text=True,
    )  # fmt: skip
    assert built.returncode == 0, built.stdout + built.stderr
    shutil.rmtree(directory / "source")
    [wheel] = directory.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", directory / "venv"], check=True)
    python = directory / "venv" / "bin" / "python"
    subprocess.run(
        [*pip, "--python", python, "install", "--quiet", "--no-deps", "--no-index", wheel], check=True
    )
    [libraries] = (directory / "venv" / "lib").glob("python*/site-packages")
    (libraries / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return directory / "venv" / "bin" / "emerald"


def environ(**ours: str) -> dict[str, str]:
    return {**{name: value for name, value in os.environ.items() if name != "PYTHONPATH"}, **ours}


def test_knows_its_version_and_its_migrations(program: Path, database: None, tmp_path: Path) -> None:
    def said(*arguments: str) -> str:
        done = subprocess.run(
            [program, *arguments], cwd=tmp_path, env=environ(), capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    found = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert found
    assert said("version", "--notes").startswith(f"Emerald {found[1]}\n- ")
    said("migrate", "--check")


@pytest.fixture
def running(program: Path, database: None, tmp_path: Path) -> Iterator[str]:
    """`emerald run`, started in an empty directory, with the sandbox; its address."""
    port, sandbox = free_port(), free_port()
    ours = {
        "EMERALD_HOME": str(tmp_path / "home"),
        "PORT": str(port),
        "SANDBOX_PORT": str(sandbox),
        "ENV": "development",
    }
    ours |= {"TELEGRAM_BOT_TOKEN": "", "TELEGRAM_BOT_NAME": "", "PUBLIC_URL": f"http://127.0.0.1:{port}"}
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [program, "run", "--verbose"], cwd=tmp_path, env=environ(**ours), stdout=log, stderr=log
        )
    try:
        deadline = time.monotonic() + 120
        while b"Emerald is ready" not in (tmp_path / "log").read_bytes():
            assert process.poll() is None and time.monotonic() < deadline, (tmp_path / "log").read_text()
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def test_runs_elsewhere(running: str) -> None:
    """With templates, styles, pictures and translations."""
    with httpx.Client(base_url=running, timeout=20) as client:
        page = client.get("/app/")
        assert page.status_code == 200
        for address in re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text):
            assert client.get(address).status_code == 200, address
        finnish = client.get("/dashboard/sign-in", headers={"Accept-Language": "fi"})
        assert finnish.status_code == 200
        assert 'lang="fi"' in finnish.text and "Kirjaudu" in finnish.text
