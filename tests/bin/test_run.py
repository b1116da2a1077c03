"""bin/run for real: from an empty home to a page to click, and nothing left running afterwards."""

import json
import os
import re
import select
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bin.running import ROOT, Running, free_port, own_home, running, status

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="watches processes as Linux can")
READY = "Emerald is ready"
MEBIBYTE = 1024  # KiB


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with own_home() as made:
        yield made


@pytest.fixture(scope="module")
def first(home: Path) -> Iterator[Running]:
    """The first start in a new home, ready."""
    with running(home) as one:
        one.wait_for(READY)
        one.wait_for("Ctrl-C")
        yield one


def emerald(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / "bin" / "emerald", *arguments],
        env={"PATH": os.environ["PATH"], "EMERALD_HOME": str(home)},
        capture_output=True,
        text=True,
    )


def test_the_first_start_reports_its_progress_and_the_addresses(first: Running) -> None:
    for word in ("database", "zone data", "tables", "demo", "starting"):
        assert f"· {word}" in first.output
    urls = re.findall(r"http://[^\s]+", first.output)
    assert f"http://127.0.0.1:{first.sandbox_port}/" in urls
    assert f"http://127.0.0.1:{first.port}/dashboard" in urls
    for url in urls:
        port, path = re.fullmatch(r"http://127\.0\.0\.1:(\d+)(/.*)", url).groups()  # type: ignore[union-attr]
        assert status(int(port), path) in (200, 302, 303), url
    assert first.get("/ready") == 200
    assert "Traceback" not in first.output


def test_the_addresses_stay_in_sight(first: Running) -> None:
    """Requests and jobs are in log files, as the last lines say; warnings would be in the terminal."""
    # A request is logged once it is answered: before the answer to the next one.
    assert [first.get(path) for path in ("/dashboard/sign-in", "/ready")] == [200, 200]
    logs = first.home / "logs"
    assert f"Requests and jobs are logged in {logs}; --verbose shows them here." in first.output
    assert "path=/dashboard/sign-in" in (logs / "web.log").read_text()
    for process in ("worker", "bot"):
        assert "starting" in (logs / f"{process}.log").read_text()
    after = first.output.partition(READY)[2]
    assert [line for line in after.splitlines() if "info" in line or "process=" in line] == []


def test_nothing_runs_as_root_inside_the_database_files(first: Running) -> None:
    uids = {Path(f"/proc/{pid}").stat().st_uid for pid in first.pids("postgres")}
    assert uids and 0 not in uids


def test_three_processes_fit_into_350_mb(first: Running) -> None:
    """Shared pages count once, as `smaps_rollup` counts them."""

    def size(name: str) -> float:
        (pid,) = first.pids(f"emerald-{name}")
        found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)
        assert found
        return int(found[1]) / MEBIBYTE

    sizes = {name: round(size(name)) for name in ("web", "worker", "bot")}
    print(f"memory (PSS, MB): {sizes}")
    assert sum(sizes.values()) < 350, sizes


def test_commands_use_the_same_database_meanwhile(first: Running) -> None:
    made = emerald(first.home, "create-account", "Töölö", "--json")
    assert made.returncode == 0, made.stderr
    assert re.fullmatch(r"sk_[0-9a-f]{48}", json.loads(made.stdout)["key"])
    assert first.get("/ready") == 200, "a command that ends must not take the database with it"


@pytest.mark.parametrize("name", ["web", "worker", "bot", "sandbox"])
def test_a_killed_process_is_restarted(first: Running, name: str) -> None:
    (pid,) = first.pids(f"emerald-{name}")
    os.kill(pid, signal.SIGKILL)
    assert "it starts again in 1 s" in first.wait_for(f"{name} stopped (signal 9)")
    first.wait_for(f"{name} is starting again.")
    # A process sets its name a moment after it is forked.
    (again,) = first.await_pids(f"emerald-{name}")
    assert again != pid


def test_a_killed_database_is_restarted(first: Running) -> None:
    oldest = min(first.pids("postgres"))
    os.kill(oldest, signal.SIGKILL)
    first.wait_for("The database stopped and is starting again.")


def test_ctrl_c_leaves_nothing_running(first: Running) -> None:
    assert len(first.pids()) > 5
    assert first.end(signal.SIGINT) == 0
    assert first.pids() == []


def test_the_second_start_is_quick_keeps_the_data_and_shows_the_requests(first: Running, home: Path) -> None:
    """Requests because of `--verbose`."""
    assert first.process.poll() is not None, "this one comes after the first has ended"
    with running(home, "--verbose") as second:
        seconds = float(re.search(r"\(([\d.]+) s\)", second.wait_for(READY))[1])  # type: ignore[index]
        print(f"second start: {seconds} s")
        assert "· demo" not in second.output
        again = emerald(home, "create-event", "Töölö", "--title", "Run", "--zone", "Europe/Helsinki",
                        "--starts-at", "2030-01-01T18:00")  # fmt: skip
        assert again.returncode == 0, again.stderr
        second.wait_for("Ctrl-C")
        assert "are logged in" not in second.output
        assert second.get("/dashboard/sign-in") == 200
        assert "status=200" in second.wait_for("path=/dashboard/sign-in")
        assert second.end(signal.SIGTERM) == 0
        assert second.pids() == []
        assert "Traceback" not in second.output
        # Promised for an idle machine; a busy one gives us only a share.
        assert seconds < 5 * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def test_all_processes_end_with_a_killed_supervisor(home: Path) -> None:
    with running(home) as one:
        one.wait_for(READY)
        watched = [os.pidfd_open(pid) for pid in one.pids() if pid != one.process.pid]
        assert len(watched) > 5
        one.process.kill()
        one.process.wait()
        for each in watched:
            assert select.select([each], [], [], 60)[0], one.pids()
            os.close(each)
        assert one.pids() == []


def test_ctrl_c_during_the_preparation_leaves_nothing() -> None:
    with own_home() as home, running(home) as one:
        one.wait_for("tables")
        assert one.end(signal.SIGINT) == 0
        assert one.pids() == []
        assert "Traceback" not in one.output


def refused(one: Running) -> str:
    """The last output of a start that failed: no traceback in it, and nothing left running."""
    assert one.rest() in (1, 2)
    assert "Traceback" not in one.output
    assert one.pids() == []
    return one.output


@pytest.mark.parametrize("name", ["PORT", "SANDBOX_PORT"])
def test_a_taken_port_is_reported_in_one_sentence(home: Path, name: str) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with running(home, **{name: str(port)}) as one:
            output = refused(one)
    assert output == (
        f"Port {port} cannot be used (it is taken): stop what uses it, "
        f"or choose another, like {name}={port + 1} bin/run.\n"
    )


def test_a_broken_database_url_is_reported_in_one_sentence(home: Path) -> None:
    with running(home, DATABASE_URL="postgresql://u:se#cret@host/x") as one:
        output = refused(one)
    assert output.startswith("DATABASE_URL cannot be read; write postgresql://")
    assert output.count("\n") == 1 and "cret" not in output


def test_a_database_that_does_not_answer_is_reported(home: Path) -> None:
    port = free_port()
    with running(home, DATABASE_URL=f"postgresql://u:secret@127.0.0.1:{port}/x") as one:
        output = refused(one)
    assert (
        f"The database at 127.0.0.1:{port} cannot be reached (connection refused): "
        "check DATABASE_URL, and that its server runs.\n" in output
    )
    assert "secret" not in output


def test_all_faults_of_the_settings_are_reported_at_once(home: Path) -> None:
    with running(home, PORT="web", TELEGRAM_BOT_TOKEN="hello", ENV="prod") as one:
        output = refused(one)
    assert [line.split()[0] for line in output.splitlines()] == ["ENV", "PORT", "TELEGRAM_BOT_TOKEN"]


def test_a_named_database_is_used_instead(home: Path) -> None:
    from backend import embedded

    with embedded.throwaway() as url, running(home, DATABASE_URL=url) as one:
        one.wait_for(READY)
        assert "· database" not in one.output
        assert one.pids("postgres") == []
        assert one.get("/ready") == 200
        assert one.end() == 0
        assert one.pids() == []
