"""Commands of Emerald as processes of their own that need not load the libraries anew: they are forked from one that has, as
`emerald run` forks its own. Of ours nothing is loaded there: settings are read from each process's own environment.
"""

import multiprocessing
import os
import sys
from collections.abc import Mapping, Sequence
from multiprocessing.context import ForkServerProcess
from pathlib import Path

_libraries = multiprocessing.get_context("forkserver")
_libraries.set_forkserver_preload(
    ["babel.dates", "babel.support", "bot", "icalendar", "jinja2", "piccolo.conf.apps", "piccolo.engine.postgres",
     "piccolo.table", "structlog"]
)  # fmt: skip


def start(
    arguments: Sequence[str], environ: Mapping[str, str], out: Path | None = None
) -> ForkServerProcess:
    """Start `emerald <arguments>`. What it says goes into `out`/1 and `out`/2, if that is given."""
    process = _libraries.Process(target=_run, args=(list(arguments), dict(environ), out))
    process.start()
    return process


def _run(arguments: list[str], environ: dict[str, str], out: Path | None) -> None:
    os.environ.clear()
    os.environ.update(environ)
    for number in (1, 2) if out else ():
        os.dup2(os.open(f"{out}/{number}", os.O_WRONLY | os.O_CREAT), number)
    from emerald.cli import main

    sys.exit(main(arguments))
