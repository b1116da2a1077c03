"""Every command, option and argument of version 0.3.0 is there: scripts and hands know them."""

from collections.abc import Iterator

import click
import pytest

from emerald.cli import COMMANDS, emerald

RELEASED = {
    "run": "--verbose",
    "serve": "",
    "work": "",
    "bot": "",
    "migrate": "--check",
    "create-account": "--json NAME",
    "create-event": "--capacity --guests --json --rrule --starts-at --title --visibility --zone ACCOUNT",
    "doctor": "--invariants",
    "demo": "",
    "announce": "--account --as --at --at-night --groups --json --maintenance --members --preview --text --watch",
    "announcements": "--account --as --json DO NUMBER",
    "parked": "--account --again --as --json",
    "missing": "--as --json --remind CODE",
    "people": "--as --json CODE",
    "seat": "--as --guests --json --member --name --over CODE",
    "unseat": "--as --json --member CODE",
    "bring": "--as --json --member --over --to CODE",
    "make-room": "--as --json CODE",
    "regular": "--as --end --json --member SERIES",
    "check-in": "--as --came --json --member --scan --undo CODE",
    "close-list": "--as --json --reopen CODE",
    "absences": "--account --as --json --pardon",
    "post": "--as --json CODE",
    "cards": "--account --as --json",
    "series list": "--archived --as --json",
    "series show": "--as --json ID",
    "series edit": (
        "--announce-before-minutes --as --cancel-before-minutes --capacity --closes-before-minutes"
        " --decide-before-minutes --decide-by-itself --description --duration-minutes --emoji --fill-gaps"
        " --first-tap-before-minutes --following --guests-max --json --map-url --min-to-run"
        " --no-decide-by-itself --no-fill-gaps --no-remind-unanswered --offer-minutes"
        " --offers-before-minutes --only --opens-before-minutes --place --remind-before-minutes"
        " --remind-unanswered --rule --starts-at --title --visibility --warn-before-minutes --zone ID"
    ),
    "series duplicate": "--as --json --starts-at ID",
    "series pause": "--as --json ID",
    "series resume": "--as --json ID",
    "series archive": "--as --json --reason ID",
    "series unarchive": "--as --json ID",
    "series drift": "--as --json ID",
    "event show": "--as --json CODE",
    "event move": "--as --duration-minutes --json --starts-at CODE",
    "event cancel": "--as --json --reason CODE",
    "event restore": "--as --json CODE",
    "event keep": "--as --json CODE",
    "event decide": "--as --json CODE WORD",
    "event tally": "--as --json CODE",
    "event calendar": "--as --json CODE",
    "create-poll": (
        "--account --anonymous --as --closes --date --group --json --limit --option --question --results"
        " --several --topic"
    ),
    "close-poll": (
        "--as --capacity --claim-minutes --guests --json --make --minutes --option --place --title CODE"
    ),
    "poll": "--as --json --missing --remind CODE",
}


def commands(group: click.Group, prefix: str = "") -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, f"{prefix}{name} ")
        else:
            yield prefix + name, command


def parameters(command: click.Command) -> set[str]:
    """Options as they are typed, arguments as help names them."""
    found: set[str] = set()
    for parameter in command.params:
        if isinstance(parameter, click.Argument):
            found.add((parameter.metavar or parameter.name or "").strip("[]").upper())
        else:
            found |= {*parameter.opts, *parameter.secondary_opts}
    return found


def test_every_released_command_and_option_is_there() -> None:
    found = {name: parameters(command) for name, command in commands(emerald)}
    assert set(RELEASED) <= set(found)
    for name, released in RELEASED.items():
        assert set(released.split()) <= found[name], name


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_what_it_does(name: str) -> None:
    command = emerald.get_command(click.Context(emerald), name)
    assert command is not None and command.name == name
    assert command.help and command.help.rstrip().endswith(".")
    subcommands = command.commands.values() if isinstance(command, click.Group) else []
    assert all(one.help and one.help.rstrip().endswith(".") for one in subcommands)
