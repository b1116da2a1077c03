"""Databases that one scenario may do as it likes with; of the release before this one, from the repository's history."""

import io
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from emerald.version import VERSION
from ops.drill.backups import with_backups
from ops.drill.drill import Drill
from ops.drill.processes import DrillError
from ops.drill.programs import find
from ops.drill.stack import ROOT

BEFORE = "before"


def check_out(commit: str, into: Path) -> None:
    """Write the files of a commit into a directory."""
    archive = subprocess.run(_git("archive", commit), capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(into, filter="data")


def last_commit_of_release_before() -> str:
    """The commit before the one that gave CHANGELOG.md the heading of this version. Raises `DrillError`."""
    command = _git("log", "-1", "--format=%P", f"-G^## {VERSION.replace('.', '[.]')}", "--", "CHANGELOG.md")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    parents = done.stdout.split()
    if done.returncode or not parents:
        raise DrillError(
            "The release before is not here: the drill of an upgrade needs a clone with its history."
        )
    return parents[0]


def _git(*arguments: str) -> list[str]:
    # The clone may belong to another user than root.
    return [find("git"), "-c", f"safe.directory={ROOT}", "-C", str(ROOT), *arguments]


@contextmanager
def on_its_own_database(drill: Drill, name: str, checkout: Path) -> Iterator[None]:
    """Everything of ours is of a checkout, on a database that it made and filled; afterwards all is as it was."""
    stack = drill.stack
    ours = stack.database, stack.members, stack.instances, drill.acts
    try:
        stack.make_database(name)
        stack.members, stack.instances = stack.fill(drill.size.people, drill.size.instances, checkout)
        drill.acts = []
        _restart(drill, checkout)
        yield
    finally:
        stack.database, stack.members, stack.instances, drill.acts = ours
        _restart(drill, ROOT)


@contextmanager
def release_before(drill: Drill) -> Iterator[None]:
    """Everything of ours is the release before."""
    checkout = drill.folder / BEFORE
    check_out(last_commit_of_release_before(), checkout)
    with on_its_own_database(drill, BEFORE, checkout):
        yield


@contextmanager
def with_something_to_lose(drill: Drill) -> Iterator[None]:
    """There are backups, and a database that may be damaged."""
    with with_backups(drill), on_its_own_database(drill, "damaged", ROOT):
        yield


def _restart(drill: Drill, checkout: Path) -> None:
    drill.stack.configure(checkout)
    programs = (*drill.stack.webs, *drill.stack.workers)
    for program in programs:
        program.stop()
    for program in programs:
        program.start()
    drill.stack.await_ready()
