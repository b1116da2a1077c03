"""bin/setup.sh: what a machine lacks is reported in one plain sentence, and a second start installs
nothing."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SYSTEM = "/usr/bin:/bin"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A project with only the commands and an empty lock file."""
    shutil.copytree(ROOT / "bin", tmp_path / "clone" / "bin")
    (tmp_path / "clone" / "requirements.lock").write_text("")
    return tmp_path / "clone"


@pytest.fixture
def only(tmp_path: Path) -> Path:
    """A directory for PATH: the tools that the commands need, and no Python but the one a test puts there."""
    there = tmp_path / "path"
    there.mkdir()
    for name in ("bash", "dirname", "cat", "cut", "id", "rm", "grep", "tail", "cmp", "cp"):
        found = shutil.which(name, path=SYSTEM)
        assert found, name
        (there / name).symlink_to(found)
    return there


def script(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/bash\n{text}\n")
    path.chmod(0o755)


def run(clone: Path, path: Path | str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [clone / "bin" / "emerald", "--help"],
        env={"PATH": str(path), "HOME": str(clone), **environ},
        capture_output=True,
        text=True,
        timeout=120,
    )


def install_pip(clone: Path, output: str, code: int) -> None:
    """A virtual environment whose pip prints this."""
    script(
        clone / ".venv/bin/python",
        f"""
case "$*" in
  *version_info*|*"pip --version"*) exit 0 ;;
  *"pip install"*) echo run >>{clone}/pips; cat {clone}/output; exit {code} ;;
  *) echo "started $*" ;;
esac""",
    )
    (clone / "output").write_text(output)


def sentence(done: subprocess.CompletedProcess[str]) -> str:
    """The output of a failed command: one line."""
    assert done.returncode == 1, done
    lines = done.stderr.strip().splitlines()
    found = [line for line in lines if not line.startswith("·")]
    assert len(found) == 1, done.stderr
    return found[0]


def test_a_machine_with_an_old_python(clone: Path, only: Path) -> None:
    script(only / "python3", 'case "$1" in --version) echo "Python 3.9.2" ;; *) exit 1 ;; esac')
    found = sentence(run(clone, only))
    assert found.startswith(
        "Emerald needs Python 3.11 or newer, but this machine has Python 3.9.2: install one"
    )


def test_a_machine_without_python(clone: Path, only: Path) -> None:
    assert "this machine has no Python: install one" in sentence(run(clone, only))


def test_a_newer_python_under_another_name_is_found(clone: Path, only: Path) -> None:
    """It is asked for a virtual environment, and refuses as Debian's does without python3-venv."""
    script(only / "python3", 'case "$1" in --version) echo "Python 3.9.2" ;; *) exit 1 ;; esac')
    script(
        only / "python3.12",
        'case "$1" in -c|--version) exit 0 ;; *) echo "ensurepip is not available"; exit 1 ;; esac',
    )
    found = sentence(run(clone, only))
    assert found.startswith(f"{only}/python3.12 cannot make a virtual environment: install its venv")
    assert "ensurepip is not available" in (clone / ".venv.log").read_text()


@pytest.mark.parametrize(
    ("output", "says"),
    [
        ("error: command 'gcc' failed: No such file or directory", "the compiler is missing"),
        ("unable to execute 'x86_64-linux-gnu-gcc': No such file or directory\n", "the compiler"),
        ("fatal error: Python.h: No such file or directory", "the compiler is missing"),
        ("ERROR: No space left on device", "The disk is full"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "is not the"),
        ("NewConnectionError: Failed to establish a new connection", "cannot be reached"),
        ("ERROR: something new\nand more", "could not be installed: ERROR: something new"),
    ],
)
def test_a_failed_installation_is_one_sentence(clone: Path, only: Path, output: str, says: str) -> None:
    install_pip(clone, output, 1)
    found = sentence(run(clone, only))
    assert says in found
    assert found.endswith(f"see {clone}/.venv.log.")
    assert not (clone / ".venv/installed-requirements.lock").exists()


def test_a_second_start_installs_nothing_until_the_lock_changes(clone: Path, only: Path) -> None:
    install_pip(clone, "fine", 0)
    for _ in range(2):
        done = run(clone, only)
        assert done.stdout == "started -P -m emerald --help\n", done.stderr
    assert (clone / "pips").read_text() == "run\n"
    (clone / "requirements.lock").write_text("# changed\n")
    run(clone, only)
    assert (clone / "pips").read_text() == "run\nrun\n"


def test_the_file_env_is_read_and_never_run_and_the_environment_wins(
    clone: Path, only: Path, tmp_path: Path
) -> None:
    install_pip(clone, "fine", 0)
    script(
        clone / ".venv/bin/python",
        'case "$*" in *pip*|*version_info*) ;; *) echo "$PORT|$HOST|$NAME|$SPACED" ;; esac',
    )
    (clone / ".env").write_text(
        "# a comment\n"
        "PORT=1\n"
        "export HOST='0.0.0.0'\r\n"
        f"NAME=$(touch {tmp_path}/ran)\n"
        'SPACED="two words"\n'
        "not a line\n"
    )
    done = run(clone, only, PORT="2")
    assert done.stdout == f"2|0.0.0.0|$(touch {tmp_path}/ran)|two words\n"
    assert not (tmp_path / "ran").exists()


def test_a_real_environment_is_made_from_an_empty_lock(clone: Path) -> None:
    """The real Python and the real pip, with nothing to download."""
    done = run(clone, f"{Path(sys.base_prefix) / 'bin'}:{SYSTEM}", PYTHON=os.path.realpath(sys.executable))
    # This clone has no Emerald; its Python was asked for it.
    assert "No module named emerald" in done.stderr
    assert (clone / ".venv/installed-requirements.lock").exists()


def test_the_lock_of_the_tests_includes_that_of_the_product() -> None:
    """bin/setup.sh relies on it."""

    def pins(name: str) -> set[tuple[str, str]]:
        text = (ROOT / name).read_text()
        return set(re.findall(r"^([A-Za-z0-9_.-]+)==([^ ;\\]+)", text, re.MULTILINE))

    assert pins("requirements.lock") <= pins("requirements-dev.lock")


def test_no_lock_names_a_registry() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text()
        assert not re.search(r"^\s*--?(index|extra-index|find-links|trusted|i )|https?://", text, re.M)
