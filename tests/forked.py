"""Processes of tests, forked from one that has loaded the libraries, as `emerald run` forks its own.

None of our modules is loaded there, because each process reads its settings from its own environment.
"""

import multiprocessing
import os
import sys
from collections.abc import Callable, Mapping
from multiprocessing.context import ForkServerProcess
from pathlib import Path

_libraries = multiprocessing.get_context("forkserver")
_libraries.set_forkserver_preload(
    ["babel.dates", "babel.support", "bot", "icalendar", "jinja2", "piccolo.conf.apps", "piccolo.engine.postgres",
     "piccolo.table", "structlog"]
)  # fmt: skip


def start(environ: Mapping[str, str], act: Callable[..., None], *args: object) -> ForkServerProcess:
    """Start a process that runs `act` in this environment. The module of `act` must load none of our
    modules."""
    process = _libraries.Process(target=_begin, args=(dict(environ), act, args))
    process.start()
    return process


def _begin(environ: dict[str, str], act: Callable[..., None], args: tuple[object, ...]) -> None:
    os.environ.clear()
    os.environ.update(environ)
    act(*args)


def emerald(arguments: list[str], out: Path | None) -> None:
    """Run `emerald <arguments>`. Its output goes into the files `out`/1 and `out`/2, if that is given."""
    for number in (1, 2) if out else ():
        os.dup2(os.open(f"{out}/{number}", os.O_WRONLY | os.O_CREAT), number)
    from emerald.cli import main

    sys.exit(main(arguments))
