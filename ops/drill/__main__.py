"""`bin/drill [NAME…]`: run these scenarios, or all of them, and print what they cost."""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path
from types import FrameType

from backend.embedded_files import EmbeddedError
from ops.drill import programs, report
from ops.drill.drill import FULL, SHORT, Drill
from ops.drill.processes import POLL, DrillError
from ops.drill.scenarios import SCENARIOS
from ops.drill.scenarios import SHORT as SHORT_SCENARIOS

ENGINES = ("debian", "embedded")
# Seconds after which the drill is ended, whatever it is doing.
LIMIT, SHORT_LIMIT = 3600.0, 240.0
REMOVE_TIMEOUT = 20.0  # seconds


def main() -> int:
    """Run the drill. Returns 0 when every aim was met, 1 when not, 2 when it cannot run here."""
    given = read_arguments()
    if given.inside:
        return run_as_first_process(given)
    if given.list:
        for one in SCENARIOS.values():
            print(f"{one.name:24}{one.sentence}")
        return 0
    engines = [given.engine] if given.engine else ["debian"] if given.short or given.names else list(ENGINES)
    if words := programs.obstacle(engines):
        print(words)
        return 2
    signal.signal(signal.SIGTERM, interrupt)
    if given.json:
        given.json.unlink(missing_ok=True)
    limit = SHORT_LIMIT if given.short else LIMIT
    try:
        return max([run_inside(engine, limit, sys.argv[1:]) for engine in engines])
    except KeyboardInterrupt:
        return 130


def read_arguments() -> argparse.Namespace:
    """The command line."""
    options = argparse.ArgumentParser(prog="bin/drill", description=__doc__)
    options.add_argument("names", nargs="*", metavar="NAME", help="a scenario; --list names them all")
    options.add_argument("--short", action="store_true", help=f"only {' and '.join(SHORT_SCENARIOS)}")
    options.add_argument(
        "--engine", choices=ENGINES, help="Debian's PostgreSQL or the embedded one; default: both"
    )
    options.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    options.add_argument("--list", action="store_true", help="what there is")
    options.add_argument("--keep-logs", type=Path, metavar="DIR", help="copy the logs of all programs there")
    options.add_argument("--inside", nargs=2, help=argparse.SUPPRESS)
    given = options.parse_args()
    if unknown := sorted(set(given.names) - set(SCENARIOS)):
        options.error(f"there is no {', '.join(unknown)}; there are {', '.join(SCENARIOS)}")
    return given


def interrupt(number: int, frame: FrameType | None) -> None:
    """End as after Ctrl-C."""
    raise KeyboardInterrupt


def run_inside(engine: str, limit: float, arguments: list[str]) -> int:
    """Run it with namespaces of its own. They, and every process in them, end with the first process."""
    folder = Path(tempfile.mkdtemp(prefix="emerald-drill-", dir="/tmp"))
    command = [programs.find("setpriv"), "--pdeathsig", "KILL", "--"]
    command += [
        programs.find("unshare"),
        "--fork",
        "--kill-child",
        "--pid",
        "--mount",
        "--mount-proc",
        "--net",
    ]
    command += ["--", sys.executable, "-P", "-m", "ops.drill", *arguments, "--inside", engine, str(folder)]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    try:
        return process.wait(limit)
    except subprocess.TimeoutExpired:
        print(f"The drill was ended after {limit:.0f} s.")
        return 1
    finally:
        process.kill()
        process.wait()
        remove(folder)


def remove(folder: Path) -> None:
    """Remove the drill's folder, in which processes that were killed may write until the kernel has ended all of them."""
    deadline = time.monotonic() + REMOVE_TIMEOUT
    while folder.exists() and time.monotonic() < deadline:
        shutil.rmtree(folder, ignore_errors=True)
        time.sleep(POLL)


def run_as_first_process(given: argparse.Namespace) -> int:
    """Be the first process of the namespace, which reaps whatever lost its parent, as PostgreSQL does under Patroni."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = run(given)
        except Exception:  # noqa: BLE001 - nothing above prints it
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    while True:
        pid, status = os.wait()
        if pid == child:
            return os.waitstatus_to_exitcode(status) & 0xFF


def run(given: argparse.Namespace) -> int:
    """Run the scenarios on a new stack, and print the table."""
    engine, folder = given.inside
    names = given.names or (SHORT_SCENARIOS if given.short else tuple(SCENARIOS))
    try:
        drill = Drill(Path(folder), programs.engine(engine), SHORT if given.short else FULL)
        drill.start()
        results = [drill.run(SCENARIOS[name]) for name in names]
    except (DrillError, EmbeddedError) as error:
        print(error)
        return 1
    finally:
        if given.keep_logs:
            shutil.copytree(Path(folder) / "logs", given.keep_logs / engine, dirs_exist_ok=True)
    print("\n" + report.table(results))
    if given.json:
        report.add_to(given.json, results)
    return 0 if all(one.passed for one in results) else 1


if __name__ == "__main__":
    sys.exit(main())
