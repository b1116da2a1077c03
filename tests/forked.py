"""Processes of tests, forked from one that has loaded the program, as `emerald run` forks its own.

The program was loaded with the settings of the tests. A forked process reads its own environment, and puts what it reads in
their place. Modules of `webapp` use settings while they are loaded, so each process loads those itself;
`tests/test_forked.py` finds others that do.
"""

import gc
import multiprocessing
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import fields
from multiprocessing.context import ForkServerProcess
from pathlib import Path

ROOT = Path(__file__).parents[1]
OURS = ("backend", "bot", "emerald")
# These use settings while they are loaded; `_use_own_settings` sees to both.
USE_SETTINGS_AT_ONCE = {"backend/engine.py", "backend/settings.py"}
SET_WHILE_LOADING = ("PICCOLO_CONF",)  # in the environment, by `emerald/migrate.py`
PRELOADED = [
    "bot",  # before aiogram, as everywhere
    "emerald.bot",
    "emerald.worker",
    *(f"emerald.commands.{path.stem}" for path in sorted((ROOT / "emerald/commands").glob("[a-z]*.py"))),
]

_program = multiprocessing.get_context("forkserver")
_program.set_forkserver_preload(PRELOADED)


def start(environ: Mapping[str, str], act: Callable[..., None], *args: object) -> ForkServerProcess:
    """Start a process that runs `act` in this environment. The module of `act` must load none of our
    modules."""
    process = _program.Process(target=_begin, args=(dict(environ), act, args))
    process.start()
    return process


def _begin(environ: dict[str, str], act: Callable[..., None], args: tuple[object, ...]) -> None:
    set_by_program = {name: os.environ[name] for name in SET_WHILE_LOADING}
    os.environ.clear()
    os.environ.update(set_by_program | environ)
    gc.freeze()  # what was loaded stays
    _use_own_settings()
    act(*args)


def _use_own_settings() -> None:
    from backend.engine import DB, connect_kwargs
    from backend.settings import Settings, settings
    from backend.variables import SettingsError

    try:
        own = Settings.from_environ()
    except SettingsError:  # to be met again, and reported, by the program
        for name in [name for name in sys.modules if name.partition(".")[0] in OURS]:
            del sys.modules[name]
        return
    for field in fields(own):
        object.__setattr__(settings, field.name, getattr(own, field.name))
    DB.address, DB.config = own.database, connect_kwargs(own.database)


def emerald(arguments: list[str], out: Path | None) -> None:
    """Run `emerald <arguments>`. Its output is added to the files `out`/1 and `out`/2, if that is given."""
    for number in (1, 2) if out else ():
        os.dup2(os.open(f"{out}/{number}", os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
    from emerald.cli import main

    sys.exit(main(arguments))
