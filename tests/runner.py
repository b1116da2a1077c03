"""How the tests are run: which are pure, which file goes first, and how long each takes.

Whole files go to whichever process is free, so the longest go first: none may be begun when all else is done. How long each
takes is measured: `bin/test --durations` writes it to `durations.json`.
"""

import gc
import json
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

from tests import fuzzing

DURATIONS = Path(__file__).with_name("durations.json")

# A test is pure unless it asks for one of these fixtures, or its module imports one of these modules.
FIXTURES = {"database", "browser", "chrome", "sandbox_url"}
MODULES = {
    "backend.embedded",
    "multiprocessing",
    "playwright.async_api",
    "subprocess",
    "tests.forked",
    "tests.processes",
    "tests.bin.running",
    "tests.workers",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--pure", action="store_true", help="only tests without database, browser or process")
    parser.addoption(
        "--write-durations", action="store_true", help=f"measure the files again: {DURATIONS.name}"
    )
    parser.addoption(
        "--fuzz", type=int, default=1, metavar="TIMES", help="how many times more examples to feed"
    )


def runs_no_test(config: pytest.Config) -> bool:
    """Whether this process only hands the tests to others."""
    return bool(config.getoption("numprocesses", None)) and not hasattr(config, "workerinput")


def pytest_configure(config: pytest.Config) -> None:
    if not runs_no_test(config):
        gc.disable()  # until all tests are collected
    fuzzing.times = config.getoption("--fuzz")
    if hasattr(config, "workerinput") and config.args == ["tests"]:
        config.args = _files_in_turn(**config.workerinput)
    if config.getoption("--write-durations") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Stopwatch(config))


def _files_in_turn(workerid: str, workercount: int, **_: object) -> list[str]:
    """All test files, where each process begins with others: what one has compiled, the rest find compiled."""
    files = sorted(str(path) for path in DURATIONS.parent.rglob("test_*.py"))
    first = len(files) * int(workerid.removeprefix("gw")) // workercount
    return files[first:] + files[:first]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The longest files first; those of unknown length before all others."""
    if config.getoption("--pure"):
        impure = [item for item in items if not _is_pure(item)]
        config.hook.pytest_deselected(items=impure)
        items[:] = [item for item in items if item not in set(impure)]
    seconds = json.loads(DURATIONS.read_text())

    def longest_first(item: pytest.Item) -> tuple[float, str]:
        path = item.path.relative_to(DURATIONS.parent).as_posix()
        return -seconds.get(path, float("inf")), path

    items.sort(key=longest_first)


def pytest_collection_finish() -> None:
    """Exempt the collected tests and all modules from garbage collection: they stay until the end, and scanning them
    again and again takes processor time."""
    gc.collect()
    gc.freeze()
    # Rarer than Python's own 700: a test makes thousands of objects and soon leaves them.
    gc.set_threshold(20_000, 10, 10)
    gc.enable()


def _is_pure(item: pytest.Item) -> bool:
    assert isinstance(item, pytest.Function)
    return FIXTURES.isdisjoint(item.fixturenames) and MODULES.isdisjoint(_imports(item.module))


def _imports(module: ModuleType) -> set[str]:
    """The modules that a module's global names are, or come from."""
    found = set()
    for value in vars(module).values():
        if isinstance(value, ModuleType):
            found.add(value.__name__)
        else:
            found.add(getattr(value, "__module__", ""))
    return found


class _Stopwatch:
    """Adds up how long the tests of each file took, and writes it down at the end."""

    def __init__(self, config: pytest.Config) -> None:
        self._root = config.rootpath
        self._seconds: Counter[Path] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._seconds[self._root / report.nodeid.partition("::")[0]] += report.duration  # type: ignore[assignment]

    def pytest_sessionfinish(self) -> None:
        folder = DURATIONS.parent
        measured = {
            path.relative_to(folder).as_posix(): round(seconds, 1)
            for path, seconds in self._seconds.items()
            if path.is_relative_to(folder)
        }
        longest_first = dict(sorted(measured.items(), key=lambda one: (-one[1], one[0])))
        DURATIONS.write_text(json.dumps(longest_first, indent=0) + "\n")
