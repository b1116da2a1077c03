"""`emerald …`: everything that is started by hand, by a container, or by a script.

Answers go to standard output (with `--json`, one JSON object), everything else to standard error.
Exit codes: 0 done, 1 refused or something was found, 2 misconfigured, 130 interrupted.
"""

import argparse
import contextlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from emerald.cli_errors import explain
from emerald.commands import announcements, bookings, cards, events, polls


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code; expected trouble becomes a sentence, never a
    traceback.
    """
    given = parser().parse_args(arguments)
    return guarded(lambda: given.command(given))


def guarded(command: Callable[[], int | None]) -> int:
    """Run a command and turn expected trouble into a sentence on standard error and an exit
    code.
    """
    try:
        return command() or 0
    except (Exception, KeyboardInterrupt) as error:
        told = explain(error)
        if told is None:
            raise
        sentence, code = told
        if sentence:
            print(sentence, file=sys.stderr, flush=True)
        return code


def parser() -> argparse.ArgumentParser:
    """All commands with their options."""
    top = argparse.ArgumentParser(prog="emerald", description="Group event booking inside Telegram.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, help: str, command: Callable[[argparse.Namespace], int | None]) -> Any:
        made = commands.add_parser(name, help=help, description=help)
        made.set_defaults(command=command)
        return made

    add("run", "everything on this machine, with a database and a demo if need be", run)
    add("serve", "the web server: Mini App, dashboard, webhook", serve)
    add("work", "the worker: sends messages, runs what is due", work)
    add("bot", "the bot by long polling, where Telegram cannot call us", bot)
    made = add("migrate", "bring the database to the tables this version knows", migrate)
    made.add_argument("--check", action="store_true", help="only say what is missing; 1 if any")
    made = add("create-account", "make a club and print its OWNER key, once", create_account)
    made.add_argument("name", help="the club's name")
    made.add_argument("--json", action="store_true", help="answer as JSON")
    made = add("create-event", "make an event and print the code of its first date", create_event)
    made.add_argument("account", help="the club, by name or number")
    made.add_argument("--title", required=True)
    made.add_argument("--starts-at", required=True, metavar="ISO", help="local, like 2027-03-01T18:00")
    made.add_argument("--zone", required=True, help="IANA time zone, like Europe/Helsinki")
    made.add_argument("--capacity", type=int, help="seats; unlimited when left out")
    made.add_argument("--guests", type=int, default=0, help="guests a booking may bring, 0 to 9")
    made.add_argument("--rrule", default="", help="how it repeats, like FREQ=WEEKLY")
    made.add_argument("--visibility", choices=("link", "group"), default="group")
    made.add_argument("--json", action="store_true", help="answer as JSON")
    made = add("doctor", "say whether settings, database and tables are well", doctor)
    made.add_argument("--invariants", action="store_true", help="recount every seat from the log too")
    add("demo", "fill an empty database with the demo club", demo)
    for noun in (announcements, bookings, cards, events, polls):
        noun.register(add)
    return top


@contextlib.contextmanager
def database() -> Iterator[None]:
    """The embedded server, started for a command that finds none running; another's is left
    alone.
    """
    from backend.settings import settings

    if not settings.database_embedded:
        yield
        return
    from backend import embedded

    embedded.start(settings.home)
    try:
        yield
    finally:
        embedded.stop(settings.home)


def run(_: argparse.Namespace) -> int:
    """`emerald run`."""
    from emerald.run import run as run_all

    return run_all()


def serve(_: argparse.Namespace) -> None:
    """`emerald serve`."""
    from emerald.log import configure
    from emerald.serve import serve as serve_web

    configure("web")
    with database():
        serve_web()


def work(_: argparse.Namespace) -> None:
    """`emerald work`."""
    from emerald.log import configure
    from emerald.runtime import complete
    from emerald.worker import work as work_on

    configure("worker")
    with database():
        complete(work_on)


def bot(_: argparse.Namespace) -> None:
    """`emerald bot`."""
    from emerald.bot import poll
    from emerald.log import configure
    from emerald.runtime import complete

    configure("bot")
    with database():
        complete(poll)


def migrate(given: argparse.Namespace) -> int:
    """`emerald migrate`: 1 when `--check` finds steps missing."""
    from emerald.migrate import migrate as take_steps
    from emerald.runtime import complete

    with database():
        steps = complete(lambda: take_steps(check=given.check))
    if steps is None:
        return 130
    for step in steps:
        print(f"missing: {step}" if given.check else f"taken: {step}")
    if not steps:
        print("The database is up to date.")
    return 1 if given.check and steps else 0


def create_account(given: argparse.Namespace) -> int:
    """`emerald create-account`."""
    from backend.accounts.actions import create_account as create
    from emerald.runtime import complete_with_pool

    with database():
        made = complete_with_pool("emerald create-account", lambda: create(given.name))
    if made is None:
        return 130
    if given.json:
        print(json.dumps(asdict(made), ensure_ascii=False))
    else:
        print(f"Club {made.account_id}: {made.name}")
        print(f"OWNER key, shown this once: {made.key}")
        print("Send it to the bot in a private chat, as: /start <key>")
    return 0


def create_event(given: argparse.Namespace) -> int:
    """`emerald create-event`."""
    from emerald.runtime import complete_with_pool
    from emerald.scripts import create_event as create

    with database():
        made = complete_with_pool(
            "emerald create-event",
            lambda: create(
                given.account,
                title=given.title,
                starts_at=given.starts_at,
                zone=given.zone,
                capacity=given.capacity,
                guests=given.guests,
                rrule=given.rrule,
                visibility=given.visibility,
            ),
        )
    if made is None:
        return 130
    print(json.dumps(asdict(made), ensure_ascii=False) if given.json else made.first_code)
    return 0


def doctor(given: argparse.Namespace) -> int:
    """`emerald doctor`: 1 when something is not well."""
    from emerald.health_report import report
    from emerald.runtime import complete_with_pool

    with database():
        found = complete_with_pool("emerald doctor", lambda: report(invariants=given.invariants))
    if found is None:
        return 130
    for line in found:
        print(line)
    if not found:
        print("All is well.")
    return 1 if found else 0


def demo(_: argparse.Namespace) -> None:
    """`emerald demo`."""
    from emerald.demo import fill
    from emerald.runtime import complete_with_pool

    with database():
        complete_with_pool("emerald demo", fill)
