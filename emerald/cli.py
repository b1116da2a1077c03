"""`emerald …`: everything that a person, a container or a script starts.

Answers go to standard output (with `--json`, one JSON object), everything else to standard error. Exit codes:
0 done, 1 refused or something was found, 2 misconfigured or typed wrongly, 130 interrupted.

`eval "$(_EMERALD_COMPLETE=bash_source emerald)"` completes commands and options in bash; `zsh_source` and
`fish_source` do so in those shells.
"""

from collections.abc import Sequence

import click
from click.shell_completion import CompletionItem

from emerald.errors import exit_code_of
from emerald.lazy import load

# Each command's object, which is loaded when the command runs, and its first line of help.
COMMANDS: dict[str, tuple[str, str]] = {
    "run": (
        "emerald.commands.run:run",
        "Run everything on this machine, with its own database and demo if needed.",
    ),
    "serve": ("emerald.commands.serve:serve", "Run the web server: Mini App, dashboard, webhook."),
    "work": ("emerald.commands.work:work", "Run the worker: it sends messages and runs what is due."),
    "bot": ("emerald.commands.bot:bot", "Run the bot by long polling, where Telegram cannot call us."),
    "setup-bot": (
        "emerald.commands.setup_bot:setup_bot",
        "Set the bot up at Telegram: commands, menu button, webhook.",
    ),
    "migrate": ("emerald.commands.migrate:migrate", "Update the database to this version."),
    "create-roles": (
        "emerald.commands.roles:create_roles",
        "Create the database's roles with the least rights each needs.",
    ),
    "database-url": (
        "emerald.commands.roles:database_url",
        "Print the address of the database, for psql and pg_dump too.",
    ),
    "create-account": (
        "emerald.commands.accounts:create_account",
        "Create a club and print its OWNER key once.",
    ),
    "new-key": (
        "emerald.commands.accounts:new_key",
        "Print a new key for a club that has lost its owner.",
    ),
    "create-event": (
        "emerald.commands.create_event:create_event",
        "Create an event and print the code of its first date.",
    ),
    "doctor": (
        "emerald.commands.doctor:doctor",
        "Check settings, database and tables.",
    ),
    "archive": ("emerald.commands.archive:archive", "Move what is long over into the archive."),
    "backup": ("emerald.commands.backups:backup", "Back the database up, once or each day."),
    "verify-backup": (
        "emerald.commands.backups:verify_backup",
        "Restore the newest backup into a throw-away server and check it.",
    ),
    "restore": ("emerald.commands.backups:restore", "Restore the database from a backup or a dump."),
    "await-ready": (
        "emerald.commands.await_ready:await_ready",
        "Wait until the web process can answer.",
    ),
    "version": (
        "emerald.commands.version:version",
        "Print the version, and what to do before it is started for the first time.",
    ),
    "demo": ("emerald.commands.demo:demo", "Fill an empty database with the demo club."),
    "announce": (
        "emerald.commands.announcements:announce",
        "Send an announcement to groups and members, now or later.",
    ),
    "maintenance": (
        "emerald.commands.maintenance:maintenance",
        "Close every door politely for a while: on, off, status.",
    ),
    "announcements": (
        "emerald.commands.announcements:announcements",
        "List a club's announcements and their progress.",
    ),
    "parked": ("emerald.commands.announcements:parked", "List messages that could not be sent."),
    "missing": ("emerald.commands.announcements:missing", "List people who have not answered for a date."),
    "people": (
        "emerald.commands.bookings:people",
        "List the people of a date: booked, in line, and other answers.",
    ),
    "seat": (
        "emerald.commands.bookings:seat",
        "Give a member a seat on a date, or book for someone by name.",
    ),
    "unseat": ("emerald.commands.bookings:unseat", "Remove a member from a date or its line."),
    "bring": ("emerald.commands.bookings:bring", "Move a member's party from one date to another."),
    "make-room": (
        "emerald.commands.bookings:make_room",
        "Move the last people booked beyond the limit to the head of the line.",
    ),
    "regular": (
        "emerald.commands.bookings:regular",
        "Give a member a standing seat on a series, or end it.",
    ),
    "check-in": (
        "emerald.commands.attendance:check_in",
        "Check a member in, by number or by the code they show.",
    ),
    "close-list": (
        "emerald.commands.attendance:close_list",
        "Close the attendance list of a date: everyone else is a no-show.",
    ),
    "absences": (
        "emerald.commands.attendance:absences",
        "List no-shows and late cancellations whose seat nobody took.",
    ),
    "post": (
        "emerald.commands.cards:post",
        "Post the card of a date or a poll to its group, or post it again.",
    ),
    "cards": ("emerald.commands.cards:cards", "List a club's cards with their state and any problem."),
    "series": ("emerald.commands.series:series", "List, change, pause and archive series."),
    "event": ("emerald.commands.instances:event", "Show, move, cancel and keep one date."),
    "create-poll": ("emerald.commands.polls:create_poll", "Create a poll and print its code."),
    "close-poll": (
        "emerald.commands.polls:close_poll",
        "Close a poll for good and set the chosen date.",
    ),
    "poll": ("emerald.commands.polls:poll", "Show a poll's results and who hasn't voted, and remind them."),
}


class LazyGroup(click.Group):
    """A group that loads a command's module only to run that command or to show its help."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        target, help_line = COMMANDS[cmd_name]
        command: click.Command = load(target)
        command.help = command.help or help_line
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_line.rstrip(".")) for name, (_, help_line) in COMMANDS.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        found = [
            CompletionItem(name, help=help_line)
            for name, (_, help_line) in COMMANDS.items()
            if name.startswith(incomplete)
        ]
        # Not the group's own completion, which would load each command for its help.
        return found + click.Command.shell_complete(self, ctx, incomplete)


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
def emerald() -> None:
    """Group event booking inside Telegram."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. An expected error becomes a sentence, never a traceback."""
    return exit_code_of(lambda: emerald.main(arguments, prog_name="emerald", standalone_mode=False))
