"""README's tables of commands, the lists that Telegram is given, and the handlers: each has what the others have."""

import re
from pathlib import Path

from aiogram.filters import Command

from bot.command_names import COMMANDS, GROUP_COMMANDS, ORGANISER_COMMANDS
from bot.dispatcher import make_dispatcher

README = Path(__file__).parents[2] / "README.md"


def handled() -> set[str]:
    """The commands that some handler is registered for by their name."""
    return {
        str(command)
        for router in make_dispatcher().sub_routers
        for handler in router.message.handlers
        for filter_ in handler.filters or ()
        if isinstance(filter_.callback, Command)
        for command in filter_.callback.commands
    }


def documented() -> set[str]:
    section = README.read_text().partition("## Commands in Telegram")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `/")]
    return {name for row in rows for name in re.findall(r"`/(\w+)`", row)}


def test_each_command_of_the_readme_exists_and_each_existing_one_is_there() -> None:
    assert documented() == handled()


def test_each_command_is_offered_to_those_whom_it_serves() -> None:
    assert {*COMMANDS, *ORGANISER_COMMANDS, "start"} == handled()
    assert {*GROUP_COMMANDS} <= {*COMMANDS}


def test_help_names_each_command() -> None:
    text = (Path(__file__).parents[2] / "bot/templates/help.html").read_text()
    assert {*COMMANDS, *ORGANISER_COMMANDS} - {"help"} <= set(re.findall(r"/(\w+) –", text))
